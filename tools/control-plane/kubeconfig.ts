/** The text of kubeconfig files. All data is inline, so the file can be copied to any folder. */
import { stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

export type Credentials = KeyPair | { token: string } | { tokenFile: string };

export type KubeconfigOptions = {
  url: string;
  /** The certificate authority, in PEM format. */
  authority: string;
  credentials: Credentials;
  /** The namespace of the context. Default: `default`. */
  namespace?: string;
};

/** Returns YAML with one cluster, one user and one context, all named `wave-cron-test`. */
export function kubeconfig({ url, authority, credentials, namespace }: KubeconfigOptions): string {
  const name = 'wave-cron-test';
  const cluster = { server: url, 'certificate-authority-data': base64(authority) };
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user: userOf(credentials) }],
    contexts: [{ name, context }],
    'current-context': name,
  });
}

function userOf(credentials: Credentials): Record<string, string> {
  if ('token' in credentials || 'tokenFile' in credentials) return { ...credentials };
  return {
    'client-certificate-data': base64(credentials.certificate),
    'client-key-data': base64(credentials.key),
  };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
