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
  /** Adding an owner reference requires the permission to delete the source. */
  | { readonly state: 'needsDelete' }
  | { readonly state: 'unknown'; readonly why: string };

/** A ConfigMap that the controller manager creates in every namespace. */
const sample = 'kube-root-ca.crt';

/**
 * Tries to add an owner reference in a dry run, to a ConfigMap that every namespace has: the
 * admission plugins check the request, and nothing changes. An access review would not be enough,
 * because it does not include the plugin. The owner in the request does not exist. So if the
 * shipped admission policies apply to this account, they deny the request. So one request answers
 * both questions: whether the plugin requires a permission, and whether the policies apply.
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
              // The API server does not check the uid in a dry run, and another permission would be
              // needed to read the real uid.
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
    // The plugin runs before the policies. So if a policy denied the request, the plugin accepted
    // it.
    if (isByAdmissionPolicies(refusal)) return { state: 'allowed', hasAdmissionPolicies: true };
    return { state: 'unknown', why: refusal.message };
  }
}

/**
 * Whether one of our admission policies denied the request, recognized by the start of the message.
 */
function isByAdmissionPolicies({ message }: WaveCronError): boolean {
  return message.includes('wave-cron admission policy (');
}

/**
 * A denial by the admission plugin OwnerReferencesPermissionEnforcement, recognized by its message.
 */
export function needsDelete({ message }: WaveCronError): boolean {
  return message.includes('cannot set an ownerRef on a resource you can');
}
