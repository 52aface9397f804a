/**
 * Masks our credentials in a text from a server. A misconfigured server, or an impostor, may repeat
 * our request in its response.
 *
 * @param secrets in any order; longer ones are masked first
 */
export function maskCredentials(text: string, secrets: Iterable<string>): string {
  const longestFirst = [...new Set(secrets)]
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length);
  return longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

/** The secret parts of request headers: Authorization, as a whole and in parts. */
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
