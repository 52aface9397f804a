import { ApiError } from './api-error.ts';

/**
 * Whether a change was rejected for what the object is, or would become: it would be too large, it is not
 * valid, or an admission policy or webhook of this cluster denies it. Whoever may edit the object can
 * bring that about. Permissions that we lack and our own admission policies are a matter of the
 * installation, and so is a server that is not well.
 */
export function isRejection(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, reason, message } = error;
  if (status === 413 || tooLarge.test(message)) return true;
  const [, policy, why = ''] = deniedByPolicy.exec(message) ?? [];
  if (policy !== undefined) return !policy.includes('wave-cron') && !why.startsWith(ownMessage);
  return (status === 422 && reason === 'Invalid') || deniedByWebhook.test(message);
}

/** What stands behind may quote what the owner of the object wrote, so each is looked for at the start alone. */
const tooLarge =
  /^(etcdserver: request is too large|rpc error: code = ResourceExhausted desc = trying to send message larger than max)/;
const deniedByPolicy =
  /^[a-z.]+ "[^"]*" is forbidden: ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: (.*)/s;
const deniedByWebhook = /^admission webhook "[^"]*" denied the request/;
const ownMessage = 'wave-cron admission policy';
