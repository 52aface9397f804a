import { type Change, type Hold, heldBecause } from './hold.ts';
import type { Approval } from './level.ts';

/** As many digits of a hash as tell it from others, for people. */
const shownDigits = 12;

/**
 * Holds a workload until this very configuration is approved. An approval of the same configuration under an
 * earlier key counts, one of another configuration does not.
 */
export function awaitingApproval(
  { workload, changed, hashes }: Change,
  { approval }: { readonly approval?: Approval },
  {
    approved,
  }: {
    /** The annotation `/approved-config`, as it stands. */
    readonly approved?: string | undefined;
  },
): Hold | undefined {
  if (approval === undefined || isOneOf(hashes, approved)) return undefined;
  const { kind, namespace, name } = workload;
  const other = approved === undefined ? '' : ', and what is approved is another configuration';
  const why = `${approval.from} asks for an approval${other}`;
  const end = `wave-cron approve ${kind}/${name} -n ${namespace} approves ${hashes[0].slice(0, shownDigits)}`;
  return { reason: 'AwaitingApproval', sentence: heldBecause(changed, why, end) };
}

/** Whether a text that any client may have written is the hash of the configuration of now, under any key. */
export function isOneOf(hashes: Change['hashes'], text: string | undefined): boolean {
  return text !== undefined && hashes.includes(text);
}
