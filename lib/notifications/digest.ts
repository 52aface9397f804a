import type { LeaseName, WorkloadName } from '../kubernetes/names.ts';
import { isHold, type Reason, reasons } from '../rules/reason.ts';
import type { Outcome } from '../rules/report.ts';
import { defaultReasons } from '../settings/notification-settings.ts';
import type { NotificationSettings } from '../settings/schema.ts';
import { printable } from '../text/printable.ts';

/** Something about a workload that is new in this pass. */
export interface News {
  readonly outcome: Outcome;
  readonly reason: Reason;
}

/** One entry of a digest. All texts are printable. */
export interface DigestEntry extends WorkloadName {
  readonly reason: Reason;
  /** The names of the changed sources: `ConfigMap/web`. */
  readonly sources: readonly string[];
  /** The number of further sources. */
  readonly sourcesLeftOut: number;
  /**
   * The time at which the hold ends by itself, RFC 3339, UTC; undefined if there is no hold, or if
   * the end is not known.
   */
  readonly heldUntil: string | undefined;
}

/** The news of one pass for one sink, or a test message. */
export interface Digest {
  readonly kind: 'Digest' | 'Test';
  /** The id of the message: unique, and the same in each attempt to send the message. */
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** The name of the sink; undefined if it has no name. */
  readonly name: string | undefined;
  /** The Lease of the installation. */
  readonly installation: LeaseName;
  readonly counts: Readonly<Partial<Record<Reason, number>>>;
  /** The most urgent entries come first: warnings, then holds, then the other entries by name. */
  readonly entries: readonly DigestEntry[];
}

type Frame = Pick<Digest, 'id' | 'time' | 'installation'>;

/** The digest for one sink; undefined if no news match the filters of the sink. Pure. */
export function digestFor(
  { name, reasons: wanted = defaultReasons, namespaces }: NotificationSettings,
  news: readonly News[],
  frame: Frame,
): Digest | undefined {
  const passing = news.filter(
    ({ reason, outcome }) =>
      wanted.includes(reason) && (namespaces?.includes(outcome.namespace) ?? true),
  );
  if (passing.length === 0) return undefined;
  const counts: Partial<Record<Reason, number>> = {};
  for (const { reason } of passing) counts[reason] = (counts[reason] ?? 0) + 1;
  const entries = passing.map(entryOf).sort(byUrgency);
  return { ...frame, kind: 'Digest', name, counts, entries };
}

/** The message of `wave-cron check --notify`. */
export function testDigest({ name }: NotificationSettings, frame: Frame): Digest {
  return { ...frame, kind: 'Test', name, counts: {}, entries: [] };
}

function entryOf({ outcome, reason }: News): DigestEntry {
  const { kind, namespace, name, changed, changedLeftOut = 0, held } = outcome;
  return {
    ...{ kind, namespace: printable(namespace), name: printable(name), reason },
    sources: changed.map(printable),
    sourcesLeftOut: changedLeftOut,
    heldUntil: held?.until,
  };
}

function byUrgency(a: DigestEntry, b: DigestEntry): number {
  return urgency(a) - urgency(b) || (keyOf(a) < keyOf(b) ? -1 : 1);
}

function urgency({ reason }: DigestEntry): number {
  if (reasons[reason].isWarning) return 0;
  return isHold(reason) ? 1 : 2;
}

const keyOf = ({ namespace, kind, name }: DigestEntry): string =>
  [namespace, kind, name].join('\n');
