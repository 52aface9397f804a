/**
 * One pass of the code under test against the control plane of the tests, confined to what a test
 * owns, since all tests share a cluster:
 *
 *     const report = await runPass(namespace);
 *     assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
 *
 * A pass over all namespaces is confined by an annotation prefix of its own: see `optedIn`.
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
  /** The administrator's where not given. */
  kubeconfig?: string;
  write?: boolean;
  /** The workloads of a partial pass. */
  only?: NamedWorkloads;
  signal?: AbortSignal;
  observer?: PassObserver;
  /** What the clock on the wall says; default: the time. */
  wallTime?: () => Date;
  /** Default: none guards the pass. */
  lease?: LeaseDeps;
  /** How long one try of a request to such a path may take. */
  timeout?: Timeout;
};
export type Timeout = { path: RegExp; ms: number };

/**
 * Runs one pass over one namespace, or with `settings.namespaces` over others, once controllers
 * have seen the workloads there.
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

/** What the audit log has of a pass in one namespace. */
export const requestsIn = (namespace: string): AuditFilter => ({
  userAgent: /^wave-cron\//,
  namespace,
});

/** Every verb of the API that changes something. */
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

/** The annotations that a workload's template has now. */
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

/** The events of wave-cron about a workload, the oldest first. */
export async function eventsAbout(namespace: string, name: string): Promise<EventObject[]> {
  const events = await testCluster().api.list<EventObject>(path('Event', namespace));
  return events
    .filter((it) => it.reportingController === 'wave-cron' && it.regarding.name === name)
    .sort((a, b) => String(a['eventTime']).localeCompare(String(b['eventTime'])));
}

/** To read the annotations of its own namespace: RBAC treats a Namespace as an object in itself. */
export const permissionOnNamespace: Rule = {
  apiGroups: [''],
  resources: ['namespaces'],
  verbs: ['get'],
};
/** The permissions of a pass in one namespace, without any on Secrets and ConfigMaps. */
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
/** What a pass needs as well with ownership: references or finalizer. */
export const permissionsOfOwnership: readonly Rule[] = [
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['patch'] },
  {
    apiGroups: [''],
    resources: ['namespaces'],
    verbs: ['get'],
    resourceNames: ['kube-system'],
  },
];
