/** Rolls out Deployments through their ReplicaSets, as the real controller does. */
import { isSame, type JsonMap, mapOf, mapsOf, numberOf, textOf } from '../json.ts';
import { resources } from '../resources.ts';
import type { Stored } from '../store.ts';
import { asController, type ControllerDeps, metadataOf, tryTo } from './controller.ts';
import { annotationsFor, cleanUp, revisionKey, revisionOf } from './deployment-history.ts';
import { desiredKey, limitsOf, maxKey } from './deployment-limits.ts';
import { availableIn, removeAvailable, removeUnhealthy } from './deployment-scaling.ts';
import { hasDeadline, plainStatus, statusOfRollout, timesOut } from './deployment-status.ts';
import {
  annotationsOf,
  byAge,
  conditionIn,
  controlled,
  hashOf,
  isDeleting,
  nowText,
  ownerReference,
  replicasOf,
  specOf,
  statusOf,
  templateOf,
  WorkloadController,
  withCondition,
  withoutLabel,
  write,
  writeStatus,
} from './owned.ts';
import { scaleInProportion } from './proportional-scaling.ts';

const hashLabel = 'pod-template-hash';
export function deploymentController(deps: ControllerDeps): WorkloadController {
  const sync = (stored: Stored) => new Rollout(deps, stored).sync();
  return new WorkloadController(
    'deployment controller',
    deps,
    resources.deployments,
    sync,
    timesOut,
  );
}

const sum = (sets: readonly Stored[], of: (set: Stored) => number): number =>
  sets.reduce((total, each) => total + of(each), 0);

class Rollout {
  readonly #deps: ControllerDeps;
  #deployment: Stored;

  constructor(deps: ControllerDeps, deployment: Stored) {
    this.#deps = deps;
    this.#deployment = deployment;
  }

  sync(): void {
    const sets = controlled(this.#deps, this.#deployment, resources.replicaSets).sort(byAge);
    if (isDeleting(this.#deployment)) {
      this.#existing(sets);
      this.#writePlainStatus(...this.#again());
      return;
    }
    this.#notePause();
    const isPaused = specOf(this.#deployment)['paused'] === true;
    const own = this.#existing(sets);
    const others = this.#others(sets);
    if (isPaused || this.#isScaled(own === undefined ? others : [...others, own])) {
      this.#scale(own, others);
      if (isPaused) cleanUp(this.#deps, this.#deployment, others);
      this.#writePlainStatus(...this.#again());
      return;
    }
    const { type } = mapOf(specOf(this.#deployment)['strategy']);
    if (type === 'Recreate') this.#recreate(sets);
    else this.#roll(sets);
  }

  #newSet(sets: readonly Stored[]): Stored | undefined {
    const template = templateOf(this.#deployment);
    return sets.find((each) => isSame(withoutLabel(templateOf(each), hashLabel), template));
  }

  #others(sets: readonly Stored[]): Stored[] {
    const own = this.#newSet(sets);
    return sets.filter((each) => each !== own);
  }

  /** All current sets: the old ones, and the new one. */
  #again(): [Stored[], Stored | undefined] {
    const { store } = this.#deps;
    const sets = store
      .dependentsOf(this.#deployment.uid)
      .filter(({ resource }) => resource === resources.replicaSets)
      .sort(byAge);
    return [this.#others(sets), this.#newSet(sets)];
  }

  /** The existing new set, after an update of its annotations and revision. */
  #existing(sets: readonly Stored[]): Stored | undefined {
    const found = this.#newSet(sets);
    if (found === undefined) return undefined;
    const revision = 1 + Math.max(0, ...this.#others(sets).map(revisionOf));
    const annotations = annotationsFor(this.#deployment, found, revision);
    if (!isSame(annotations, annotationsOf(found))) {
      const changed = write(this.#deps, found, (live) => ({
        ...live,
        metadata: { ...mapOf(live['metadata']), annotations },
      }));
      return changed;
    }
    this.#noteRevision(found);
    return found;
  }

  #noteRevision(set: Stored): void {
    const revision = textOf(annotationsOf(set)[revisionKey]);
    const isNew = annotationsOf(this.#deployment)[revisionKey] !== revision;
    const status = statusOf(this.#deployment);
    const conditions = mapsOf(status['conditions']);
    const isKnown =
      !hasDeadline(this.#deployment) || conditionIn(conditions, 'Progressing') !== undefined;
    if (!isNew && isKnown) return;
    const message = `Found new replica set "${set.name}"`;
    const found = isKnown
      ? conditions
      : withCondition(conditions, this.#progressing('True', 'FoundNewReplicaSet', message));
    this.#writeWithRevision({ ...status, conditions: found }, revision);
  }

  #writeWithRevision(status: JsonMap, revision: string): void {
    const annotations = { [revisionKey]: revision };
    this.#deployment = writeStatus(this.#deps, this.#deployment, status, annotations);
  }

  #progressing(status: string, reason: string, message: string): JsonMap {
    const now = nowText(this.#deps);
    const times = { lastUpdateTime: now, lastTransitionTime: now };
    return { type: 'Progressing', status, ...times, reason, message };
  }

  #create(others: readonly Stored[]): Stored | undefined {
    const { writer, store } = this.#deps;
    const template = templateOf(this.#deployment);
    const hash = hashOf([template, statusOf(this.#deployment)['collisionCount'] ?? 0]);
    const labels = { ...mapOf(mapOf(template['metadata'])['labels']), [hashLabel]: hash };
    const selector = mapOf(specOf(this.#deployment)['selector']);
    const revision = 1 + Math.max(0, ...others.map(revisionOf));
    const { surge } = limitsOf(this.#deployment);
    const { namespace } = this.#deployment;
    const name = `${this.#deployment.name}-${hash}`;
    const set: JsonMap = {
      metadata: {
        ...{ name, labels, ownerReferences: [ownerReference(this.#deployment)] },
        annotations: {
          ...annotationsFor(this.#deployment, undefined, revision),
          [desiredKey]: String(replicasOf(this.#deployment)),
          [maxKey]: String(replicasOf(this.#deployment) + surge),
        },
      },
      spec: {
        replicas: this.#wantedOfNew(0, others),
        selector: {
          ...selector,
          matchLabels: { ...mapOf(selector['matchLabels']), [hashLabel]: hash },
        },
        template: { ...template, metadata: { ...mapOf(template['metadata']), labels } },
      },
    };
    tryTo(() => writer.create(resources.replicaSets, namespace, set, asController));
    const made = store.get(resources.replicaSets, namespace, name);
    if (made === undefined) return undefined;
    const status = statusOf(this.#deployment);
    const before = mapsOf(status['conditions']);
    const message = `Created new replica set "${name}"`;
    const conditions = hasDeadline(this.#deployment)
      ? withCondition(before, this.#progressing('True', 'NewReplicaSetCreated', message))
      : before;
    this.#writeWithRevision(
      conditions.length === 0 ? status : { ...status, conditions },
      String(revision),
    );
    return made;
  }

  /** The number of Pods that the new set may have now. */
  #wantedOfNew(now: number, others: readonly Stored[]): number {
    const replicas = replicasOf(this.#deployment);
    if (mapOf(specOf(this.#deployment)['strategy'])['type'] === 'Recreate') return replicas;
    const most = replicas + limitsOf(this.#deployment).surge;
    const all = now + sum(others, replicasOf);
    if (all >= most) return now;
    return now + Math.min(most - all, replicas - now);
  }

  #notePause(): void {
    if (!hasDeadline(this.#deployment)) return;
    const status = statusOf(this.#deployment);
    const conditions = mapsOf(status['conditions']);
    const { reason } = conditionIn(conditions, 'Progressing') ?? {};
    if (reason === 'ProgressDeadlineExceeded') return;
    const isPaused = specOf(this.#deployment)['paused'] === true;
    if (isPaused === (reason === 'DeploymentPaused')) return;
    const condition = isPaused
      ? this.#progressing('Unknown', 'DeploymentPaused', 'Deployment is paused')
      : this.#progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
    const changed = { ...status, conditions: withCondition(conditions, condition) };
    this.#deployment = writeStatus(this.#deps, this.#deployment, changed);
  }

  #isScaled(sets: readonly Stored[]): boolean {
    const replicas = String(replicasOf(this.#deployment));
    return sets.some((each) => {
      const desired = annotationsOf(each)[desiredKey];
      return replicasOf(each) > 0 && desired !== undefined && desired !== replicas;
    });
  }

  #scale(own: Stored | undefined, others: readonly Stored[]): void {
    const replicas = replicasOf(this.#deployment);
    const all = own === undefined ? [...others] : [...others, own];
    const active = all.filter((each) => replicasOf(each) > 0);
    const only = active.length === 0 ? (own ?? others.at(-1)) : active[0];
    if (active.length <= 1) {
      if (only !== undefined && replicasOf(only) !== replicas) this.#scaleSet(only, replicas);
      return;
    }
    if (own !== undefined && this.#isSaturated(own)) {
      for (const each of others) if (replicasOf(each) > 0) this.#scaleSet(each, 0);
      return;
    }
    if (mapOf(specOf(this.#deployment)['strategy'])['type'] !== 'RollingUpdate') return;
    const sizes = scaleInProportion(this.#deployment, active, limitsOf(this.#deployment).surge);
    for (const [set, size] of sizes) this.#scaleSet(set, size);
  }

  #isSaturated(set: Stored): boolean {
    const replicas = replicasOf(this.#deployment);
    return (
      replicasOf(set) === replicas &&
      annotationsOf(set)[desiredKey] === String(replicas) &&
      availableIn(set) === replicas
    );
  }

  #scaleSet(set: Stored, replicas: number): void {
    const desired = replicasOf(this.#deployment);
    const { surge } = limitsOf(this.#deployment);
    write(this.#deps, set, (live) => {
      const metadata = mapOf(live['metadata']);
      const annotations = {
        ...mapOf(metadata['annotations']),
        ...{ [desiredKey]: String(desired), [maxKey]: String(desired + surge) },
      };
      const spec = { ...mapOf(live['spec']), replicas };
      return { ...live, metadata: { ...metadata, annotations }, spec };
    });
  }

  #roll(sets: readonly Stored[]): void {
    const others = this.#others(sets);
    const own = this.#existing(sets) ?? this.#create(others);
    if (own === undefined) return;
    if (!this.#scaleNew(own, others) && !this.#scaleOld(own, others)) {
      if (this.#isComplete()) cleanUp(this.#deps, this.#deployment, others);
    }
    this.#writeStatus(own);
  }

  #scaleNew(own: Stored, others: readonly Stored[]): boolean {
    const replicas = replicasOf(this.#deployment);
    const now = replicasOf(own);
    if (now === replicas) return false;
    const wanted = now > replicas ? replicas : this.#wantedOfNew(now, others);
    if (wanted === now) return false;
    this.#scaleSet(own, wanted);
    return true;
  }

  #scaleOld(own: Stored, others: readonly Stored[]): boolean {
    const active = others.filter((each) => replicasOf(each) > 0);
    if (active.length === 0) return false;
    const least = replicasOf(this.#deployment) - limitsOf(this.#deployment).unavailable;
    const unavailable = replicasOf(own) - availableIn(own);
    const most = sum([...active, own], replicasOf) - least - unavailable;
    if (most <= 0) return false;
    const sizes = new Map(active.map((each) => [each, replicasOf(each)] as const));
    const cleaned = removeUnhealthy(sizes, most);
    const available = sum([...active, own], availableIn);
    const scaled = available <= least ? 0 : removeAvailable(sizes, available - least);
    for (const [set, size] of sizes) if (size !== replicasOf(set)) this.#scaleSet(set, size);
    return cleaned + scaled > 0;
  }

  #recreate(sets: readonly Stored[]): void {
    const others = this.#others(sets);
    const own = this.#existing(sets);
    const active = others.filter((each) => replicasOf(each) > 0);
    for (const each of active) this.#scaleSet(each, 0);
    const hasPods = others.some(({ uid }) => this.#deps.store.dependentsOf(uid).length > 0);
    if (active.length > 0 || hasPods) {
      this.#writeStatus(own);
      return;
    }
    const set = own ?? this.#create(others);
    if (set === undefined) return;
    const replicas = replicasOf(this.#deployment);
    if (replicasOf(set) !== replicas) this.#scaleSet(set, replicas);
    if (this.#isComplete()) cleanUp(this.#deps, this.#deployment, others);
    this.#writeStatus(set);
  }

  #isComplete(): boolean {
    const replicas = replicasOf(this.#deployment);
    const status = statusOf(this.#deployment);
    const { generation } = metadataOf(this.#deployment);
    return (
      ['updatedReplicas', 'replicas', 'availableReplicas'].every(
        (field) => numberOf(status[field]) === replicas,
      ) && numberOf(status['observedGeneration']) >= numberOf(generation)
    );
  }

  #writeStatus(own: Stored | undefined): void {
    const [others, now = own] = this.#again();
    const status = statusOfRollout(this.#deps, this.#deployment, others, now);
    this.#deployment = writeStatus(this.#deps, this.#deployment, status);
  }

  #writePlainStatus(others: readonly Stored[], own: Stored | undefined): void {
    const status = plainStatus(this.#deps, this.#deployment, others, own);
    this.#deployment = writeStatus(this.#deps, this.#deployment, status);
  }
}
