import { objectTitle, type WorkloadName } from '../../kubernetes/names.ts';
import { quote } from '../../text/quote.ts';
import { timeText } from '../../text/rfc3339.ts';
import { type Reason, reasons } from '../reason.ts';
import { parseHistory } from './history.ts';
import { parsePending } from './pending.ts';

/** A held configuration that a person can approve. Times are RFC 3339. */
export interface ApprovalRequest {
  readonly hash: string;
  /** The time since when the configuration is held. */
  readonly since: string;
  /** The reason code of the hold in the last pass; null: not known. */
  readonly reason: Reason | null;
  /** The annotation to write, with the hash as its value. */
  readonly annotation: string;
  /** The annotation that already approves this configuration; null: none. */
  readonly approvedBy: string | null;
  /** The time at which a hash was last written to the template; null: not known. */
  readonly hashWrittenAt: string | null;
}

type ApprovalNames = Readonly<
  Record<'pendingConfig' | 'approvedConfig' | 'rolloutNow' | 'rolloutHistory', string>
>;

/**
 * The request to approve the held configuration of a workload. If there is nothing to approve, a
 * sentence says why.
 *
 * @param passesHolds whether the configuration is to pass all holds at once
 */
export function approvalRequestOf(
  workload: WorkloadName,
  annotations: Readonly<Record<string, string>>,
  names: ApprovalNames,
  passesHolds: boolean,
): ApprovalRequest | { readonly problem: string } {
  const text = annotations[names.pendingConfig];
  const pending = parsePending(text);
  if (pending === undefined) return { problem: problemOf(workload, names.pendingConfig, text) };
  const { hash, since, reason = '' } = pending;
  // If a configuration passes all holds, it needs no approval.
  const sufficient = [names.rolloutNow, ...(passesHolds ? [] : [names.approvedConfig])];
  const writes = parseHistory(annotations[names.rolloutHistory]);
  return {
    ...{ hash, since: timeText(since), reason: isReason(reason) ? reason : null },
    annotation: passesHolds ? names.rolloutNow : names.approvedConfig,
    approvedBy: sufficient.find((name) => annotations[name] === hash) ?? null,
    hashWrittenAt: writes === undefined ? null : timeText(Math.max(...writes)),
  };
}

/** Any client may have written this text. */
function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}

function problemOf(workload: WorkloadName, annotation: string, text: string | undefined): string {
  const { kind, namespace, name } = workload;
  const title = objectTitle(workload);
  const next = `wave-cron explain ${kind}/${name} -n ${namespace} says what the next pass does`;
  return text === undefined
    ? `${title} has no annotation ${annotation}: no change is held, or no pass has seen the change yet; ${next}`
    : `annotation ${annotation} of ${title} is ${quote(text)}, which wave-cron did not write: the next pass replaces it if a change is held; ${next}`;
}
