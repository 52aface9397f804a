import type {
  ExplainedEvent,
  ExplainedHash,
  ExplainedHold,
  ExplainedLease,
  ExplainedOwnership,
  ExplainedReference,
  Explanation,
  NextPass,
  Scope,
  Verdict,
} from '../../lib/explanation/explanation.ts';
import type { Revision } from '../../lib/explanation/revisions.ts';
import { objectTitle } from '../../lib/kubernetes/names.ts';
import { boundedList } from '../../lib/text/bounded-list.ts';
import { sentence } from '../../lib/text/printable.ts';
import { quote } from '../../lib/text/quote.ts';
import { shortList } from '../../lib/text/short-list.ts';
import { historyNote, historyTable, shortHash } from './history-table.ts';
import { table } from './table.ts';

/** The explanation as text for one screen: results first, details below. */
export function explainText(explanation: Explanation): string {
  const { workload, optedIn, inScope, shard, references, hash, nextPass, blockers } = explanation;
  const { pods, revisions, ownership, lease, events, notRead } = explanation;
  return [
    objectTitle(workload),
    table([
      ...labelled('Opted in', optedInLines(optedIn)),
      ...labelled('In scope', scopeLines(inScope)),
      ...labelled('Shard', shard === null ? [] : [`${shard}, by its namespace`]),
      ...labelled('Next pass', [nextPassLine(nextPass)]),
      ...labelled('Blockers', blockers.length === 0 ? ['none'] : blockers),
      ...labelled('Pods', [pods.sentence]),
      ...labelled('Hash', hashLines(hash)),
      ...labelled('Ownership', [ownershipLine(ownership)]),
      ...labelled('Lease', [leaseLine(lease)]),
    ]),
    section('References', referencesText(references)),
    section('Last changes', revisionsText(revisions)),
    section('Last events', eventsText(events)),
    ...(notRead.length === 0
      ? []
      : [
          section(
            'Could not be read with your permissions',
            listLines(notRead.map(({ what, why }) => `${what}: ${why}`)).join('\n'),
          ),
        ]),
  ].join('\n\n');
}

/** The number of revisions to show. `history` shows all of them. */
const maxRevisions = 5;

function labelled(label: string, lines: readonly string[]): string[][] {
  return lines.map((line, i) => [i === 0 ? label : '', line]);
}

/** One text per line, up to the usual bound. */
function listLines(texts: readonly string[]): string[] {
  const { listed, leftOut } = boundedList(texts.map(sentence));
  return leftOut > 0 ? [...listed, `and ${leftOut} more`] : [...listed];
}

function section(title: string, text: string): string {
  return `${title}\n${text.replaceAll(/^/gm, '  ')}`;
}

function optedInLines({ yes, why: [first = '', ...more] }: Verdict): string[] {
  return [`${yes ? 'yes' : 'NO'}: ${first}`, ...more];
}

function scopeLines({ yes, why: [first = '', ...more] }: Scope): string[] {
  if (yes === null) return ['unknown: its selectors could not be evaluated'];
  return yes ? ['yes'] : [`NO: ${first}`, ...more];
}

function nextPassLine({ reason, sentence, wouldRestart, certain, held }: NextPass): string {
  if (reason === null) return sentence;
  if (reason === 'UnreadableSource') {
    return 'unknown: a source could not be read with your permissions; a pass has its own';
  }
  if (reason === 'PolicyUnreadable') {
    return 'unknown: the annotations of its namespace could not be read with your permissions, and may hold rollouts back; a pass has its own';
  }
  const roll = wouldRestart ? ', which restarts it' : held === null ? '' : heldBack(held);
  const doubt = certain ? '' : ' (as far as your permissions show; a pass has its own)';
  return `${reason}${roll}: ${sentence}${doubt}`;
}

function heldBack({ since, until }: ExplainedHold): string {
  return `, held back since ${since}${until === null ? '' : ` until ${until}`}`;
}

function hashLines({ recordedOn, recorded, now, differences }: ExplainedHash): string[] {
  const where = recordedOn === 'adopted' ? 'in the record of its adoption' : 'on the template';
  const before = recorded === null ? 'none recorded' : `${shortHash(recorded)} ${where}`;
  const after = now === null ? 'unknown now' : `${shortHash(now)} now`;
  const changes = listLines(differences.map(({ source, how }) => `${source} ${how}`));
  if (recorded !== null && recorded === now) return [`${shortHash(now)} ${where} and now`];
  return [`${before}, ${after}`, ...changes];
}

function ownershipLine({
  setting,
  finalizer,
  recorded,
  complete,
  owned,
}: ExplainedOwnership): string {
  const unowned = (recorded ?? []).filter((source) => !owned.includes(source));
  return [
    setting,
    finalizer ? 'has the finalizer' : 'no finalizer',
    owned.length > 0 ? `owns ${shortList(owned)}` : 'owns nothing',
    ...(unowned.length > 0 ? [`its record also names ${shortList(unowned)}`] : []),
    ...(complete ? [] : ['may own more, because its record is incomplete']),
  ].join('; ');
}

function leaseLine({
  namespace,
  name,
  state,
  holder,
  acquiredAt,
  renewedAt,
}: ExplainedLease): string {
  const lease = `${namespace}/${name}`;
  switch (state) {
    case 'held':
      return `${lease} is held by ${quote(holder ?? '')} since ${seconds(acquiredAt)}, renewed at ${seconds(renewedAt)} (clock of the holder)`;
    case 'free':
      return `${lease} is free${renewedAt === null ? '' : `, released at ${seconds(renewedAt)}`}`;
    case 'absent':
      return `${lease} does not exist: no pass has run yet, or the Lease is elsewhere (set --lease-namespace and --lease-name)`;
    case 'unknown':
      return `${lease} could not be read`;
  }
}

/** The microseconds of the API do not help a reader. */
function seconds(time: string | null): string {
  return time === null ? 'an unknown time' : time.replace(/\.\d+Z$/, 'Z');
}

const states = {
  present: 'present',
  absent: 'ABSENT',
  keyAbsent: 'KEY ABSENT',
  ignored: 'ignored',
  unreadable: 'NOT READ',
  denied: 'DENIED',
} as const;

function referencesText(references: readonly ExplainedReference[]): string {
  if (references.length === 0) return 'none';
  return table([
    ['SOURCE', 'STATE', 'NEEDED', 'KEYS', 'LAST WRITTEN', 'SINCE THE HASH', 'WHERE', 'NOTE'],
    ...references.map((each) => [
      each.source,
      states[each.state],
      each.required ? 'required' : 'optional',
      each.keys === 'all' ? 'all' : shortList(each.keys),
      each.writtenAt ?? '',
      each.change ?? (each.recorded !== null && each.recorded === each.now ? 'same' : ''),
      shortList(each.places),
      // The section at the end contains the error.
      each.state === 'unreadable' ? 'see below' : each.sentence,
    ]),
  ]);
}

function revisionsText(revisions: readonly Revision[] | null): string {
  if (revisions === null) return 'could not be read';
  const hidden = revisions.length - maxRevisions;
  const more = hidden > 0 ? `${hidden} more: wave-cron history shows them` : undefined;
  const shown = revisions.slice(0, maxRevisions);
  const parts = [
    shown.length === 0 ? undefined : historyTable(shown),
    more,
    historyNote(revisions),
  ];
  return parts.filter((part) => part !== undefined).join('\n');
}

function eventsText(events: readonly ExplainedEvent[] | null): string {
  if (events === null) return 'could not be read';
  if (events.length === 0) return 'none kept';
  return table([
    ['TIME', 'TYPE', 'REASON', 'COUNT', 'NOTE'],
    ...events.map(({ time, type, reason, count, note }) => [
      seconds(time),
      type,
      reason,
      String(count),
      note.replaceAll(/\s+/g, ' '),
    ]),
  ]);
}
