import { type PauseEnd, parsePause } from '../../schedule/pause.ts';
import type { Window } from '../../schedule/window.ts';
import { parseWindows } from '../../schedule/window-list.ts';
import { durationMs } from '../../text/duration.ts';
import { quote } from '../../text/quote.ts';
import { waitProblem } from '../../text/wait-duration.ts';

/**
 * The policy of one place: the settings, a namespace or a workload. A field is absent if the place does not
 * set it.
 */
export interface PolicyLevel {
  readonly pause?: Pause;
  /** An empty list removes the allow windows of the places with less precedence. */
  readonly windows?: readonly Window[];
  readonly approval?: Approval;
  readonly settle?: Delay;
  readonly cooldown?: Delay;
}

/** `from` names the setting or annotation in messages. */
export interface Pause extends PauseEnd {
  readonly from: string;
}

export interface Approval {
  readonly required: boolean;
  readonly from: string;
}

export interface Delay {
  /** Milliseconds; 0 switches the rule off. */
  readonly ms: number;
  /** The duration as it was given, such as `1h30m`. */
  readonly text: string;
  readonly from: string;
  /**
   * The maximum wait since the change was seen, as a multiple of `ms`; default: 10. Only for
   * `settle`.
   */
  readonly mostWaits?: number;
}

/** The values of policy annotations, unchecked. */
export type PolicyTexts = Readonly<Partial<Record<PolicyKey, string>>>;
/** `pausePeriod` is an annotation of Reloader. */
export type PolicyKey = 'pause' | 'windows' | 'approval' | 'settle' | 'cooldown' | 'pausePeriod';

/**
 * Parses the policy annotations of one place. A problem is a clause that begins with the name of the
 * annotation.
 */
export function readLevel(
  texts: PolicyTexts,
  /** Names the setting or annotation in messages. */
  from: (key: PolicyKey) => string,
  /** The time zone of windows that name none. */
  timeZone: string,
): PolicyLevel | { readonly problem: string } {
  const { pause, windows, approval, settle, cooldown, pausePeriod } = texts;
  const wrong = (key: PolicyKey, why: string) => ({ problem: `${from(key)} ${why}` });
  const paused = pause === undefined ? undefined : parsePause(pause);
  if (paused === 'invalid') {
    return wrong(
      'pause',
      `is ${quote(String(pause))}: it must be "true", "false" or an RFC 3339 time`,
    );
  }
  if (approval !== undefined && approval !== 'required' && approval !== 'none') {
    return wrong('approval', `is ${quote(approval)}: it must be required or none`);
  }
  for (const [key, text] of [
    ['settle', settle],
    ['cooldown', cooldown],
    ['pausePeriod', pausePeriod],
  ] as const) {
    if (text === undefined) continue;
    const problem = waitProblem(text);
    if (problem !== undefined) return wrong(key, `is ${quote(text)}: ${problem}`);
  }
  const list = windows === undefined ? undefined : parseWindows(windows, timeZone, from('windows'));
  if (list !== undefined && 'problem' in list) return wrong('windows', list.problem);
  const wait = (key: 'settle' | 'cooldown' | 'pausePeriod', text: string): Delay => {
    return { ms: durationMs(text), text, from: from(key) };
  };
  return {
    ...(paused === undefined ? {} : { pause: { ...paused, from: from('pause') } }),
    ...(list === undefined ? {} : { windows: list }),
    ...(approval === undefined
      ? {}
      : { approval: { required: approval === 'required', from: from('approval') } }),
    // Reloader resumes a Deployment when the period has passed, even if its sources change again.
    ...(pausePeriod === undefined
      ? {}
      : { settle: { ...wait('pausePeriod', pausePeriod), mostWaits: 1 } }),
    ...(settle === undefined ? {} : { settle: wait('settle', settle) }),
    ...(cooldown === undefined ? {} : { cooldown: wait('cooldown', cooldown) }),
  };
}
