/** Workloads that share one ConfigMap, with Pods that become Ready or not, and a record of all their rollouts. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../../../lib/rules/report.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { watchObjects } from '../../../tools/control-plane/watch.ts';
import { type NodeAgent, startNodeAgent } from '../../../tools/node-agent/node-agent.ts';
import { hashAnnotation, optedIn, prefix, runPass } from '../run-pass.ts';

export interface Member {
  readonly name: string;
  readonly order?: number;
  readonly spec?: Fields;
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
}

export interface Fleet {
  readonly namespace: string;
  readonly agent: NodeAgent;
  readonly rollouts: RolloutRecord;
  create(members: readonly Member[]): Promise<void>;
  /** Changes the ConfigMap. With the value `bad`, Pods do not become Ready. */
  change(value: string): Promise<void>;
  pass(rollouts?: Partial<Settings['rollouts']>): Promise<Report>;
  /** Runs passes until a report fits, and returns that report. */
  passUntil(
    fits: (report: Report) => boolean,
    rollouts: Partial<Settings['rollouts']>,
  ): Promise<Report>;
  /** Returns when all Pods of all workloads are Ready and have the newest template. */
  healthy(): Promise<void>;
}

/** On a busy machine, twenty workloads with two rollouts at a time take a minute. */
const longestWaitMs = 240_000;

export const reasonsOf = ({ outcomes }: Report): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...Map.groupBy(outcomes, ({ reason }) => reason)].map(([reason, all]) => [reason, all.length]),
  );

export const isDone = (report: Report): boolean =>
  report.outcomes.every(({ reason }) => reason === 'UpToDate');

export async function startFleet(t: TestContext, members: readonly Member[]): Promise<Fleet> {
  const { api, cluster } = testCluster();
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'app', data: { value: 'good' } }));
  const agent = await startNodeAgent({
    ...{ cluster, namespaces: [namespace], images: {}, readsSources: true },
    crashesWith: (_, sources) => sources.get('ConfigMap/app')?.get('value')?.toString() === 'bad',
  });
  t.after(() => agent.stop());
  const rollouts = new RolloutRecord();
  const create: Fleet['create'] = async (all) => {
    for (const each of all) await api.create(workload(namespace, each));
  };
  await create(members);
  const pass: Fleet['pass'] = (more = {}) =>
    runPass(namespace, { settings: { rollouts: { ...defaultSettings.rollouts, ...more } } });
  const healthy = async () => {
    const end = Date.now() + longestWaitMs;
    for (;;) {
      const open = (await listAll(namespace)).filter((each) => !isComplete(each));
      if (open.length === 0) return;
      if (Date.now() > end) throw new Error(`not healthy: ${JSON.stringify(open)}`);
      await sleep(100);
    }
  };
  await healthy();
  await pass();
  await healthy();
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
    const watch = await watchObjects(cluster, path(kind, namespace), (object, type) =>
      rollouts.see(object, type),
    );
    t.after(() => watch.stop());
    rollouts.watches.push(watch);
  }
  return {
    ...{ namespace, agent, rollouts, create, pass, healthy },
    async change(value) {
      await api.patch(path('ConfigMap', namespace, 'app'), { data: { value } });
    },
    async passUntil(fits, settings) {
      for (const end = Date.now() + longestWaitMs; Date.now() < end; ) {
        const report = await pass(settings);
        if (fits(report)) return report;
        await sleep(100);
      }
      return assert.fail(`no pass fits: ${JSON.stringify((await pass(settings)).outcomes)}`);
    },
  };
}

async function listAll(namespace: string): Promise<KubernetesObject[]> {
  const { api } = testCluster();
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
  const lists = kinds.map(async (kind) => {
    const items = await api.list<KubernetesObject>(path(kind, namespace));
    return items.map((item) => ({ ...item, kind }));
  });
  return (await Promise.all(lists)).flat();
}

const labels = (name: string) => ({ app: name });

function workload(namespace: string, { name, order, spec = {}, kind = 'Deployment' }: Member) {
  const annotations = {
    ...optedIn,
    ...(order === undefined ? {} : { [`${prefix}/rollout-order`]: String(order) }),
  };
  const container = {
    ...{ name: 'main', image: 'example.com/main:1' },
    env: [{ name: 'VALUE', valueFrom: { configMapKeyRef: { name: 'app', key: 'value' } } }],
  };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace, name, annotations },
    spec: {
      ...(kind === 'Deployment' ? { progressDeadlineSeconds: 3 } : {}),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      ...(kind === 'DaemonSet' ? {} : { replicas: 1 }),
      selector: { matchLabels: labels(name) },
      template: {
        metadata: { labels: labels(name) },
        spec: { terminationGracePeriodSeconds: 0, containers: [container] },
      },
      ...spec,
    },
  };
}

const hashOf = ({ spec }: KubernetesObject): string => {
  const template = spec?.['template'] as KubernetesObject | undefined;
  return template?.metadata.annotations?.[hashAnnotation] ?? '';
};

/** Whether the rollout is complete, by the rules of `kubectl rollout status`. */
export function isComplete({ kind, metadata, spec = {}, status = {} }: KubernetesObject): boolean {
  if (Number(status['observedGeneration'] ?? 0) < Number(metadata['generation'])) return false;
  const count = (field: string) => Number(status[field] ?? 0);
  if (kind === 'DaemonSet') {
    const wanted = count('desiredNumberScheduled');
    return count('updatedNumberScheduled') === wanted && count('numberAvailable') === wanted;
  }
  const wanted = Number(spec['replicas'] ?? 1);
  if (spec['paused'] === true) return true;
  return (
    count('updatedReplicas') === wanted &&
    count('replicas') === wanted &&
    count('availableReplicas') === wanted
  );
}

/**
 * The rollouts of the workloads, from every version of the workloads that the API server sends to a
 * watch.
 */
export class RolloutRecord {
  readonly watches: { stop(): Promise<void> }[] = [];
  /** Two maps by workload: all hashes that its template has had, and the hash with which it was last complete. */
  readonly #hashes = new Map<string, string[]>();
  readonly #complete = new Map<string, string>();
  /** All starts and ends of rollouts, in the order in which they happened. */
  readonly log: { readonly name: string; readonly what: 'start' | 'end' }[] = [];
  /** The highest number of unfinished rollouts at one time. */
  most = 0;

  see(object: KubernetesObject, type: string): void {
    const name = `${object.kind}/${object.metadata.name}`;
    const hash = hashOf(object);
    const known = this.#hashes.get(name) ?? [];
    this.#hashes.set(name, known);
    if (type === 'ADDED') {
      known.push(hash);
      this.#complete.set(name, hash);
      return;
    }
    if (known.at(-1) !== hash) {
      known.push(hash);
      this.log.push({ name, what: 'start' });
    }
    if (this.#complete.get(name) !== hash && isComplete(object)) {
      this.#complete.set(name, hash);
      this.log.push({ name, what: 'end' });
    }
    this.most = Math.max(this.most, this.unfinished.length);
  }

  get unfinished(): readonly string[] {
    return [...this.#hashes].flatMap(([name, all]) =>
      this.#complete.get(name) === all.at(-1) ? [] : [name],
    );
  }

  /** The number of rollouts of each workload. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#hashes].map(([name, all]) => [name, all.length - 1]));
  }

  /** Returns when all events so far have been seen. */
  async settled(): Promise<void> {
    for (const watch of this.watches.splice(0)) await watch.stop();
  }
}
