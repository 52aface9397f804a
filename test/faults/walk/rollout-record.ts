/** Records every version of the workloads in a walk that the API server has stored. */
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
  /** The time at which the version was seen, by the clock of this machine. */
  readonly seenAt: number;
  /** The config hash on the template; empty if there is none. */
  readonly hash: string;
  /** The template without wave-cron's annotations. */
  readonly template: string;
  readonly replicas: number;
  /** Whether all Pods have the template and are available. */
  readonly isComplete: boolean;
  /** Whether the controller replaces Pods of this workload, and passes handle it. */
  readonly isActive: boolean;
  /**
   * The time since when the controller reports that the rollout has failed, by the clock of this
   * machine; undefined if the rollout has not failed, or if the controller has not seen the last
   * change yet.
   */
  readonly failedAt: number | undefined;
  /** Like `failedAt`, even if the controller has not seen the last change yet. */
  readonly saidAt: number | undefined;
  /** The time of the last write to the template by a manager other than wave-cron. */
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
    // Without the annotation, the namespace opts the workload in.
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

  /** The versions before the version with this number, the oldest version first. */
  before(uid: string, number: bigint): readonly Version[] {
    return (this.#versions.get(uid) ?? []).filter((each) => each.number < number);
  }

  /** The last version of the workload. */
  newest(uid: string): Version | undefined {
    return this.#versions.get(uid)?.at(-1);
  }

  /** Returns when the record contains all changes that were made before the call. */
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

  /** The active versions that were in force at or after this time, by the clock of this machine. */
  since(time: number): readonly Version[] {
    return [...this.#versions.values()].flatMap((all) => {
      const first = all.findLastIndex(({ seenAt }) => seenAt < time);
      return all.slice(Math.max(first, 0)).filter(({ isActive }) => isActive);
    });
  }

  /** Whether there is a rollout that is neither complete nor reported as failed. */
  isAnyOnItsWay(): boolean {
    return this.newestOfAll().some(
      ({ isComplete, failedAt }) => !isComplete && failedAt === undefined,
    );
  }

  async stop(): Promise<void> {
    for (const watch of this.#watches.splice(0)) await watch.stop();
  }
}

/**
 * The versions since wave-cron wrote the last hash; undefined if there is no hash, or if another client
 * removed it.
 */
export function sinceHash(versions: readonly Version[]): readonly Version[] | undefined {
  const hash = versions.at(-1)?.hash ?? '';
  if (hash === '') return undefined;
  const before = versions.findLastIndex((each) => each.hash !== hash);
  return versions.slice(before + 1);
}

/** The versions that a reader could see between the version `from` and the last version. */
export function visibleFrom(versions: readonly Version[], from: bigint): readonly Version[] {
  const first = versions.findLastIndex(({ number }) => number <= from);
  return versions.slice(Math.max(first, 0));
}
