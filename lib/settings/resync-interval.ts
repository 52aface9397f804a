const secondsPer = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
type Unit = keyof typeof secondsPer;
const units: readonly Unit[] = ['d', 'h', 'm', 's'];

/** A week: what is rarer than that is meant for a day of the month, which an interval cannot say. */
const longest = 7 * secondsPer.d;

/** Why `text` is no interval between two passes; undefined if it is one. */
export function intervalProblem(text: string): string | undefined {
  const seconds = secondsOf(text);
  if (seconds === undefined) {
    return 'must be whole numbers of d, h, m and s, from large to small, such as 30s, 7m, 1h30m or 1d';
  }
  if (seconds < 1) return 'the shortest interval is 1s';
  if (seconds > longest) return 'the longest interval is 7d; for longer intervals use schedule';
  return undefined;
}

/** @param text one that `intervalProblem` finds no fault with */
export function intervalMs(text: string): number {
  return (secondsOf(text) ?? Number.NaN) * 1_000;
}

/** `1h30m` in seconds; undefined where it is not such a text. Units go from large to small. */
function secondsOf(text: string): number | undefined {
  const match = /^(?=\d)(?:(?<d>\d+)d)?(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?$/.exec(text);
  if (match === null) return undefined;
  return units.reduce((sum, unit) => sum + Number(match.groups?.[unit] ?? 0) * secondsPer[unit], 0);
}
