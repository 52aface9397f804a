import type { Window } from '../../schedule/window.ts';
import type { Approval, Delay, Pause, PolicyLevel } from './level.ts';

/** The policy in force for one workload. A field is absent if no rule of that kind is in force. */
export interface PolicyInForce {
  /** The pauses of all places. */
  readonly pauses: readonly Pause[];
  /** The deny windows of all places, and the allow windows of one. */
  readonly windows: readonly Window[];
  readonly approval?: Approval;
  readonly settle?: Delay;
  readonly cooldown?: Delay;
}

/**
 * Joins the policies of all places.
 *
 * - Pauses and deny windows add up, so no place can lift those of another place.
 * - Allow windows: the last place counts that has allow windows or an empty list. A place that has only deny
 *   windows keeps the allow windows of the places before it.
 * - Everything else: the last place counts that sets it.
 *
 * @param levels the last one has the highest precedence: settings, namespace, workload
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
