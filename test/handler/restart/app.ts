/** A workload on the node agent. Its Pods print the values that they were started with. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Report } from '../../../lib/rules/report.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import {
  type Api,
  type Fields,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import { rollouts, testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { hostImage } from '../../../tools/node-agent/images.ts';
import { type NodeAgent, startNodeAgent } from '../../../tools/node-agent/node-agent.ts';
import { restricted, restrictedContainer } from '../../../tools/node-agent/testing.ts';
import { optedIn, prefix, runPass, type WorkloadKind } from '../run-pass.ts';

export const image = 'example.com/app:1';
const volumeFile = '/config/settings/level';
const subPathFile = '/config/level';

/** Waits until the next second begins, because times in the API are whole seconds. */
export const nextSecond = () => pause(1_050 - (Date.now() % 1_000));

const labels = { 'app.kubernetes.io/name': 'wave-cron', app: 'web' };

export interface PodOptions {
  readonly toleration?: Fields;
  /** Whether the Pods also use a mount with `subPath`. Without one, a Pod starts even if the ConfigMap is missing. */
  readonly subPath?: boolean;
}

/** The spec of Pods that read the ConfigMap `settings` in every possible way. */
export function podSpec(
  name = 'settings',
  { toleration, subPath = true }: PodOptions = {},
): Fields {
  return {
    securityContext: restricted,
    terminationGracePeriodSeconds: 1,
    ...(toleration === undefined ? {} : { tolerations: [toleration] }),
    containers: [
      {
        ...{ name: 'main', image, args: [volumeFile, ...(subPath ? [subPathFile] : [])] },
        securityContext: restrictedContainer,
        env: [{ name: 'APP_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }],
        envFrom: [{ prefix: 'APP_', configMapRef: { name, optional: true } }],
        volumeMounts: [
          { name: 'settings', mountPath: '/config/settings' },
          ...(subPath ? [{ name: 'settings', mountPath: subPathFile, subPath: 'level' }] : []),
        ],
      },
    ],
    volumes: [{ name: 'settings', configMap: { name, optional: true } }],
  };
}

export const template = (podAnnotations: Record<string, string>, spec: Fields = podSpec()) => ({
  metadata: { labels, annotations: podAnnotations },
  spec,
});

export function workload(kind: WorkloadKind, namespace: string, more: Fields = {}) {
  const replicas = kind === 'DaemonSet' ? {} : { replicas: 2 };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace, name: 'web', annotations: optedIn },
    spec: {
      ...replicas,
      ...(kind === 'StatefulSet' ? { serviceName: 'web', podManagementPolicy: 'Parallel' } : {}),
      selector: { matchLabels: { app: 'web' } },
      template: template({}),
      ...more,
    },
  } satisfies KubernetesObject & Fields;
}

export interface App {
  readonly api: Api;
  readonly namespace: string;
  readonly agent: NodeAgent;
  readonly kind: WorkloadKind;
  /** Changes data of the ConfigMap `settings`. The value null removes a key. */
  change(data: Record<string, string | null>): Promise<void>;
  /** Starts a rollout, as Helm's checksum annotation does. */
  roll(checksum: string): Promise<void>;
  /** Runs one pass with `restart: if-stale`. There is only one API server, so its clock needs no tolerance. */
  pass(settings?: Partial<Settings>): Promise<Report>;
  /** Runs a pass. Returns the reason of the workload, with the sentence if it is ConfigChanged. */
  reason(settings?: Partial<Settings>): Promise<string>;
  /** Returns when every Pod of the workload is Ready and has the newest template. */
  done(): Promise<void>;
  rollouts(): Promise<number>;
  /**
   * The values of `level` with which each Pod that is not being deleted was started. All ways of
   * reading `level` should give the same value.
   */
  running(): Promise<string[]>;
  /** All values with which each Pod that is not being deleted was started. */
  environments(): Promise<Record<string, string | null>[]>;
}

const levels = (said: Record<string, string | null>): string => {
  const { APP_level: level = null, APP_UID: _, ...files } = said;
  const read = new Set([level, ...Object.values(files)]);
  return [...read].map((each) => each ?? 'none').join(' and ');
};

/** No limit of rollouts, because tests change sources more often than a limit allows. */
const noLimit = { ...defaultSettings.rollouts, limit: { count: 0, period: '1h' } };

/** Starts a node agent in a namespace without a workload. */
export async function emptyApp(t: TestContext, kind: WorkloadKind = 'Deployment'): Promise<App> {
  const { api, cluster } = testCluster();
  const namespace = await testNamespace(t);
  const images = {
    [image]: hostImage({
      folders: { '/app': join(import.meta.dirname, 'image') },
      entrypoint: ['node', '/app/main.ts'],
    }),
  };
  const agent = await startNodeAgent({ cluster, namespaces: [namespace], images });
  t.after(() => agent.stop());
  return appIn({ api, namespace, agent, kind });
}

/** Starts a node agent and a workload in a new namespace. A first pass has written its hash. */
export async function startApp(
  t: TestContext,
  kind: WorkloadKind = 'Deployment',
  options: PodOptions = {},
): Promise<App> {
  const it = await emptyApp(t, kind);
  const { api, namespace, agent } = it;
  const metadata = { namespace, name: 'settings' };
  await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { level: 'A' } });
  const toleration = kind === 'DaemonSet' ? { toleration: agent.toleration } : {};
  const spec = podSpec('settings', { ...options, ...toleration });
  await api.create(workload(kind, namespace, { template: template({}, spec) }));
  await it.done();
  // This pass writes the hash, with a record that names the keys of the source.
  await it.pass();
  await it.done();
  await nextSecond();
  return it;
}

export function appIn({
  api,
  namespace,
  agent,
  kind,
}: Pick<App, 'api' | 'namespace' | 'agent' | 'kind'>): App {
  const file = path(kind, namespace, 'web');
  const pods = async () => {
    const all = await api.list<KubernetesObject & { status?: { phase?: string } }>(
      path('Pod', namespace),
    );
    return all.filter(
      ({ metadata }) =>
        metadata['deletionTimestamp'] == null && metadata.ownerReferences !== undefined,
    );
  };
  const environments: App['environments'] = async () =>
    Promise.all(
      (await pods()).map(async ({ metadata }) => {
        // A new Pod of a StatefulSet has the name of the one before.
        const line = () =>
          agent
            .logs(namespace, metadata.name)
            .split('\n')
            .find((each) => each.includes(String(metadata.uid)));
        await api.waitFor(path('Pod', namespace, metadata.name), () => line() !== undefined);
        return JSON.parse(line() ?? '');
      }),
    );
  const pass: App['pass'] = (settings = {}) =>
    runPass(namespace, {
      settings: { restart: 'if-stale', clockTolerance: '0s', rollouts: noLimit, ...settings },
    });
  return {
    ...{ api, namespace, agent, kind, pass },
    async change(data) {
      await api.patch(path('ConfigMap', namespace, 'settings'), { data }, 'merge');
    },
    async roll(checksum) {
      const annotations = { 'example.com/checksum': checksum };
      await api.patch(file, { spec: { template: { metadata: { annotations } } } });
    },
    async reason(settings) {
      const { outcomes } = await pass(settings);
      const [outcome] = outcomes;
      assert.ok(outcome, 'the workload is not seen');
      return `${outcome.reason}${outcome.reason === 'ConfigChanged' ? `: ${outcome.sentence}` : ''}`;
    },
    async done() {
      await api.waitFor(file, (it) => {
        const { status = {}, metadata, spec } = it ?? {};
        if (Number(status['observedGeneration'] ?? 0) < Number(metadata?.['generation']))
          return false;
        const wanted = kind === 'DaemonSet' ? 1 : spec?.['replicas'];
        const [ready, updated, all] =
          kind === 'DaemonSet'
            ? ['numberReady', 'updatedNumberScheduled', 'currentNumberScheduled']
            : ['readyReplicas', 'updatedReplicas', 'replicas'];
        const counts = [ready, updated, all].map((field) => status[field as string] ?? 0);
        const settled =
          kind !== 'StatefulSet' || status['currentRevision'] === status['updateRevision'];
        return settled && counts.every((count) => count === wanted);
      });
    },
    rollouts: () => rollouts(kind, namespace, 'web'),
    environments,
    running: async () => (await environments()).map(levels).sort(),
  };
}

export const adoptedAnnotation = `${prefix}/adopted`;
