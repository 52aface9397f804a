import { isIPv6 } from 'node:net';

export interface ListenAddress {
  /** The host, without brackets; undefined for all addresses of the machine. */
  readonly host: string | undefined;
  /** The port number. 0 stands for any free port. */
  readonly port: number;
}

/** Parses `host:port`, `:port` or `[ipv6]:port`; undefined if the text has another form. */
export function listenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[A-Za-z0-9.-]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65_535) return undefined;
  const v6 = match.groups?.['v6'];
  if (v6 !== undefined) return isIPv6(v6) ? { host: v6, port } : undefined;
  const host = match.groups?.['host'];
  return { host: host === '' ? undefined : host, port };
}
