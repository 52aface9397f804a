/**
 * Runs one pass of the code under test against the control plane of the tests. All tests share a cluster, so a
 * pass only handles the objects of its own test:
 *
 *     const report = await runPass(namespace);
 *     assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
 *
 * A test of a pass over all namespaces uses its own annotation prefix: see `optedIn`.
 */

import type { NamedWorkloads } from '../../handler/pass/named.ts';
import { type PassObserver, pass } from '../../handler/pass/pass.ts';
import type { LeaseDeps } from '../../handler/with-lease.ts';
import { type ApiClient, createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../lib/kubernetes/cluster.ts';
import { connect } from '../../lib/kubernetes/credentials/connection.ts';
import type { Report } from '../../lib/rules/report.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import { defaultSettings, type Settings } from '../../lib/settings/schema.ts';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import type { AuditFilter } from '../../tools/control-plane/audit.ts';
import { type Rule, seenByControllers, testCluster } from '../../tools/control-plane/testing.ts';
import { withoutLeak } from '../secrets/planted.ts';

export type RunOptions = {
  settings?: Partial<Settings>;
  /** Default: the administrator's kubeconfig. */
  kubeconfig?: string;
  write?: boolean;
  /** The workloads of a partial pass. */
  only?: NamedWorkloads;
  signal?: AbortSignal;
  observer?: PassObserver;
  /** The wall clock; default: the system time. */
  wallTime?: () => Date;
  /** Default: the pass holds no Lease. */
  lease?: LeaseDeps;
  /** The timeout for one try of a request whose path matches. */
  timeout?: Timeout;
};
export type Timeout = { path: RegExp; ms: number };

/**
 * Waits until the controllers have seen the workloads of a namespace, and runs one pass over it. With
 * `settings.namespaces`, the pass handles those namespaces instead.
 */
export async function runPass(namespace: string, options: RunOptions = {}): Promise<Report> {
  const { settings, kubeconfig = testCluster().cluster.kubeconfig, write = true } = options;
  const { only, signal, observer, timeout, lease, wallTime = systemClock.wallTime } = options;
  await Promise.all(
    [namespace, ...(settings?.namespaces ?? [])].map((it) => seenByControllers(it)),
  );
  const connection = await connect({ kubeconfig, context: undefined }, {});
  try {
    const client = createApiClient(connection);
    return await withoutLeak('a pass', () =>
      pass(
        {
          settings: { ...defaultSettings, namespaces: [namespace], ...settings },
          write,
          ...(only === undefined ? {} : { only }),
        },
        {
          cluster: createCluster(timeout === undefined ? client : withTimeout(client, timeout)),
          traffic: client.traffic,
          clock: { ...systemClock, wallTime },
          identity: 'wave-cron-of-a-test',
          ...(lease === undefined ? {} : { lease }),
          ...(signal === undefined ? {} : { signal }),
          ...(observer === undefined ? {} : { observer }),
        },
      ),
    );
  } finally {
    connection.close();
  }
}

export const withTimeout = (client: ApiClient, { path, ms }: Timeout): ApiClient => ({
  ...client,
  request: (request) =>
    client.request(path.test(request.path) ? { ...request, timeoutMs: ms } : request),
});

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';
export const workloadKinds: readonly WorkloadKind[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

export const prefix = 'wave.pusher.com';
export const optedIn = { [`${prefix}/update-on-config-change`]: 'true' };
export const hashAnnotation = `${prefix}/config-hash`;
export const sourcesAnnotation = `${prefix}/config-sources`;

/** The filter of the audit log for the requests of passes in one namespace. */
export const requestsIn = (namespace: string): AuditFilter => ({
  userAgent: /^wave-cron\//,
  namespace,
});

/** All verbs of the API that change objects. */
export const writeVerbs = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** The reason of each outcome, by `kind/name`. */
export function reasonsIn(report: Report): Record<string, string> {
  return Object.fromEntries(
    report.outcomes.map(({ kind, name, reason }) => [`${kind}/${name}`, reason]),
  );
}

export function outcomeOf(report: Report, name: string): Report['outcomes'][number] {
  const outcome = report.outcomes.find((it) => it.name === name);
  if (outcome === undefined) throw new Error(`no outcome of ${name}: ${JSON.stringify(report)}`);
  return outcome;
}

/** The current annotations of a workload's template. */
export async function templateAnnotations(
  namespace: string,
  name: string,
  kind: WorkloadKind = 'Deployment',
): Promise<Record<string, string>> {
  const { spec } = await testCluster().api.get<{
    spec: { template: { metadata: { annotations?: Record<string, string> } } };
  }>(path(kind, namespace, name));
  return spec.template.metadata.annotations ?? {};
}

export type EventObject = KubernetesObject & {
  type: string;
  reason: string;
  note: string;
  action: string;
  reportingController: string;
  regarding: { kind: string; namespace: string; name: string; uid: string };
  series?: { count: number; lastObservedTime: string };
};

/** The Events by wave-cron about a workload, oldest first. */
export async function eventsAbout(namespace: string, name: string): Promise<EventObject[]> {
  const events = await testCluster().api.list<EventObject>(path('Event', namespace));
  return events
    .filter((it) => it.reportingController === 'wave-cron' && it.regarding.name === name)
    .sort((a, b) => String(a['eventTime']).localeCompare(String(b['eventTime'])));
}

/**
 * The permission to read the annotations of the account's own namespace. A role in a namespace can
 * grant this, because RBAC treats a Namespace as an object in itself.
 */
export const permissionOnNamespace: Rule = {
  apiGroups: [''],
  resources: ['namespaces'],
  verbs: ['get'],
};
/**
 * The permissions of a pass in one namespace, without the permissions for ConfigMaps and Secrets.
 */
export const permissionsOnWorkloads: readonly Rule[] = [
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'statefulsets', 'daemonsets'],
    verbs: ['list', 'get', 'patch'],
  },
  permissionOnNamespace,
];
export const permissionsOnRevisions: Rule = {
  apiGroups: ['apps'],
  resources: ['replicasets', 'controllerrevisions'],
  verbs: ['list'],
};
export const permissionsOnEvents: Rule = {
  apiGroups: ['events.k8s.io'],
  resources: ['events'],
  verbs: ['create', 'patch'],
};
export const getting = (...resources: readonly ('configmaps' | 'secrets')[]): Rule => ({
  apiGroups: [''],
  resources,
  verbs: ['get'],
});
/** The additional permissions for `ownership: references` and `ownership: finalizer`. */
export const permissionsOfOwnership: readonly Rule[] = [
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['patch'] },
  {
    apiGroups: [''],
    resources: ['namespaces'],
    verbs: ['get'],
    resourceNames: ['kube-system'],
  },
];
