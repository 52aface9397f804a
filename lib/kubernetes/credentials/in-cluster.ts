import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { AccessEnvironment, ClusterAccess } from './cluster-access.ts';

/**
 * The folder in which the kubelet keeps token, certificate authority and namespace of the service
 * account.
 */
const folder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The access with the service account of the Pod of this process; undefined outside a Pod.
 *
 * The files are read without the client library. Its import takes longer than everything else
 * before the first request, and a Pod that runs each minute must not wait for it.
 */
export function podAccess(environment: AccessEnvironment): ClusterAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host || !existsSync(join(folder, 'token'))) return undefined;
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    origin: 'the service account of this Pod',
    ofPod: true,
    namespace: ownNamespace(),
    isVerified: true,
    async credentials() {
      const [token, ca] = await Promise.all([
        readFile(join(folder, 'token'), 'utf8'),
        readFile(join(folder, 'ca.crt')),
      ]);
      return {
        headers: { Authorization: `Bearer ${token.trim()}` },
        tls: { ca, rejectUnauthorized: true },
      };
    },
    hint: () => undefined,
  };
}

function ownNamespace(): string | undefined {
  const file = join(folder, 'namespace');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
}
