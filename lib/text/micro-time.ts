/** RFC 3339 with six digits of a second, which is the one form that a MicroTime of the API reads. */
export function microTime(date: Date): string {
  return date.toISOString().replace(/Z$/, '000Z');
}
