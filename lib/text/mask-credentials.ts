/**
 * A text that somebody else wrote, without what we sent him as credentials: whoever is asked wrongly, or
 * stands in the place of the one who is meant, may repeat the request in his answer.
 *
 * @param secrets in any order; of two that overlap the longer one is looked for first
 */
export function maskCredentials(text: string, secrets: Iterable<string>): string {
  const longestFirst = [...new Set(secrets)]
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length);
  return longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

/** What of the headers of a request nobody may see: Authorization, whole and in its parts. */
export function credentialsIn(
  headers: Readonly<Record<string, string | readonly string[]>>,
): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!/^(proxy-)?authorization$/i.test(name)) return [];
    return [value].flat().flatMap(partsOf);
  });
}

function partsOf(header: string): string[] {
  const [, scheme = '', parameter = ''] = /^(\S+)\s+(.*)$/s.exec(header) ?? [];
  if (scheme.toLowerCase() !== 'basic') return [header, parameter];
  const pair = Buffer.from(parameter, 'base64').toString();
  const password = pair.slice(pair.indexOf(':') + 1);
  return [header, parameter, pair, password, encodeURIComponent(password)];
}
