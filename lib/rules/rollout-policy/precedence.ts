import type { Window } from '../../schedule/window.ts';
import type { Approval, Delay, Pause, PolicyLevel } from './level.ts';

/** The policy in force for one workload. Absent: there is none of that kind. */
export interface PolicyInForce {
  /** Those of all places. */
  readonly pauses: readonly Pause[];
  /** The deny windows of all places, and the allow windows of one. */
  readonly windows: readonly Window[];
  readonly approval?: Approval;
  readonly settle?: Delay;
  readonly cooldown?: Delay;
}

/**
 * Joins the policies of all places. Pauses and deny windows add up, so that no place lifts those of another one.
 * Of everything else the last place counts that sets it. Allow windows are those of the last place that has some,
 * or an empty list: a place that only adds a deny window keeps the allow windows of the others.
 *
 * @param levels in the order of precedence: settings, namespace, workload
 */
export function joinLevels(levels: readonly PolicyLevel[]): PolicyInForce {
  const last = <K extends 'approval' | 'settle' | 'cooldown'>(key: K) =>
    levels.findLast((level) => level[key] !== undefined)?.[key];
  const denying = levels.flatMap(({ windows = [] }) => windows.filter(isDeny));
  const allowing = levels
    .findLast(
      ({ windows }) => windows !== undefined && !(windows.length > 0 && windows.every(isDeny)),
    )
    ?.windows?.filter((window) => !isDeny(window));
  const [approval, settle, cooldown] = [last('approval'), last('settle'), last('cooldown')];
  return {
    pauses: levels.flatMap(({ pause }) => pause ?? []),
    windows: [...denying, ...(allowing ?? [])],
    ...(approval?.required ? { approval } : {}),
    ...(settle && settle.ms > 0 ? { settle } : {}),
    ...(cooldown && cooldown.ms > 0 ? { cooldown } : {}),
  };
}

function isDeny({ kind }: Window): boolean {
  return kind === 'deny';
}
