import { expectedError, type WaveCronError } from '../errors.ts';
import type { ApiClient } from './client/api-client.ts';
import { ApiError, isAbsent } from './client/api-error.ts';

/** The result of a request, or the reason why the request failed. */
export type Answer<T> = { readonly value: T } | { readonly why: WaveCronError };

/** The version of the API server: `v1.36.3`. */
export function serverVersion(api: ApiClient, signal?: AbortSignal): Promise<Answer<string>> {
  return answerOf(async () => {
    const path = '/version';
    const version = await api.request<{ readonly gitVersion?: unknown } | null>({
      method: 'GET',
      path,
      signal,
    });
    const text = version?.gitVersion;
    if (typeof text !== 'string' || !/^[\w.+~-]{1,60}$/.test(text))
      throw notWhatWasAsked(`GET ${path}`);
    return text;
  });
}

/**
 * Our user name according to the API server, from a SelfSubjectReview (Kubernetes 1.28 or newer).
 */
export function ownUserName(api: ApiClient, signal?: AbortSignal): Promise<Answer<string>> {
  return answerOf(async () => {
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const review = await api.request<{
      readonly status?: { readonly userInfo?: { readonly username?: unknown } | null } | null;
    } | null>({
      method: 'POST',
      path,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      signal,
    });
    const name = review?.status?.userInfo?.username;
    if (typeof name !== 'string') throw notWhatWasAsked(`POST ${path}`);
    return name;
  });
}

/** Whether a namespace exists. Requires `get` on it. */
export function namespaceExists(
  api: ApiClient,
  name: string,
  signal?: AbortSignal,
): Promise<Answer<boolean>> {
  return answerOf(async () => {
    try {
      const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
      await api.request<unknown>({ method: 'GET', path, signal });
      return true;
    } catch (error) {
      if (isAbsent(error, name)) return false;
      throw error;
    }
  });
}

async function answerOf<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    return { why: expectedError(error) };
  }
}

function notWhatWasAsked(request: string): ApiError {
  return new ApiError(`the response to ${request} is not the requested object`, {
    canRetry: false,
  });
}
