import type { Window } from '../../schedule/window.ts';
import type { Approval, Delay, Pause, PolicyLevel } from './level.ts';

/** The policy in force for one workload. A field is absent if no rule of that kind is in force. */
export interface PolicyInForce {
  /** The pauses of the settings, the namespace and the workload. */
  readonly pauses: readonly Pause[];
  /** The deny windows of all levels, and the allow windows of one level. */
  readonly windows: readonly Window[];
  readonly approval?: Approval;
  readonly settle?: Delay;
  readonly cooldown?: Delay;
}

/**
 * Joins the policies of all levels: settings, namespace and workload.
 *
 * - Pauses and deny windows add up, so a level cannot lift a pause or a deny window of another
 *   level.
 * - Allow windows: among the levels that have allow windows or an empty list, the last level
 *   counts. If a level has only deny windows, the allow windows of the levels before it still
 *   count.
 * - Everything else: among the levels that set it, the last level counts.
 *
 * @param levels in the order settings, namespace, workload. The last level has the highest
 * precedence
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
