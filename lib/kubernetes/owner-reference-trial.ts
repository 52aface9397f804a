import { WaveCronError } from '../errors.ts';
import { fieldManager } from '../rules/event.ts';
import type { ApiClient } from './client/api-client.ts';

/** Whether the API server lets us add an owner reference to a source. */
export type OwnerReferenceTrial =
  | {
      readonly state: 'allowed';
      /** The shipped admission policies are active, which allow only real owners. */
      readonly hasAdmissionPolicies?: true;
    }
  /** It requires the permission to delete the source. */
  | { readonly state: 'needsDelete' }
  | { readonly state: 'unknown'; readonly why: string };

/** Every namespace has it; the controller manager creates it. */
const sample = 'kube-root-ca.crt';

/**
 * Tries it on a ConfigMap that every namespace has, as a dry run: admission plugins respond, and
 * nothing changes. RBAC does not know the plugin, so a review cannot answer this. The owner in the
 * request does not exist, so the admission policies reject it if they apply to us: one request
 * answers both questions.
 */
export async function tryOwnerReference(
  api: ApiClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<OwnerReferenceTrial> {
  try {
    await api.request<unknown>({
      method: 'PATCH',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${sample}`,
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
    if (!(error instanceof WaveCronError)) throw error;
    if (needsDelete(error)) return { state: 'needsDelete' };
    // The plugin runs before the policies, so it allowed the request.
    if (isByAdmissionPolicies(error)) return { state: 'allowed', hasAdmissionPolicies: true };
    return { state: 'unknown', why: error.message };
  }
}

/**
 * A denial by the policies of manifests/components/fence, recognized by the start of its message.
 */
function isByAdmissionPolicies({ message }: WaveCronError): boolean {
  return message.includes('the fence of wave-cron (');
}

/**
 * A denial by the admission plugin OwnerReferencesPermissionEnforcement, recognized by its message.
 */
export function needsDelete({ message }: WaveCronError): boolean {
  return message.includes('cannot set an ownerRef on a resource you can');
}
