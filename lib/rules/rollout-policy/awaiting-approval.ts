import { type Change, type Hold, heldBecause } from './hold.ts';
import type { Approval } from './level.ts';

/**
 * The number of digits of a hash that messages show. They are enough for a person to recognize the
 * hash.
 */
const shownDigits = 12;

/**
 * Holds a workload until a person has approved exactly this configuration. An approval of the same
 * configuration under an earlier hash key counts. An approval of another configuration does not
 * count.
 */
export function awaitingApproval(
  { workload, changed, hashes }: Change,
  { approval }: { readonly approval?: Approval },
  {
    approved,
  }: {
    /** The value of the annotation `/approved-config`, unchecked. */
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

/**
 * Whether a text is the hash of the current configuration, under any key. Any client may have written the
 * text.
 */
export function isOneOf(hashes: Change['hashes'], text: string | undefined): boolean {
  return text !== undefined && hashes.includes(text);
}
