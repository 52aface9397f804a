import { expectedError, type WaveCronError } from '../errors.ts';
import type { ApiClient } from './client/api-client.ts';
import { configMap } from './kinds.ts';
import { fieldManager } from './names.ts';
import { objectPath } from './paths.ts';

/** Whether the API server lets us add an owner reference to a source. */
export type OwnerReferenceTrial =
  | {
      readonly state: 'allowed';
      /** The shipped admission policies restrict this account. */
      readonly hasAdmissionPolicies?: true;
    }
  /** It requires the permission to delete the source. */
  | { readonly state: 'needsDelete' }
  | { readonly state: 'unknown'; readonly why: string };

/** Every namespace has it; the controller manager creates it. */
const sample = 'kube-root-ca.crt';

/**
 * Tries it as a dry run on a ConfigMap that every namespace has: the admission plugins check the
 * request, and nothing changes. An access review would not be enough, because it does not include
 * the plugin. The owner in the request does not exist, so the shipped admission policies deny it if
 * they apply to this account. So one request answers both questions.
 */
export async function tryOwnerReference(
  api: ApiClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<OwnerReferenceTrial> {
  try {
    await api.request<unknown>({
      method: 'PATCH',
      path: objectPath(configMap, { namespace, name: sample }),
      query: { fieldManager, dryRun: 'All' },
      contentType: 'application/strategic-merge-patch+json',
      part: 'metadata',
      body: {
        metadata: {
          ownerReferences: [
            {
              ...{ apiVersion: 'v1', kind: 'Namespace', name: namespace },
              // The uid is not checked in a dry run, and reading the real one would need another
              // permission.
              uid: '00000000-0000-0000-0000-000000000000',
            },
          ],
        },
      },
      signal,
    });
    return { state: 'allowed' };
  } catch (error) {
    const refusal = expectedError(error);
    if (needsDelete(refusal)) return { state: 'needsDelete' };
    // The plugin runs before the policies, so it accepted the request.
    if (isByAdmissionPolicies(refusal)) return { state: 'allowed', hasAdmissionPolicies: true };
    return { state: 'unknown', why: refusal.message };
  }
}

/** Whether one of our admission policies denied it, recognized by the start of its message. */
function isByAdmissionPolicies({ message }: WaveCronError): boolean {
  return message.includes('wave-cron admission policy (');
}

/**
 * A denial by the admission plugin OwnerReferencesPermissionEnforcement, recognized by its message.
 */
export function needsDelete({ message }: WaveCronError): boolean {
  return message.includes('cannot set an ownerRef on a resource you can');
}
