import { isHold, type Reason, reasons } from '../rules/reason.ts';
import type { DigestEntry } from './digest.ts';
import type { ShownDigest } from './fitted.ts';

/** A part of a line. If it is a name, it comes from the cluster and may contain any text. */
export interface Part {
  readonly text: string;
  readonly isName: boolean;
}

/** The lines of a message for a chat, without the markup of any service. */
export interface ChatText {
  /** The headline, without names from the cluster. */
  readonly headline: string;
  /** The counts, without names from the cluster; undefined if there is nothing to count. */
  readonly counts: string | undefined;
  readonly lines: readonly (readonly Part[])[];
  /** The footer, without names from the cluster. */
  readonly footer: string;
}

export const eventsCommand = 'kubectl get events -A --field-selector reportingComponent=wave-cron';

/** Pure. */
export function chatText(digest: ShownDigest): ChatText {
  const { kind, name, installation, counts, entries, leftOut } = digest;
  const who = name === undefined ? 'wave-cron' : `wave-cron ${name}`;
  const from = `Lease ${installation.namespace}/${installation.name}`;
  if (kind === 'Test') {
    const headline = `${who}: test message`;
    return { headline, counts: undefined, lines: [], footer: `This sink works. ${from}.` };
  }
  const rest = leftOut === 0 ? 'Details' : `${leftOut} more are not shown. Details`;
  return {
    headline: `${who}: ${summary(counts)}`,
    counts: Object.entries(counts)
      .map(([reason, count]) => `${count} ${reason}`)
      .join(', '),
    lines: entries.map(lineOf),
    footer: `${rest}: wave-cron status, or ${eventsCommand}. ${from}.`,
  };
}

/** `3 rolled out, 1 held, 2 with warnings`. */
function summary(counts: ShownDigest['counts']): string {
  const groups = new Map<string, number>();
  for (const [reason, count] of Object.entries(counts)) {
    const group = groupOf(reason as Reason);
    groups.set(group, (groups.get(group) ?? 0) + count);
  }
  return [...groups]
    .toSorted(([a], [b]) => groupNames.indexOf(a) - groupNames.indexOf(b))
    .map(([group, count]) => `${count} ${group}`)
    .join(', ');
}

const groupNames: readonly string[] = ['with warnings', 'held', 'rolled out', 'recorded'];

function groupOf(reason: Reason): string {
  if (reasons[reason].isWarning) return 'with warnings';
  if (isHold(reason)) return 'held';
  return reason === 'Adopted' || reason === 'AlreadyCurrent' ? 'recorded' : 'rolled out';
}

function lineOf(entry: DigestEntry): Part[] {
  const { kind, namespace, name, reason, heldUntil } = entry;
  return [
    plain(`${reason}: ${kind} `),
    { text: `${namespace}/${name}`, isName: true },
    ...sourceParts(entry),
    ...(heldUntil === undefined ? [] : [plain(`; held until ${heldUntil}`)]),
  ];
}

function sourceParts({ sources, sourcesLeftOut }: DigestEntry): Part[] {
  if (sources.length === 0 && sourcesLeftOut === 0) return [];
  const more =
    sourcesLeftOut > 0
      ? [plain(`${sourcesLeftOut} ${sources.length > 0 ? 'more' : ''}`.trim())]
      : [];
  const listed: Part[] = [...sources.map((text) => ({ text, isName: true })), ...more];
  return [
    plain('; changed: '),
    ...listed.flatMap((part, at) => (at === 0 ? [part] : [plain(', '), part])),
  ];
}

const plain = (text: string): Part => ({ text, isName: false });
