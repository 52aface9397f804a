/** The first three of a list, and how many more: a sentence stays a sentence. */
export function shortList(entries: readonly string[]): string {
  const shown = entries.slice(0, 3).join(', ');
  return entries.length > 3 ? `${shown} and ${entries.length - 3} more` : shown;
}
