/**
 * Determines the rollout policy in force with its own implementation, which imports nothing from lib/. It
 * understands only the forms that policy-steps.ts creates.
 */

/** The policy of one place: the value of each annotation, by the end of its key, such as `pause`. */
export type Texts = Readonly<Record<string, string | undefined>>;

export const policyKeys = ['pause', 'windows', 'approval', 'settle', 'cooldown'] as const;
export type PolicyKey = (typeof policyKeys)[number] | 'order';

export type Window = {
  readonly kind: 'allow' | 'deny';
  /** A cron expression of the form `M H * * *`. */
  readonly schedule: string;
  /** Whole minutes, less than a day, such as `90m`. */
  readonly duration: string;
  readonly timeZone: string;
};

/** Time zones without clock changes, in minutes ahead of UTC. */
export const zones: Readonly<Record<string, number>> = {
  UTC: 0,
  'Asia/Tokyo': 540,
  'Asia/Kolkata': 330,
  'America/Phoenix': -420,
};

export type Force = {
  readonly isInvalid: boolean;
  readonly isPaused: boolean;
  readonly isClosed: boolean;
  readonly needsApproval: boolean;
  readonly settleMs: number;
  readonly cooldownMs: number;
};

/**
 * The policy in force at a time.
 *
 * @param given the policies of settings, namespace and workload, in this order
 * @param time in milliseconds since 1970
 */
export function forceAt(given: readonly Texts[], time: number): Force {
  const levels = given.filter(isValid);
  const last = (key: PolicyKey) => levels.findLast((each) => each[key] !== undefined)?.[key];
  return {
    isInvalid: levels.length < given.length,
    isPaused: levels.some(({ pause }) => isPausedBy(pause, time)),
    isClosed: isClosed(levels, time),
    needsApproval: last('approval') === 'required',
    settleMs: msOf(last('settle')),
    cooldownMs: msOf(last('cooldown')),
  };
}

function isPausedBy(pause: string | undefined, time: number): boolean {
  if (pause === undefined || pause === 'false') return false;
  return pause === 'true' || time < Date.parse(pause);
}

function isClosed(levels: readonly Texts[], time: number): boolean {
  const lists = levels.map(({ windows }) => windows && (JSON.parse(windows) as Window[]));
  const given = lists.filter((list) => typeof list === 'object');
  const denying = given.flat().filter(({ kind }) => kind === 'deny');
  if (denying.some((window) => isOpen(window, time))) return true;
  // A list with only deny windows leaves the allow windows of the earlier places in force.
  const deciding = given.findLast((list) => list.length === 0 || list.some(isAllow));
  const allowing = (deciding ?? []).filter(isAllow);
  return allowing.length > 0 && !allowing.some((window) => isOpen(window, time));
}

const isAllow = ({ kind }: Window) => kind === 'allow';

const dayMinutes = 24 * 60;

function isOpen({ schedule, duration, timeZone }: Window, time: number): boolean {
  const [minute = 0, hour = 0] = schedule.split(' ').map(Number);
  const local = Math.floor(time / 60_000) + (zones[timeZone] ?? 0);
  const since = (((local - hour * 60 - minute) % dayMinutes) + dayMinutes) % dayMinutes;
  return since < Number.parseInt(duration, 10);
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** The milliseconds of a time span with one unit, such as `10m`. */
export const msOf = (text = '0s'): number =>
  Number.parseInt(text, 10) * (units[text.at(-1) ?? 's'] ?? 0);

function isValid({ pause, windows, approval, settle, cooldown, order }: Texts): boolean {
  const isTimeSpan = (text = '0s') => /^\d+[smh]$/.test(text);
  return (
    (pause === undefined || /^(true|false|\d{4}-.+Z)$/.test(pause)) &&
    (windows === undefined || windows.startsWith('[')) &&
    (approval === undefined || approval === 'required' || approval === 'none') &&
    isTimeSpan(settle) &&
    isTimeSpan(cooldown) &&
    (order === undefined || /^-?\d+$/.test(order))
  );
}
