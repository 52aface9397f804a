import type { LimitFunction } from 'p-limit';
import type { AnnotationNames } from '../lib/annotations.ts';
import type { Clock } from '../lib/clock.ts';
import { type Decision, decide, type Readings } from '../lib/decide.ts';
import { WaveCronError } from '../lib/errors.ts';
import { isAbsent, isApiError } from '../lib/kubernetes/api-error.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import { stampPatch } from '../lib/patch.ts';
import type { WorkloadObject } from '../lib/pod-spec.ts';
import type { Workload } from '../lib/workload.ts';

/** What came of a decision; `workload` is the version that it was last made about. */
export interface Applied {
  readonly workload: Workload;
  readonly decision: Decision;
  readonly written: boolean;
}

/** What applying needs of the pass. */
export interface ApplyMeans {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly names: AnnotationNames;
  readonly limit: LimitFunction;
  /** Throws PassStopped where no write may be sent any more. */
  readonly beforeWrite: () => void;
  /** Aborted where writes under way are to be the last. */
  readonly lastTry: AbortSignal;
  readonly keep: (object: WorkloadObject) => Workload | undefined;
  readonly readings: (workload: Workload) => Promise<Readings>;
}

/** A workload that changes under our hands three times is left to the next pass. */
const tries = 3;
/**
 * Controllers write the status of a workload several times within milliseconds while they roll it
 * out, and each of these writes is a conflict to us: without a pause all tries would meet them.
 */
const pauseMs = 100;

/**
 * Decides about a workload and writes what is decided, with one PATCH. Where somebody else wrote
 * to the workload since it was read, it is read again and decided about again.
 *
 * @throws what `beforeWrite` and `readings` throw, and the reason of `lastTry`
 */
export async function apply(workload: Workload, means: ApplyMeans): Promise<Applied> {
  const { cluster, clock, names, limit, beforeWrite, lastTry, keep, readings } = means;
  let current = workload;
  let attempted: Decision | undefined;

  for (let attempt = 1; ; attempt += 1) {
    const decision = decide(current, await readings(current));
    const { stamp } = decision;
    if (stamp === undefined) {
      // Our own patch arrived though its answer was lost: the conflict was with ourselves.
      const ours = attempted?.stamp !== undefined && current.template.hash === attempted.stamp.hash;
      return ours && attempted !== undefined
        ? { workload: current, decision: attempted, written: true }
        : { workload: current, decision, written: false };
    }
    const asked = current;
    try {
      await limit(() => {
        beforeWrite();
        const call = { beforeTry: beforeWrite, lastTry };
        return cluster.patchWorkload(asked, stampPatch(asked, stamp, names), call);
      });
      return { workload: current, decision, written: true };
    } catch (error) {
      if (isAbsent(error, current.name))
        return ended(current, 'Deleting', 'it was deleted meanwhile');
      if (!(error instanceof WaveCronError)) throw error;
      if (!isApiError(error, 409))
        return ended(current, 'Failed', `the hash could not be written: ${error.message}`);
      if (attempt === tries) {
        return ended(
          current,
          'Conflict',
          `it was changed by someone else ${tries} times while the hash was to be written`,
        );
      }
    }
    attempted = decision;
    await clock.sleep(attempt * pauseMs, lastTry);
    try {
      const found = keep(await cluster.getWorkload(current, lastTry));
      if (found === undefined) return ended(current, 'OptedOut', 'it was opted out meanwhile');
      current = found;
    } catch (error) {
      if (isAbsent(error, current.name))
        return ended(current, 'Deleting', 'it was deleted meanwhile');
      if (!(error instanceof WaveCronError)) throw error;
      return ended(
        current,
        'Failed',
        `it could not be read again after a conflict: ${error.message}`,
      );
    }
  }
}

function ended(workload: Workload, reason: Decision['reason'], sentence: string): Applied {
  return {
    workload,
    decision: { reason, sentence, changed: [], stamp: undefined },
    written: false,
  };
}
