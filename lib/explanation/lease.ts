import type { LeaseObject } from '../kubernetes/inspector.ts';
import type { LeaseName } from '../kubernetes/names.ts';
import type { ExplainedLease } from './explanation.ts';

/** @param read undefined if the Lease could not be read */
export function explainLease(
  { namespace, name }: LeaseName,
  read: { readonly found: LeaseObject | undefined } | undefined,
): ExplainedLease {
  const nobody = { namespace, name, holder: null, acquiredAt: null, renewedAt: null };
  if (read === undefined) return { state: 'unknown', ...nobody };
  if (read.found === undefined) return { state: 'absent', ...nobody };
  const { holderIdentity, acquireTime, renewTime } = read.found.spec ?? {};
  if (!holderIdentity) return { state: 'free', ...nobody, renewedAt: renewTime ?? null };
  return {
    ...nobody,
    state: 'held',
    holder: holderIdentity,
    acquiredAt: acquireTime ?? null,
    renewedAt: renewTime ?? null,
  };
}
