/** The workloads of a walk in every version that the API server made of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { type Watch, watchObjects } from '../../../tools/control-plane/watch.ts';
import { isComplete } from '../../handler/pass/fleet.ts';
import { hashAnnotation, optedIn, workloadKinds } from '../../handler/run-pass.ts';

export type Version = {
  readonly number: bigint;
  readonly uid: string;
  readonly label: string;
  /** When it was seen, by the clock of this machine. */
  readonly seenAt: number;
  /** Of ours on the template, empty if there is none. */
  readonly hash: string;
  /** Everything else on the template. */
  readonly template: string;
  readonly replicas: number;
  /** All Pods have the template and are available. */
  readonly isComplete: boolean;
  /** Its controller replaces Pods, and a pass has to do with it. */
  readonly isActive: boolean;
  /** Since when its controller says that the rollout has failed, by the clock of this machine. */
  readonly failedAt: number | undefined;
  /** As `failedAt`, even if its controller has not seen its last change yet. */
  readonly saidAt: number | undefined;
  /** The last write by a manager of its template, other than wave-cron. */
  readonly othersAt: number;
};

type Template = { metadata?: { annotations?: Record<string, string> } };
type Condition = { type: string; reason?: string; lastTransitionTime?: string };

function versionOf(object: KubernetesObject, type: string): Version {
  const { kind, metadata, spec = {}, status = {} } = object;
  const template = (spec['template'] ?? {}) as Template;
  const { annotations = {}, ...rest } = template.metadata ?? {};
  const others = Object.entries(annotations).filter(([key]) => !key.includes('/config-'));
  const desired = Number(
    kind === 'DaemonSet' ? (status['desiredNumberScheduled'] ?? 0) : (spec['replicas'] ?? 1),
  );
  const conditions = (status['conditions'] ?? []) as Condition[];
  const isObserved = Number(status['observedGeneration'] ?? 0) >= Number(metadata['generation']);
  const failed = conditions.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  const saidAt = failed && Date.parse(failed.lastTransitionTime ?? '');
  const [optInKey = ''] = Object.keys(optedIn);
  const isActive =
    type !== 'DELETED' &&
    metadata['deletionTimestamp'] === undefined &&
    // Without it, the namespace opts it in.
    metadata.annotations?.[optInKey] !== 'false' &&
    spec['paused'] !== true &&
    desired > 0;
  return {
    number: BigInt(metadata.resourceVersion ?? 0),
    uid: metadata.uid ?? '',
    label: `${kind}/${metadata.name}`,
    seenAt: Date.now(),
    hash: annotations[hashAnnotation] ?? '',
    template: JSON.stringify({ ...template, metadata: { ...rest, annotations: others } }),
    replicas: Number(spec['replicas'] ?? 1),
    isComplete: isComplete(object),
    isActive,
    failedAt: isObserved ? saidAt : undefined,
    ...{ saidAt, othersAt: lastWriteByOthers(metadata) },
  };
}

type Managed = {
  manager: string;
  time: string;
  fieldsV1: { 'f:spec'?: { 'f:template'?: object } };
};

function lastWriteByOthers(metadata: KubernetesObject['metadata']): number {
  const managed = (metadata['managedFields'] ?? []) as Managed[];
  const times = managed
    .filter(({ manager }) => manager !== 'wave-cron')
    .flatMap(({ time, fieldsV1 }) => (fieldsV1['f:spec']?.['f:template'] ? Date.parse(time) : []));
  return Math.max(0, ...times);
}

export class RolloutRecord {
  readonly #versions = new Map<string, Version[]>();
  readonly #watches: Watch[] = [];
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  static async begin(namespace: string): Promise<RolloutRecord> {
    const record = new RolloutRecord(namespace);
    const { cluster } = testCluster();
    for (const kind of workloadKinds) {
      const watch = await watchObjects(cluster, path(kind, namespace), (object, type) =>
        record.#see(versionOf(object, type)),
      );
      record.#watches.push(watch);
    }
    return record;
  }

  #see(version: Version): void {
    const known = this.#versions.get(version.uid);
    if (known === undefined) this.#versions.set(version.uid, [version]);
    else known.push(version);
  }

  get uids(): readonly string[] {
    return [...this.#versions.keys()];
  }

  /** Those before the version with this number, the oldest first. */
  before(uid: string, number: bigint): readonly Version[] {
    return (this.#versions.get(uid) ?? []).filter((each) => each.number < number);
  }

  /** The last of all. */
  newest(uid: string): Version | undefined {
    return this.#versions.get(uid)?.at(-1);
  }

  /** Returns once it has seen all that had happened when it was called. */
  async catchUp(): Promise<void> {
    const { api } = testCluster();
    const lists = workloadKinds.map((kind) => api.list(path(kind, this.#namespace)));
    const there = new Map(
      (await Promise.all(lists))
        .flat()
        .map(({ metadata }) => [metadata.uid ?? '', BigInt(metadata.resourceVersion ?? 0)]),
    );
    const isSeen = () =>
      [...there].every(([uid, number]) => (this.newest(uid)?.number ?? 0n) >= number) &&
      this.uids.every((uid) => there.has(uid) || this.newest(uid)?.isActive === false);
    for (let left = 500; !isSeen(); left--) {
      if (left === 0) throw new Error('the watch is behind');
      await sleep(20);
    }
  }

  newestOfAll(): readonly Version[] {
    return this.uids.flatMap((uid) => this.newest(uid) ?? []).filter(({ isActive }) => isActive);
  }

  /** Those that are active and were in force at this time or after it, by the clock of this machine. */
  since(time: number): readonly Version[] {
    return [...this.#versions.values()].flatMap((all) => {
      const first = all.findLastIndex(({ seenAt }) => seenAt < time);
      return all.slice(Math.max(first, 0)).filter(({ isActive }) => isActive);
    });
  }

  /** Whether a rollout is neither complete nor said to have failed. */
  isAnyOnItsWay(): boolean {
    return this.newestOfAll().some(
      ({ isComplete, failedAt }) => !isComplete && failedAt === undefined,
    );
  }

  async stop(): Promise<void> {
    for (const watch of this.#watches.splice(0)) await watch.stop();
  }
}

/** The versions since the last hash of ours was written; undefined if there is none, or another client removed it. */
export function sinceHash(versions: readonly Version[]): readonly Version[] | undefined {
  const hash = versions.at(-1)?.hash ?? '';
  if (hash === '') return undefined;
  const before = versions.findLastIndex((each) => each.hash !== hash);
  return versions.slice(before + 1);
}

/** Those that somebody could see who read between the version `from` and the last one. */
export function visibleFrom(versions: readonly Version[], from: bigint): readonly Version[] {
  const first = versions.findLastIndex(({ number }) => number <= from);
  return versions.slice(Math.max(first, 0));
}
