const secondsPer = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
type Unit = keyof typeof secondsPer;
const units: readonly Unit[] = ['d', 'h', 'm', 's'];

/**
 * Seconds of a duration such as `1h30m`; undefined if the text is not a duration. Units must be in
 * descending order.
 */
export function durationSeconds(text: string): number | undefined {
  const match = /^(?=\d)(?:(?<d>\d+)d)?(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?$/.exec(text);
  if (match === null) return undefined;
  return units.reduce((sum, unit) => sum + Number(match.groups?.[unit] ?? 0) * secondsPer[unit], 0);
}

/** The duration in milliseconds; NaN if `durationSeconds` cannot parse the text. */
export function durationMs(text: string): number {
  return (durationSeconds(text) ?? Number.NaN) * 1_000;
}
