/**
 * The first line of a foreign error or output. It omits what follows: a stack, a quotation, or the
 * content of a file.
 */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n', 1)[0] ?? '';
}
