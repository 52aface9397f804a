import { recordName } from '../../kubernetes/names.ts';
import type { Reading } from '../reading.ts';
import { type Reference, sourceKey } from '../references.ts';
import { identityOf } from '../resolve.ts';
import { type Change, type Hold, heldBecause } from './hold.ts';
import type { Delay } from './level.ts';
import { momentText } from './moment.ts';

/** The newest write of data among the sources of a workload. */
export interface SourceWrite {
  /** The source, named as in `/config-sources`. */
  readonly source: string;
  /** The time of the write, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * By default, a workload waits at most this many times `settle`, even if its sources are written all the time.
 */
const usualMostWaits = 10;

/** Holds a workload until its sources are stable, so that changes that belong together start one rollout. */
export function settling(
  { changed }: Change,
  { settle, timeZone }: { readonly settle?: Delay; readonly timeZone: string },
  {
    now,
    since,
    newest,
  }: {
    readonly now: number;
    /** The result of `heldSince`. */
    readonly since: number;
    /** The newest write; undefined if it is not known. The sources then count as stable. */
    readonly newest: SourceWrite | undefined;
  },
): Hold | undefined {
  if (settle === undefined || newest === undefined) return undefined;
  const { mostWaits = usualMostWaits } = settle;
  const until = Math.min(newest.at + settle.ms, since + mostWaits * settle.ms);
  if (until <= now) return undefined;
  const why = `${newest.source} was written less than ${settle.text} ago, and more may follow (${settle.from})`;
  return {
    reason: 'Settling',
    sentence: heldBecause(changed, why, momentText(until, timeZone)),
    until,
  };
}

/**
 * The newest write according to managedFields, to the second. A write of labels by the manager of the data
 * counts too. Undefined if no source has managedFields.
 */
export function newestWrite(
  namespace: string,
  references: readonly Reference[],
  readings: ReadonlyMap<string, Reading>,
): SourceWrite | undefined {
  let newest: SourceWrite | undefined;
  for (const reference of references) {
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present' || reading.ignored) continue;
    const at = Date.parse(reading.writtenAt ?? '');
    if (Number.isNaN(at) || (newest !== undefined && newest.at >= at)) continue;
    newest = { source: recordName(identityOf(reference, namespace)), at };
  }
  return newest;
}
