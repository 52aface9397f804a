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
 * Tries it on a ConfigMap that every namespace has, as a dry run: the admission plugins answer and
 * nothing is changed. RBAC cannot be asked instead, since it does not know of the plugin. The owner that
 * is named does not exist, so that the shipped admission policies deny it if they apply to us. One request answers both questions.
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
              // Nobody looks it up in a dry run, and reading the real uid would need another
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
    // The plugin, which is asked before any policy, had nothing against it.
    if (isByAdmissionPolicies(refusal)) return { state: 'allowed', hasAdmissionPolicies: true };
    return { state: 'unknown', why: refusal.message };
  }
}

/** Whether a policy of manifests/components/admission-policies denied it: their messages begin alike. */
function isByAdmissionPolicies({ message }: WaveCronError): boolean {
  return message.includes('wave-cron admission policy (');
}

/**
 * A denial by the admission plugin OwnerReferencesPermissionEnforcement, recognized by its message.
 */
export function needsDelete({ message }: WaveCronError): boolean {
  return message.includes('cannot set an ownerRef on a resource you can');
}
