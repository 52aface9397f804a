import type { ApiClient } from '../kubernetes/client/api-client.ts';
import { configMap } from '../kubernetes/kinds.ts';
import { listPath, objectPath } from '../kubernetes/paths.ts';
import {
  type Installation,
  type InstallationKind,
  type InstallationObject,
  installationForms,
  installationOf,
} from './installation.ts';

/**
 * The real number of installations is smaller. If there are several, a person has to choose one
 * anyway.
 */
const maxListed = 50;
/**
 * Only few attempts: if these requests fail, a later request fails too and reports the error
 * better.
 */
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
  const list = async (kind: InstallationKind, path: string): Promise<Installation[]> => {
    const query = { labelSelector, limit: maxListed };
    const answer = await api.request<{
      readonly items?: readonly InstallationObject[] | null;
    } | null>({ method: 'GET', path, query, tries });
    return (answer?.items ?? []).flatMap((object) => installationOf(kind, object) ?? []);
  };
  const lists = await Promise.all(
    installationForms.map((form) => list(form.kind, listPath(form, namespace))),
  );
  return lists.flat();
}

/** Undefined if the ConfigMap does not have the key. */
export async function readConfigMapKey(
  api: ApiClient,
  { namespace, name, key }: { namespace: string; name: string; key: string },
): Promise<string | undefined> {
  const path = objectPath(configMap, { namespace, name });
  const { data } = await api.request<{
    readonly data?: Readonly<Record<string, unknown>> | null;
  }>({ method: 'GET', path, tries });
  const text = data?.[key];
  return typeof text === 'string' ? text : undefined;
}
