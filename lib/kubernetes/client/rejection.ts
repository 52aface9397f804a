import { ApiError } from './api-error.ts';

/**
 * Whether a change was rejected because of the object: the object would be too large or invalid, or
 * an admission policy or webhook of the cluster denies the change. Anyone who may edit the object
 * can cause such a rejection. Missing permissions, our own admission policies and server errors do
 * not count, because they concern the installation.
 */
export function isRejection(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, reason, message } = error;
  if (status === 413 || tooLarge.test(message)) return true;
  const [, policy, why = ''] = deniedByPolicy.exec(message) ?? [];
  if (policy !== undefined) return !policy.includes('wave-cron') && !why.startsWith(ownMessage);
  return (status === 422 && reason === 'Invalid') || deniedByWebhook.test(message);
}

/**
 * The rest of the message may quote the owner of the object, so each pattern matches only at the
 * start.
 */
const tooLarge =
  /^(etcdserver: request is too large|rpc error: code = ResourceExhausted desc = trying to send message larger than max)/;
const deniedByPolicy =
  /^[a-z.]+ "[^"]*" is forbidden: ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: (.*)/s;
const deniedByWebhook = /^admission webhook "[^"]*" denied the request/;
const ownMessage = 'wave-cron admission policy';
