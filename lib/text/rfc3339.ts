/** UTC, whole seconds, as the API server writes times. */
export function timeText(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * The time that `timeText` wrote, in milliseconds since 1970; undefined if `timeText` cannot have
 * written the value.
 */
export function writtenTime(value: unknown): number | undefined {
  if (!isTime(value)) return undefined;
  const time = Date.parse(value);
  return !Number.isNaN(time) && timeText(time) === value ? time : undefined;
}

/**
 * Whether the value has the form of RFC 3339. The value may still name a day that does not exist.
 */
export function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
  );
}
