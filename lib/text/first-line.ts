/** What an error of somebody else, or a program, says, without what follows: a stack, a quotation, a file's content. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n', 1)[0] ?? '';
}
