import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { expectedError, UnreachableError, WaveCronError } from '../../lib/errors.ts';
import { optedInBy } from '../../lib/explanation/opting.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { isSourceKind, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import {
  isObjectName,
  objectTitle,
  recordName,
  type WorkloadName,
} from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import {
  annotationKeysOf,
  annotationKeysOfSettings,
  ignoreAnnotations,
} from '../../lib/rules/annotations.ts';
import type { Reference } from '../../lib/rules/references.ts';
import { identityOf } from '../../lib/rules/resolve.ts';
import {
  type ApprovalRequest,
  approvalRequestOf,
} from '../../lib/rules/rollout-policy/approval-request.ts';
import { parsePending } from '../../lib/rules/rollout-policy/pending.ts';
import {
  absentSource,
  type SourceToApprove,
  sourceToApprove,
  unreadableSource,
  withoutTimes,
} from '../../lib/rules/rollout-policy/source-to-approve.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import { labelMatcher } from '../../lib/settings/label-selector.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { findWorkload, type InspectionDeps } from '../explain/find-workload.ts';
import { readSubject } from '../explain/subject.ts';
import { readDefaultOptIns } from '../reading/default-opt-ins.ts';

/** The facts that a person approves, as far as this person may read them. */
export interface ToApprove {
  readonly workload: WorkloadName;
  readonly request: ApprovalRequest;
  /** Sorted by source. */
  readonly sources: readonly SourceToApprove[];
}

/**
 * Reads the change to approve: the metadata of the workload's sources, never their data, and no
 * hash key.
 *
 * @param passesHolds whether the configuration is to pass all holds at once
 * @throws WaveCronError if there is nothing to approve; also the errors of `findWorkload`
 */
export async function readApproval(
  name: WorkloadName,
  passesHolds: boolean,
  settings: Settings,
  deps: InspectionDeps,
): Promise<ToApprove> {
  const keys = annotationKeysOfSettings(settings);
  const object = await findWorkload(name, deps);
  const reads = new FairLimit(settings.concurrency.reads);
  const context = { ...deps, clock: systemClock, annotationKeys: keys, reads };
  const optIns = await readDefaultOptIns(settings, context, new Set([name.namespace]));
  const subject = await readSubject(name, object, settings, optIns, context);
  const { optIn, references } = subject;
  if (optIn.kind !== 'on') {
    const [unread] = optIns.unread.values();
    const own = optedInBy(optIn, name.kind, object, { keys, mode: settings.optIn }).why;
    const why = unread === undefined ? own[0] : `its namespace could not be read: ${unread}`;
    throw new WaveCronError(`${objectTitle(name)} did not opt in, so it never restarts: ${why}`);
  }
  const annotations = object.metadata?.annotations ?? {};
  const request = approvalRequestOf(name, annotations, keys, passesHolds);
  if ('problem' in request) throw new WaveCronError(request.problem);
  const ignoring = ignoreAnnotations(keys);
  const isSelected = labelMatcher(keys.sourceSelector);
  const read = (reference: Reference): Promise<SourceToApprove> => {
    const source = recordName(identityOf(reference, name.namespace));
    return reads.run(name.namespace, () =>
      readSource(reference, source, { ...deps, ignoring, isSelected, request }),
    );
  };
  const sources = await Promise.all(references.map(read));
  sources.sort((a, b) => (a.source < b.source ? -1 : 1));
  return { workload: name, request, sources };
}

async function readSource(
  reference: Reference,
  source: string,
  {
    cluster,
    signal,
    ignoring,
    isSelected,
    request,
  }: InspectionDeps & {
    ignoring: readonly string[];
    isSelected: ReturnType<typeof labelMatcher>;
    request: ApprovalRequest;
  },
): Promise<SourceToApprove> {
  // A pod template may contain any text as the name of a source.
  if (!isObjectName(reference.name)) return absentSource(source);
  try {
    const metadata = await cluster.getSourceMetadata(reference, signal);
    const read = sourceToApprove(source, metadata, ignoring, request.hashWrittenAt);
    const found = isSelected(metadata.labels) ? read : ({ ...read, state: 'ignored' } as const);
    return isSourceKind(reference.kind) ? found : withoutTimes(found);
  } catch (error) {
    const { message } = expectedError(error, signal);
    return isAbsent(error, reference.name)
      ? absentSource(source)
      : unreadableSource(source, message);
  }
}

/** Sets annotations of a workload, and returns the metadata of the workload after the write. */
export type Annotate = (
  name: WorkloadName,
  annotations: Readonly<Record<string, string>>,
) => Promise<ObjectMeta>;

/**
 * Approves the configuration that was shown, and no other configuration.
 *
 * @returns whether this configuration is still held; if not, since it was shown, the configuration
 * has changed, or its hash was written
 * @throws UnreachableError if the cluster does not permit the write or does not answer, else
 * WaveCronError
 */
export async function writeApproval(
  { workload, request }: ToApprove,
  { annotationPrefix }: Settings,
  annotate: Annotate,
): Promise<boolean> {
  const { annotation, hash } = request;
  try {
    const { annotations } = await annotate(workload, { [annotation]: hash });
    const { pendingConfig } = annotationKeysOf(annotationPrefix);
    return parsePending(annotations?.[pendingConfig])?.hash === hash;
  } catch (error) {
    throw notApproved(error, workload);
  }
}

function notApproved(error: unknown, workload: WorkloadName): WaveCronError {
  const { message } = expectedError(error);
  const title = objectTitle(workload);
  if (isAbsent(error, workload.name)) {
    return new WaveCronError(`${title} was deleted: nothing was approved`);
  }
  const text = `${title} could not be approved: ${message}`;
  if (isApiError(error, 403) && /\bcannot patch\b/.test(message)) {
    const { plural, group } = workloadEntry(workload.kind);
    const permission = `patch on ${plural}.${group} in namespace ${workload.namespace}`;
    return new UnreachableError(`${text}; this needs the permission ${permission}`);
  }
  const isAnswered = isApiError(error) && error.status !== undefined && error.status < 500;
  return isAnswered ? new WaveCronError(text) : new UnreachableError(text);
}
