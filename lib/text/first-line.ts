/**
 * The first line of an error or output of another program. Further lines may be a stack, a
 * quotation, or the content of a file, so they are omitted.
 */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n', 1)[0] ?? '';
}
