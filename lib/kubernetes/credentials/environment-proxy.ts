import { BlockList, isIP } from 'node:net';
import { UsageError } from '../../errors.ts';
import { hostOf, isLoopback } from '../../text/secure-url.ts';
import { shownUrl } from '../../text/shown-url.ts';
import type { AccessEnvironment } from './cluster-access.ts';
import { isProxy } from './kubeconfig-address.ts';

/**
 * The proxy for a server according to the environment, with the rules of Go's httpproxy and so of
 * kubectl; undefined for a direct connection. npm packages and Node itself do not support all of
 * these rules, for example CIDRs in NO_PROXY, and plain names that include their subdomains.
 *
 * @param server http or https
 * @throws UsageError of one line if the address of the proxy is invalid
 */
export function environmentProxy(server: string, env: AccessEnvironment): string | undefined {
  const url = new URL(server);
  const { protocol, port } = url;
  const isEncrypted = protocol === 'https:';
  const variables = isEncrypted ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  const variable = variables.find((name) => env[name]);
  const given = env[variable ?? ''];
  if (variable === undefined || given === undefined) return undefined;
  const target = {
    host: hostOf(url),
    port: port || (isEncrypted ? '443' : '80'),
  };
  if (isLoopback(target.host) || isExcepted(target, env['NO_PROXY'] || env['no_proxy'] || '')) {
    return undefined;
  }
  const proxy = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  if (isProxy(proxy)) return proxy;
  throw new UsageError(
    `the environment variable ${variable} is ${JSON.stringify(shownUrl(given))}, which is not an http, https or socks5 URL`,
  );
}

interface Target {
  /** An address without brackets. */
  readonly host: string;
  readonly port: string;
}

/**
 * @param list as in NO_PROXY: `example.com,.example.com:8443,10.0.0.0/8,[2001:db8::1]:6443` or `*`
 */
function isExcepted(target: Target, list: string): boolean {
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === '*' || matches(target, entry));
}

function matches({ host, port }: Target, entry: string): boolean {
  const [network = '', prefix = ''] = entry.split('/');
  if (isIP(network) !== 0 && /^\d+$/.test(prefix))
    return isIP(host) !== 0 && isInNetwork(host, entry);
  const [, bracketed, plain, onlyPort] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(entry) ?? [];
  const name = bracketed ?? plain ?? entry;
  if (name === '' || (onlyPort && onlyPort !== port)) return false;
  if (isIP(name) !== 0) return isInNetwork(host, name);
  if (isIP(host) !== 0) return false;
  const suffix = name.replace(/^\*\./, '.');
  if (suffix.startsWith('.')) return host.endsWith(suffix);
  return host === suffix || host.endsWith(`.${suffix}`);
}

/** @param network an address or a CIDR. A CIDR with a prefix that is too long matches no host */
function isInNetwork(host: string, network: string): boolean {
  const [address = '', prefix] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const longest = family === 'ipv6' ? 128 : 32;
  const list = new BlockList();
  if (Number(prefix ?? longest) > longest) return false;
  list.addSubnet(address, Number(prefix ?? longest), family);
  return isIn(list, host);
}

function isIn(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
