import { UsageError } from '../../errors.ts';
import { shownUrl } from '../../text/shown-url.ts';

/** Fields of a cluster in a kubeconfig that contain its address. */
interface Address {
  readonly server: string;
  readonly skipTLSVerify?: boolean;
  readonly proxyUrl?: string;
}

/**
 * The base address of a cluster, without a trailing slash. The address must not contain secrets,
 * because messages include it.
 *
 * @param origin for messages: the kubeconfig
 * @throws UsageError of one line, also for an invalid proxy
 */
export function checkedServer(address: Address, origin: string): string {
  const { server, skipTLSVerify, proxyUrl } = address;
  const shown = JSON.stringify(shownUrl(server));
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new UsageError(
      `${origin}: the cluster's server is ${shown}, which is not an http or https URL`,
    );
  }
  const { username, password, search, hash } = new URL(server);
  if (`${username}${password}${search}${hash}` !== '') {
    throw new UsageError(
      `${origin}: the cluster's server is ${shown}: remove the user, password and query; credentials belong to a user of the kubeconfig`,
    );
  }
  if (server.startsWith('http:') && skipTLSVerify !== true) {
    throw new UsageError(
      `${origin}: ${server} is not encrypted; use https, or set insecure-skip-tls-verify: true to allow it`,
    );
  }
  if (proxyUrl && !isProxy(proxyUrl)) {
    throw new UsageError(
      `${origin}: the cluster's proxy-url is ${JSON.stringify(shownUrl(proxyUrl))}, which is not an http, https or socks5 URL`,
    );
  }
  return server.replace(/\/+$/, '');
}

/** Whether the client library supports this proxy. */
export function isProxy(url: string): boolean {
  return URL.canParse(url) && /^(https?|socks(4a?|5h?)?):$/.test(new URL(url).protocol);
}
