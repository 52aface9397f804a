import { expectedError } from '../errors.ts';
import type { ApiClient } from '../kubernetes/client/api-client.ts';
import type { Permission, ResourceAccess } from './permission.ts';

/** The result of an access review. */
export type Review =
  | { readonly state: 'granted' }
  /** `why`: an evaluation error, such as a missing role. */
  | { readonly state: 'missing'; readonly why?: string }
  /** The review failed, so it is not known whether the permission is missing. */
  | { readonly state: 'unknown'; readonly why: string };

/** A permission that a pass needs, with the answer of the API server. */
export type PermissionFinding = Permission & Review;

interface SelfSubjectAccessReview {
  readonly status?: {
    readonly allowed?: boolean;
    readonly evaluationError?: string;
  } | null;
}

/** Checks one permission of this account with a SelfSubjectAccessReview, which changes nothing. */
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
        // If there is no namespace, the review is about all namespaces.
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
