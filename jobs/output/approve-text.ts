import type { ToApprove } from '../../handler/approve/approve.ts';
import { objectTitle } from '../../lib/kubernetes/names.ts';
import type { SourceToApprove } from '../../lib/rules/rollout-policy/source-to-approve.ts';
import { printableLines } from '../../lib/text/printable.ts';
import { shortHash } from './history-table.ts';
import { jsonText } from './json-text.ts';
import { table } from './table.ts';

export type ApprovalResult =
  | 'Approved'
  | 'AlreadyApproved'
  /** The person said no. */
  | 'NotApproved'
  /** The approval was written, but that configuration of the workload is not held any more. */
  | 'Outdated';

/** The result as JSON. It is an interface for programs. */
export function approvalJson(
  { workload, request, sources }: ToApprove,
  result: ApprovalResult,
): string {
  const { hash, since, reason, annotation, hashWrittenAt } = request;
  const held = { since, reason };
  return jsonText({ workload, result, hash, annotation, held, hashWrittenAt, sources });
}

/** The facts that a person should know before approving. */
export function approvalText({ workload, request, sources }: ToApprove): string {
  const { hash, since, reason, hashWrittenAt } = request;
  const facts = table([
    ['Held', `since ${since}${reason === null ? '' : `: ${reason}`}`],
    ['Approves', shortHash(hash)],
    ['Last hash', hashWrittenAt === null ? 'not known when' : `written at ${hashWrittenAt}`],
  ]);
  return `${objectTitle(workload)}\n\n${facts}\n\nReferences\n${indented(sourcesText(sources))}`;
}

const states = {
  present: 'present',
  absent: 'ABSENT',
  ignored: 'ignored',
  unreadable: 'NOT READ',
} as const satisfies Record<SourceToApprove['state'], string>;

function sourcesText(sources: readonly SourceToApprove[]): string {
  if (sources.length === 0) return 'none';
  return table([
    ['SOURCE', 'STATE', 'LAST WRITTEN', 'BY', 'NEWER THAN THE HASH', 'NOTE'],
    ...sources.map(({ source, state, writtenAt, writtenBy, isNewer, problem }) => [
      source,
      states[state],
      writtenAt ?? (state === 'present' ? 'unknown' : ''),
      writtenBy ?? '',
      isNewer === null ? '' : isNewer ? 'YES' : 'no',
      problem ?? '',
    ]),
  ]);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

export function approvalQuestion({ workload, request }: ToApprove, now: boolean): string {
  const past = now ? ' The next pass restarts it and passes all holds.' : '';
  return printableLines(
    `This approves ${shortHash(request.hash)} for ${objectTitle(workload)}.${past}\nApprove? [y/N] `,
  );
}

/** The result, in one or two sentences. */
export function approvalResult(
  { workload, request }: ToApprove,
  now: boolean,
  result: ApprovalResult,
): string {
  const { hash, approvedBy, reason } = request;
  const title = objectTitle(workload);
  const what = `${shortHash(hash)} for ${title}`;
  switch (result) {
    case 'Approved':
      return `Approved ${what}: ${now ? 'the next pass restarts it.' : then(reason)}`;
    case 'AlreadyApproved':
      return `Nothing was written: annotation ${approvedBy} approves ${what} already.`;
    case 'NotApproved':
      return 'Nothing was approved.';
    case 'Outdated':
      return `The approval of ${what} has no effect: the workload is no longer held with it. Run this again if it is held with another configuration.`;
  }
}

/** A sentence about the effect of the approval. The other holds still apply. */
function then(reason: ToApprove['request']['reason']): string {
  return reason === null || reason === 'AwaitingApproval'
    ? 'the next pass restarts it, unless another hold applies.'
    : `it is still held by ${reason}, which an approval does not end; approve --now passes all holds.`;
}
