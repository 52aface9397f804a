/**
 * The agent's own access to the API server, so that the audit log distinguishes it from the
 * administrator.
 */
import { readFileSync } from 'node:fs';
import { type Api, connectWith } from '../control-plane/api.ts';
import type { Cluster } from '../control-plane/cluster-folder.ts';

export function connectAs(cluster: Cluster, userAgent: string): Api {
  const { url, caFile } = cluster;
  const organizations = ['system:masters'];
  const credentials = cluster.clientCertificate({ commonName: userAgent, organizations });
  return connectWith({ url, authority: readFileSync(caFile, 'utf8'), credentials, userAgent });
}
