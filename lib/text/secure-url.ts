import { BlockList, isIP } from 'node:net';

/**
 * Why a text cannot be the URL for messages that leave the cluster; undefined if it can. The URL
 * must be https. Plain http is allowed only to this machine, because nobody can read such messages
 * on the way: for tests, and for a sidecar. The result never quotes the text.
 */
export function secureUrlProblem(text: string): string | undefined {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  const isSecure =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(hostOf(url)));
  return isSecure ? undefined : `must be ${secureUrls}`;
}

/** The URLs that `secureUrlProblem` allows, as a phrase. */
export const secureUrls =
  'an https URL, or an http URL of this machine, such as http://localhost:8000';

/** The host name or address of a URL, without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** @param host a name or an address without brackets */
export function isLoopback(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const version = isIP(host);
  return (
    host === 'localhost' || (version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4'))
  );
}
