import { expectedError } from '../errors.ts';
import type { ApiClient } from '../kubernetes/client/api-client.ts';
import type { ResourceAccess } from './permissions.ts';

/** What the API server says of one access of ours. */
export type Review =
  | { readonly state: 'granted' }
  /** `why`: what the authorizer met, such as a role that is not there. */
  | { readonly state: 'missing'; readonly why?: string }
  /** Nobody answered the question, so nothing is known. */
  | { readonly state: 'unknown'; readonly why: string };

interface SelfSubjectAccessReview {
  readonly status?: {
    readonly allowed?: boolean;
    readonly evaluationError?: string;
  } | null;
}

/** Asks by SelfSubjectAccessReview whether we may do something; nothing is changed by that. */
export async function reviewAccess(
  api: ApiClient,
  { apiGroup, resource, verb, namespace, resourceName }: ResourceAccess,
  signal?: AbortSignal,
): Promise<Review> {
  let review: SelfSubjectAccessReview;
  try {
    review = await api.request<SelfSubjectAccessReview>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        // Without a namespace it is asked for all of them.
        spec: {
          resourceAttributes: { group: apiGroup, resource, verb, namespace, name: resourceName },
        },
      },
      signal,
    });
  } catch (error) {
    return { state: 'unknown', why: expectedError(error).message };
  }
  const { allowed, evaluationError } = review.status ?? {};
  if (allowed === true) return { state: 'granted' };
  if (allowed !== false) return { state: 'unknown', why: 'the response is not an access review' };
  return { state: 'missing', ...(evaluationError ? { why: evaluationError } : {}) };
}
