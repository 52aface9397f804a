import { isObserved, type RolloutState, type WorkloadKind } from '../../kubernetes/kinds.ts';
import { recordName } from '../../kubernetes/names.ts';
import type { WorkloadObject } from '../../kubernetes/objects.ts';
import type { Reference } from '../references.ts';
import { identityOf } from '../resolve.ts';
import { templateWriter } from '../template-writer.ts';
import type { Given, Rollout } from './given.ts';
import { isHistoryOf, parseRolloutHistory } from './history.ts';
import { clockToleranceMs } from './moment.ts';

/** A rollout that wave-cron started. Its workload is not healthy yet. */
export interface UnderWay extends Rollout {
  /**
   * The versions on trial; empty if another field manager has changed the pod template since the
   * start of the rollout.
   */
  readonly given: Given;
  /**
   * The controller has not observed the last change of the workload. So it is not known whether the
   * rollout is still unfinished: even a write of annotations is a change of a Deployment.
   */
  readonly isUnobserved?: true;
}

export interface OwnRollout {
  /** The name of the annotation `/rollout-history`. */
  readonly rolloutHistory: string;
  /** The hash on the pod template; undefined if wave-cron did not write it. */
  readonly hash: string | undefined;
  /** The state of the rollout, according to the status of the workload. */
  readonly state: RolloutState;
}

/**
 * The rollout of a workload that wave-cron started. Undefined if there is none, or if the workload
 * is healthy or inert.
 *
 * If a tool has removed the history, the start of the rollout is the last write of the pod template
 * by another field manager, and no version is on trial.
 */
export function underWayOf(
  kind: WorkloadKind,
  object: WorkloadObject,
  { rolloutHistory, hash, state }: OwnRollout,
): UnderWay | undefined {
  if (hash === undefined) return undefined;
  if (state.phase === 'inert' || state.phase === 'healthy') return undefined;
  const { annotations, managedFields } = object.metadata ?? {};
  const unobserved = isObserved(object) ? {} : ({ isUnobserved: true } as const);
  const history = parseRolloutHistory(annotations?.[rolloutHistory]);
  const writer = templateWriter(kind, managedFields);
  const writtenByOthers = Date.parse(writer?.time ?? '');
  if (history === undefined) {
    return Number.isNaN(writtenByOthers)
      ? undefined
      : { startedAt: writtenByOthers, state, given: new Map(), ...unobserved };
  }
  const startedAt = Math.max(...history.times);
  // The other manager of the template may have changed only an annotation. In this case, a failure
  // keeps its time.
  const isOthers =
    writtenByOthers > startedAt + clockToleranceMs && !hasFailedBefore(state, writtenByOthers);
  const isOurs = isHistoryOf(history, hash) && !isOthers;
  return { startedAt, state, given: isOurs ? history.given : new Map(), ...unobserved };
}

/**
 * The rollout without the versions of sources that the workload does not reference any more: if it
 * fails, they are not the cause.
 */
export function withReferenced(
  underWay: UnderWay,
  references: readonly Reference[],
  namespace: string,
): UnderWay {
  if (underWay.given.size === 0) return underWay;
  const names = new Set(references.map((each) => recordName(identityOf(each, namespace))));
  const given = new Map([...underWay.given].filter(([source]) => names.has(source)));
  return { ...underWay, given };
}

function hasFailedBefore({ failure, saidAt }: RolloutState, time: number): boolean {
  return failure === 'said' && saidAt !== undefined && saidAt <= time;
}

/** The rollout of a workload whose hash this pass has written at `now`. */
export function startedNow(given: Given, now: number): UnderWay {
  return { startedAt: now, state: { phase: 'unfinished', failure: 'not known' }, given };
}
