import type { Agent } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

/** Where a cluster is and who we are there, as one source has it: a kubeconfig, or the Pod that we run in. */
export interface ClusterAccess {
  /** Base address, with no slash at its end. */
  readonly server: string;
  /** For messages: which files, or that we run in the cluster. */
  readonly origin: string;
  /** Whether it is that of the Pod that we run in. */
  readonly ofPod?: true;
  /** For messages: the proxy on the way there, without its password; undefined where there is none. */
  readonly proxy?: string;
  /** Namespace of the Pod or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /**
   * What the next requests are sent with, from files and programs as they are now.
   *
   * @throws Error whose first line says what cannot be read or run
   */
  credentials(): Promise<Credentials>;
  /** Whether it is made sure that the server is the one that is meant: false where the kubeconfig says not to. */
  readonly isVerified: boolean;
  /** A sentence on why the credentials may be refused, where that can be seen from here. */
  hint(): string | undefined;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsOptions;
  /** Makes a pool that goes another way than straight to the server. */
  readonly detour?: (tls: TlsOptions) => Promise<Agent>;
}

/** How the server is verified, and with which certificate we come. */
export type TlsOptions = Pick<
  SecureContextOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase'
> & {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

/** Environment variables that say where the cluster is. */
export type AccessEnvironment = Readonly<Record<string, string | undefined>>;
