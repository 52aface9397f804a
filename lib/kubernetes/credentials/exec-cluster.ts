import { readFileSync } from 'node:fs';

/**
 * The cluster information for an `exec` program with `provideClusterInfo`, as kubectl passes it.
 */
export interface ExecCluster {
  readonly server: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: true;
  /** PEM, in base64. */
  readonly 'certificate-authority-data'?: string;
  readonly 'proxy-url'?: string;
  readonly 'disable-compression'?: true;
  /** The configuration of the program in the kubeconfig. */
  readonly config?: unknown;
}

/** Fields of a cluster in a kubeconfig that only an `exec` program needs. */
export interface KubeconfigCluster {
  readonly 'disable-compression'?: boolean | null;
  readonly extensions?:
    | readonly { readonly name?: string | null; readonly extension?: unknown }[]
    | null;
}

/** Fields of the cluster that every client needs. Paths are absolute. */
interface Address {
  readonly server: string;
  readonly caFile?: string;
  readonly caData?: string;
  readonly tlsServerName?: string;
  readonly skipTLSVerify?: boolean;
  readonly proxyUrl?: string;
}

const extensionName = 'client.authentication.k8s.io/exec';

/** @throws Error if the file of the certificate authority cannot be read */
export function execCluster(address: Address, more: KubeconfigCluster): ExecCluster {
  const { server, caFile, caData, tlsServerName, skipTLSVerify, proxyUrl } = address;
  const authority = caData || (caFile && readFileSync(caFile).toString('base64'));
  const config = more.extensions?.find(({ name }) => name === extensionName)?.extension;
  return {
    server,
    ...(tlsServerName ? { 'tls-server-name': tlsServerName } : {}),
    ...(skipTLSVerify === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authority ? { 'certificate-authority-data': authority } : {}),
    ...(proxyUrl ? { 'proxy-url': proxyUrl } : {}),
    ...(more['disable-compression'] === true ? { 'disable-compression': true } : {}),
    ...(config === undefined || config === null ? {} : { config }),
  };
}
