/**
 * The first three entries of a list, and the number of the other entries. So a sentence with the
 * list stays short.
 */
export function shortList(entries: readonly string[]): string {
  const shown = entries.slice(0, 3).join(', ');
  return entries.length > 3 ? `${shown} and ${entries.length - 3} more` : shown;
}
