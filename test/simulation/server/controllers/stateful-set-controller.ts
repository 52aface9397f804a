/** Rolls out StatefulSets, one Pod at a time, as the real controller does. */
import { type JsonMap, mapOf, numberOf, textOf } from '../json.ts';
import { resources } from '../resources.ts';
import { matches } from '../selector.ts';
import type { Stored } from '../store.ts';
import { asController, type ControllerDeps, tryTo } from './controller.ts';
import {
  controlled,
  controllerOwner,
  isDeleting,
  isReady,
  labelsOf,
  ownerReference,
  replicasOf,
  specOf,
  statusOf,
  WorkloadController,
  withoutZeros,
  writeStatus,
} from './owned.ts';
import { deletePod } from './replica-set-controller.ts';
import { generationOf, type Revisions, syncRevisions, truncate } from './revisions.ts';

const revisionLabel = 'controller-revision-hash';
const hashLabel = 'controller.kubernetes.io/hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

export function statefulSetController(deps: ControllerDeps): WorkloadController {
  const sync = (stored: Stored) => new StatefulRollout(deps, stored).sync();
  return new WorkloadController('stateful set controller', deps, resources.statefulSets, sync);
}

const isOver = (pod: Stored): boolean => {
  const { phase } = statusOf(pod);
  return phase === 'Failed' || phase === 'Succeeded';
};
const isRunning = (pod: Stored): boolean => statusOf(pod)['phase'] === 'Running' && isReady(pod);
const isUnavailable = (pod: Stored | undefined): boolean =>
  pod === undefined || !isRunning(pod) || isDeleting(pod);
const revisionIn = (pod: Stored): string => textOf(labelsOf(pod)[revisionLabel]);
const ordinalOf = ({ name }: Stored): number => Number(/-(\d+)$/.exec(name)?.[1] ?? -1);

class StatefulRollout {
  readonly #deps: ControllerDeps;
  readonly #set: Stored;
  #current = '';
  #update = '';

  constructor(deps: ControllerDeps, set: Stored) {
    this.#deps = deps;
    this.#set = set;
  }

  sync(): void {
    // A StatefulSet that is being deleted cannot adopt its revisions again, so its controller stops
    // here.
    if (isDeleting(this.#set) && this.#hasOrphans()) return;
    const revisions = syncRevisions(this.#deps, this.#set, hashLabel);
    if (revisions === undefined) return;
    const { currentRevision } = statusOf(this.#set);
    const current = revisions.all.find(({ name }) => name === currentRevision);
    this.#update = revisions.newest.name;
    this.#current = (current ?? revisions.newest).name;
    const before = this.#pods();
    if (!isDeleting(this.#set)) this.#move(revisions);
    const removed = before.filter((pod) => this.#deletedForUpdate.has(pod.name));
    this.#writeStatus(removed);
    this.#truncate(revisions);
  }

  #hasOrphans(): boolean {
    const { selector } = specOf(this.#set);
    return this.#deps.store
      .list(resources.controllerRevisions, this.#set.namespace)
      .some(
        (each) => controllerOwner(each) === undefined && matches(mapOf(selector), labelsOf(each)),
      );
  }

  readonly #deletedForUpdate = new Set<string>();

  #pods(): Stored[] {
    return controlled(this.#deps, this.#set, resources.pods);
  }

  /** Creates and deletes as many Pods as the policy now allows. */
  #move(revisions: Revisions): void {
    const isOrdered = specOf(this.#set)['podManagementPolicy'] !== 'Parallel';
    const replicas = replicasOf(this.#set);
    const pods = new Map(this.#pods().map((pod) => [ordinalOf(pod), pod]));
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      if (this.#moveOne(revisions, pods.get(ordinal), ordinal, isOrdered)) return;
    }
    const condemned = [...pods.values()]
      .filter((pod) => ordinalOf(pod) >= replicas)
      .sort((a, b) => ordinalOf(b) - ordinalOf(a));
    const firstBroken = condemned.findLast(isUnavailable);
    for (const pod of condemned) {
      if (isDeleting(pod)) {
        if (isOrdered) return;
        continue;
      }
      if (isOrdered && !isRunning(pod) && pod !== firstBroken) return;
      deletePod(this.#deps, pod);
      if (isOrdered) return;
    }
    this.#replace(replicas);
  }

  /** Returns whether the controller must do nothing else now. */
  #moveOne(
    revisions: Revisions,
    pod: Stored | undefined,
    ordinal: number,
    isOrdered: boolean,
  ): boolean {
    if (pod === undefined) {
      this.#create(revisions, ordinal);
      return isOrdered;
    }
    if (isOver(pod)) {
      if (!isDeleting(pod)) deletePod(this.#deps, pod);
      return true;
    }
    return isOrdered && (isDeleting(pod) || !isRunning(pod));
  }

  #create({ all, newest }: Revisions, ordinal: number): void {
    const { type, rollingUpdate } = mapOf(specOf(this.#set)['updateStrategy']);
    const partition = numberOf(mapOf(rollingUpdate)['partition']);
    const current = all.find(({ name }) => name === this.#current) ?? newest;
    const keepsOld =
      type === 'RollingUpdate' &&
      (rollingUpdate === undefined
        ? ordinal < numberOf(statusOf(this.#set)['currentReplicas'])
        : ordinal < partition);
    const revision = keepsOld ? current : newest;
    const template = mapOf(mapOf(mapOf(revision.object['data'])['spec'])['template']);
    const { labels, annotations } = mapOf(template['metadata']);
    const name = `${this.#set.name}-${ordinal}`;
    const pod: JsonMap = {
      metadata: {
        ...{ name, generateName: `${this.#set.name}-` },
        labels: {
          ...mapOf(labels),
          [revisionLabel]: revision.name,
          ...{ [podNameLabel]: name, [indexLabel]: String(ordinal) },
        },
        ...(annotations === undefined ? {} : { annotations }),
        ownerReferences: [ownerReference(this.#set)],
      },
      spec: {
        ...mapOf(template['spec']),
        hostname: name,
        ...(textOf(specOf(this.#set)['serviceName']) === ''
          ? {}
          : { subdomain: textOf(specOf(this.#set)['serviceName']) }),
      },
    };
    tryTo(() => this.#deps.writer.create(resources.pods, this.#set.namespace, pod, asController));
  }

  /** Deletes the last Pod of an earlier template, unless a later Pod is not available. */
  #replace(replicas: number): void {
    const { type, rollingUpdate } = mapOf(specOf(this.#set)['updateStrategy']);
    if (type === 'OnDelete') return;
    const first = numberOf(mapOf(rollingUpdate)['partition']);
    const pods = new Map(this.#pods().map((pod) => [ordinalOf(pod), pod]));
    for (let ordinal = replicas - 1; ordinal >= first; ordinal--) {
      const pod = pods.get(ordinal);
      if (pod !== undefined && revisionIn(pod) !== this.#update && !isDeleting(pod)) {
        deletePod(this.#deps, pod);
        this.#deletedForUpdate.add(pod.name);
        return;
      }
      if (isUnavailable(pod)) return;
    }
  }

  #writeStatus(removed: readonly Stored[]): void {
    const { store } = this.#deps;
    const live = store.byUid(this.#set.uid);
    if (live === undefined) return;
    const pods = [...this.#pods(), ...removed.filter((each) => !store.byUid(each.uid))];
    const alive = pods.filter((pod) => !isDeleting(pod));
    const of = (revision: string) => alive.filter((pod) => revisionIn(pod) === revision).length;
    const ready = pods.filter(isRunning).length;
    const gone = removed.filter((pod) => revisionIn(pod) === this.#current).length;
    const counted = {
      ...{ replicas: pods.length, readyReplicas: ready, availableReplicas: ready },
      currentReplicas: of(this.#current) - gone,
      updatedReplicas: of(this.#update),
    };
    const isDone =
      mapOf(specOf(live)['updateStrategy'])['type'] === 'RollingUpdate' &&
      counted.updatedReplicas === replicasOf(live) &&
      counted.readyReplicas === replicasOf(live) &&
      counted.replicas === replicasOf(live);
    const status = {
      ...withoutZeros({
        observedGeneration: generationOf(this.#set),
        ...counted,
        currentReplicas: isDone ? counted.updatedReplicas : counted.currentReplicas,
        ...{ currentRevision: isDone ? this.#update : this.#current },
        updateRevision: this.#update,
      }),
      collisionCount: numberOf(statusOf(live)['collisionCount']),
      ...{ replicas: counted.replicas, availableReplicas: counted.availableReplicas },
    };
    writeStatus(this.#deps, live, status);
  }

  #truncate(revisions: Revisions): void {
    const used = new Set([this.#current, this.#update, ...this.#pods().map(revisionIn)]);
    const limit = numberOf(specOf(this.#set)['revisionHistoryLimit'] ?? 10);
    truncate(this.#deps, revisions, used, limit);
  }
}
