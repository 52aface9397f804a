/**
 * The files of a control plane. Any process that knows the folder can use it:
 *
 *     kubeconfig       the administrator (system:masters)
 *     url              where the API server answers
 *     pki/             ca.crt, ca.key and the keys of the programs
 *     kubeconfigs/     of other users, made by kubeconfigFor
 *     logs/            a log of each program, and audit.log if that is enabled
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, connectWith } from './api.ts';
import { clientCertificate, type KeyPair, type Subject, type Validity } from './certificates.ts';
import { type Credentials, kubeconfig } from './kubeconfig.ts';

export type Cluster = {
  folder: string;
  url: string;
  caFile: string;
  /** A file with the permissions of cluster-admin. */
  kubeconfig: string;
  /** Undefined if the audit log is off. */
  auditLogFile: string | undefined;
  /**
   * A client certificate signed by the cluster's authority. With `notAfter` in the past, it is
   * expired.
   */
  clientCertificate(subject: Subject & Validity): KeyPair;
  /** Writes a kubeconfig for a certificate, a bearer token or a token file, and returns its path. */
  kubeconfigFor(credentials: Credentials, options?: { namespace?: string; url?: string }): string;
};

/** The paths of the files of a control plane in its folder. */
export const paths = {
  kubeconfig: 'kubeconfig',
  url: 'url',
  authority: 'pki/ca.crt',
  authorityKey: 'pki/ca.key',
  kubeconfigs: 'kubeconfigs',
  logs: 'logs',
  auditLog: 'logs/audit.log',
} as const;

/** A client of a cluster with the administrator's credentials. */
export function connect(cluster: Cluster): Api {
  const credentials = cluster.clientCertificate({
    commonName: 'wave-cron-test-admin',
    organizations: ['system:masters'],
  });
  return connectWith({
    url: cluster.url,
    authority: readFileSync(cluster.caFile, 'utf8'),
    credentials,
  });
}

/** The cluster whose control plane has its files in `folder`. */
export function openCluster(folder: string): Cluster {
  const path = (file: string) => join(folder, file);
  const read = (file: string) => readFileSync(path(file), 'utf8');
  const url = read(paths.url);
  const authority = read(paths.authority);
  return {
    folder,
    url,
    caFile: path(paths.authority),
    kubeconfig: path(paths.kubeconfig),
    auditLogFile: existsSync(path(paths.auditLog)) ? path(paths.auditLog) : undefined,
    clientCertificate: (subject) =>
      clientCertificate({ certificate: authority, key: read(paths.authorityKey) }, subject),
    kubeconfigFor(credentials, options = {}) {
      mkdirSync(path(paths.kubeconfigs), { recursive: true });
      const file = path(join(paths.kubeconfigs, randomBytes(6).toString('hex')));
      writeFileSync(file, kubeconfig({ url, authority, credentials, ...options }), { mode: 0o600 });
      return file;
    },
  };
}
