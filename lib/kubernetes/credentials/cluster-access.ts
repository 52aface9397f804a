import type { Agent } from 'node:http';
import type { SecureContextOptions } from 'node:tls';

/**
 * The address of a cluster and the credentials for it, from a kubeconfig or from the Pod of this
 * process.
 */
export interface ClusterAccess {
  /** Base address without a trailing slash. */
  readonly server: string;
  /** The origin of the credentials, for messages: the files, or the service account of the Pod. */
  readonly origin: string;
  /** Present if the access comes from the Pod of this process. */
  readonly ofPod?: true;
  /**
   * The proxy to the cluster for messages, without its password; undefined if there is no proxy.
   */
  readonly proxy?: string;
  /** Namespace of the Pod or of the context of the kubeconfig. */
  readonly namespace: string | undefined;
  /**
   * Reads the credentials for the next requests from files and programs.
   *
   * @throws Error whose first line says what cannot be read or run
   */
  credentials(): Promise<Credentials>;
  /**
   * Whether the certificate of the server is verified; false if the kubeconfig disables the
   * verification.
   */
  readonly isVerified: boolean;
  /** A sentence that may explain denied credentials; undefined if none is known. */
  hint(): string | undefined;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsOptions;
  /** Creates a connection pool that goes through a proxy. */
  readonly detour?: (tls: TlsOptions) => Promise<Agent>;
}

/** How to verify the server, and the client certificate. */
export type TlsOptions = Pick<
  SecureContextOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase'
> & {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

/** Environment variables that configure the access. */
export type AccessEnvironment = Readonly<Record<string, string | undefined>>;
