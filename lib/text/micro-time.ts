/** RFC 3339 with six fractional digits, the only format that the API accepts for a MicroTime. */
export function microTime(date: Date): string {
  return date.toISOString().replace(/Z$/, '000Z');
}
