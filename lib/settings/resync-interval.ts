import { UsageError } from '../errors.ts';

const secondsPer = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
type Unit = keyof typeof secondsPer;
const units: readonly Unit[] = ['s', 'm', 'h', 'd'];

/**
 * Every interval, in seconds and ascending, whose ticks one cron expression can say. Cron matches
 * seconds, minutes and hours each for itself, so ticks are evenly apart only where the interval
 * divides the next larger unit.
 */
const sayable: readonly number[] = [
  ...divisors(60),
  ...divisors(60).map((minutes) => minutes * secondsPer.m),
  ...divisors(24).map((hours) => hours * secondsPer.h),
].filter((seconds, index, all) => all.indexOf(seconds) === index);

/** Why `text` is not an interval that a cron expression can say exactly; undefined where it is. */
export function intervalProblem(text: string): string | undefined {
  const seconds = secondsOf(text);
  if (seconds === undefined) return 'must be an interval such as 30s, 5m, 2h or 1d';
  if (sayable.includes(seconds)) return undefined;
  const below = sayable.findLast((each) => each < seconds);
  const above = sayable.find((each) => each > seconds);
  if (below === undefined) return 'the shortest interval is 1s';
  if (above === undefined)
    return 'the longest interval is 1d; what is rarer needs schedule instead';
  return `${text} cannot be said exactly by a cron schedule; the nearest that can are ${inWords(below)} and ${inWords(above)}`;
}

/**
 * The cron expression whose ticks are exactly `text` apart (`30s`, `5m`, `2h`, `1d`, `1h0m0s`),
 * counted from midnight of the time zone that the schedule runs in: 5 fields, or 6 where seconds
 * matter. Where that time zone changes to summer time, intervals of hours have one odd gap.
 * Throws a UsageError, naming the nearest possible intervals, where there is no such expression.
 */
export function cronForInterval(text: string): string {
  const problem = intervalProblem(text);
  const seconds = secondsOf(text);
  if (problem !== undefined || seconds === undefined) {
    throw new UsageError(`resyncInterval is ${JSON.stringify(text)}: ${problem}`);
  }
  if (seconds < secondsPer.m) return `${every(seconds)} * * * * *`;
  if (seconds < secondsPer.h) return `${every(seconds / secondsPer.m)} * * * *`;
  if (seconds < secondsPer.d) return `0 ${every(seconds / secondsPer.h)} * * *`;
  return '0 0 * * *';
}

/** `1h30m` in seconds; undefined where it is not such a text. Units go from large to small. */
function secondsOf(text: string): number | undefined {
  const match = /^(?=\d)(?:(?<d>\d+)d)?(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?$/.exec(text);
  if (match === null) return undefined;
  return units.reduce((sum, unit) => sum + Number(match.groups?.[unit] ?? 0) * secondsPer[unit], 0);
}

function inWords(seconds: number): string {
  const unit = units.findLast((each) => seconds % secondsPer[each] === 0) ?? 's';
  return `${seconds / secondsPer[unit]}${unit}`;
}

function every(step: number): string {
  return step === 1 ? '*' : `*/${step}`;
}

function divisors(of: number): number[] {
  return Array.from({ length: of }, (_, index) => index + 1).filter((each) => of % each === 0);
}
