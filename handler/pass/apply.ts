import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import {
  AnswerTooLargeError,
  isAbsent,
  isApiError,
} from '../../lib/kubernetes/client/api-error.ts';
import { isRejection } from '../../lib/kubernetes/client/rejection.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { PodsReading } from '../../lib/rules/adoption/pods.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import type { Decision, SourcesSeen } from '../../lib/rules/decide.ts';
import {
  finalizerChange,
  noOwnershipChanges,
  type OwnershipChanges,
  withOwnership,
} from '../../lib/rules/ownership/changes.ts';
import { workloadPatch } from '../../lib/rules/patch.ts';
import { withHold } from '../../lib/rules/with-hold.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { type PassStopped, stoppedBy } from '../interruption.ts';
import type { Ownership, Remaining } from '../ownership/ownership.ts';
import { notePutBack } from '../ownership/put-back.ts';
import { pauseMs, tries } from './conflicts.ts';
import { decideWithMemory } from './reverted.ts';
import type { RolloutPolicy } from './rollout-policy.ts';

/** What came of a decision; `workload` is the version that it was last made about. */
export interface Applied {
  readonly workload: Workload;
  readonly decision: Decision;
  /** Whether the template was written. */
  readonly written: boolean;
  /** What was decided where the template was written, before ownership had its say. */
  readonly writtenDecision?: Decision;
  readonly ownership: OwnershipChanges;
  /** Present where the pass was stopped before everything was done about its sources. */
  readonly cutShort?: PassStopped;
}

/** What applying needs of the pass. */
export interface ApplyDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly annotationKeys: AnnotationKeys;
  readonly ownership: Ownership;
  readonly writes: FairLimit;
  /** Throws PassStopped where no write may be sent any more. */
  readonly assertMayWrite: () => void;
  /** Aborted where writes under way are to be the last. */
  readonly stopRetrying: AbortSignal;
  readonly keep: (object: WorkloadObject) => Workload | undefined;
  readonly sources: (workload: Workload) => Promise<SourcesSeen>;
  readonly pods: (workload: Workload, seen: SourcesSeen) => Promise<PodsReading | undefined>;
  readonly rolloutPolicy: RolloutPolicy;
}

/**
 * Decides about a workload and writes what is decided: stale marks go, then the workload gets one
 * PATCH, then new marks are put on. Where somebody else wrote to the workload since it was read, it
 * is read again and decided about again.
 *
 * @throws what `assertMayWrite` and `sources` throw, and the reason of `stopRetrying`
 */
export async function apply(workload: Workload, deps: ApplyDeps): Promise<Applied> {
  const {
    cluster,
    clock,
    annotationKeys,
    ownership,
    writes,
    assertMayWrite,
    stopRetrying,
    keep,
    sources,
  } = deps;
  const { rolloutPolicy } = deps;
  const removed = new Set<string>();
  let current = workload;
  let attempted: Decision | undefined;

  const ended = (reason: Decision['reason'], sentence: string): Applied => ({
    workload: current,
    decision: { reason, sentence, changed: [], hashAnnotations: undefined },
    written: false,
    ownership: { ...noOwnershipChanges, referencesRemoved: [...removed] },
  });

  async function finish(
    decision: Decision,
    written: boolean,
    remaining: Remaining | undefined,
    finalizer: OwnershipChanges['finalizer'],
  ): Promise<Applied> {
    const writtenDecision = written ? { writtenDecision: decision } : {};
    if (remaining === undefined) {
      const noted = withHold(current, decision);
      return {
        workload: current,
        decision: noted,
        written,
        ...writtenDecision,
        ownership: noOwnershipChanges,
      };
    }
    let added: readonly string[] = [];
    let { problems, warnings } = remaining;
    let cutShort: PassStopped | undefined;
    try {
      const done = await ownership.addReferences(current, remaining);
      ({ added } = done);
      if (added.some((label) => remaining.lost.has(label))) await notePutBack(current, deps);
      problems = [...problems, ...done.problems];
      warnings = [...warnings, ...done.warnings];
    } catch (error) {
      cutShort = stoppedBy(error, assertMayWrite);
      // What was done before must be told all the same; what was not marked, the next pass marks.
      if (cutShort === undefined) throw error;
    }
    const changes = {
      referencesAdded: added,
      referencesRemoved: [...removed],
      finalizer,
      problems,
      warnings,
      notes: remaining.notes,
    };
    const noted = withHold(current, withOwnership(decision, changes, written));
    const stop = cutShort === undefined ? {} : { cutShort };
    return {
      workload: current,
      decision: noted,
      written,
      ...writtenDecision,
      ownership: changes,
      ...stop,
    };
  }

  for (let attempt = 1; ; attempt += 1) {
    const seen = await sources(current);
    const wanted = await decideWithMemory(current, seen, deps);
    const decision = await rolloutPolicy.apply(current, wanted);
    const plan = ownership.plan(current, decision, seen.readings);
    const remaining = plan === undefined ? undefined : await ownership.takeAway(current, plan);
    for (const label of remaining?.removed ?? []) removed.add(label);

    const patch = workloadPatch(current, decision, remaining?.owned, annotationKeys);
    if (patch === undefined) {
      // Our own patch arrived though its answer was lost: the conflict was with ourselves.
      const ours =
        attempted?.hashAnnotations !== undefined &&
        current.template.hash === attempted.hashAnnotations.hash;
      return ours && attempted !== undefined
        ? finish(attempted, true, remaining, 'kept')
        : finish(decision, false, remaining, 'kept');
    }
    const asked = current;
    try {
      await writes.run(asked.namespace, () => {
        assertMayWrite();
        const call = { assertMayWrite, stopRetrying };
        return cluster.patchWorkload(asked, patch, call);
      });
      return finish(
        decision,
        decision.hashAnnotations !== undefined,
        remaining,
        finalizerChange(asked, remaining?.owned),
      );
    } catch (error) {
      if (isAbsent(error, current.name)) return ended('Deleting', 'it was deleted during the pass');
      if (!(error instanceof WaveCronError)) throw error;
      if (!isApiError(error, 409)) {
        const reason = isRejection(error) ? 'Rejected' : 'Failed';
        return ended(reason, `${whatFor(decision)}: ${error.message}`);
      }
      if (attempt === tries) {
        return ended(
          'Conflict',
          `another client changed it ${tries} times while ${decision.hashAnnotations === undefined ? 'its record' : 'the hash'} was being written`,
        );
      }
    }
    attempted = decision;
    await clock.sleep(pauseMs(attempt), stopRetrying);
    try {
      const found = keep(await cluster.getWorkload(current, stopRetrying));
      if (found === undefined) return ended('OptedOut', 'it was opted out during the pass');
      current = found;
    } catch (error) {
      if (isAbsent(error, current.name)) return ended('Deleting', 'it was deleted during the pass');
      if (error instanceof AnswerTooLargeError) return ended('TooLarge', workloadTooLarge);
      if (!(error instanceof WaveCronError)) throw error;
      return ended('Failed', `it could not be read again after a conflict: ${error.message}`);
    }
  }
}

function whatFor({ hashAnnotations }: Decision): string {
  return hashAnnotations === undefined
    ? 'its record of owned sources could not be written'
    : 'the hash could not be written';
}

/** Why a workload whose answer is larger than any may be is left alone. */
export const workloadTooLarge =
  'the workload itself is larger than a response may be, so it is not read: reduce its environment, its annotations and its other fields';
