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

/** More are rather somebody's experiment than installations, and a person is asked in any case. */
const maxListed = 50;
/** Whatever fails here fails again where it is told better. */
const tries = 2;

/**
 * The CronJobs and Deployments of wave-cron with such labels that do passes.
 *
 * @param namespace undefined: all
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

/** Undefined where the ConfigMap has no such key. */
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
