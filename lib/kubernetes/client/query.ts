/** The query of a request with its question mark; empty without parameters. */
export function queryText(
  query: Readonly<Record<string, string | number | undefined>> | undefined,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
