import type { ApiClient } from '../kubernetes/client/api-client.ts';
import {
  type Installation,
  type InstallationKind,
  type InstallationObject,
  installationOf,
} from './installation.ts';

/** Enough for any real installation. If there are several, a person has to choose anyway. */
const maxListed = 50;
/** If these requests fail, a later one fails too and reports the error better. */
const tries = 2;

/**
 * Lists the CronJobs and Deployments with these labels that run passes.
 *
 * @param namespace undefined: all namespaces
 */
export async function listInstallations(
  api: ApiClient,
  namespace: string | undefined,
  labelSelector: string,
): Promise<Installation[]> {
  const where = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const list = async (kind: InstallationKind, path: string): Promise<Installation[]> => {
    const query = { labelSelector, limit: maxListed };
    const answer = await api.request<{
      readonly items?: readonly InstallationObject[] | null;
    } | null>({ method: 'GET', path, query, tries });
    return (answer?.items ?? []).flatMap((object) => installationOf(kind, object) ?? []);
  };
  const lists = await Promise.all([
    list('CronJob', `/apis/batch/v1${where}/cronjobs`),
    list('Deployment', `/apis/apps/v1${where}/deployments`),
  ]);
  return lists.flat();
}

/** Undefined if the ConfigMap does not have the key. */
export async function readConfigMapKey(
  api: ApiClient,
  { namespace, name, key }: { namespace: string; name: string; key: string },
): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
  const { data } = await api.request<{
    readonly data?: Readonly<Record<string, unknown>> | null;
  }>({ method: 'GET', path, tries });
  const text = data?.[key];
  return typeof text === 'string' ? text : undefined;
}
