/** Shared parts of workload controllers: owned objects, adoption, conditions, and writes. */
import {
  at,
  canonical,
  type Draft,
  isSame,
  type Json,
  type JsonMap,
  mapOf,
  mapsOf,
  numberOf,
  textOf,
} from '../json.ts';
import { apiVersionOf, type Resource } from '../resource.ts';
import { matches } from '../selector.ts';
import type { Change, Stored } from '../store.ts';
import { timeText } from '../writer.ts';
import {
  asController,
  asStatus,
  type Controller,
  type ControllerDeps,
  metadataOf,
  stepName,
  tryTo,
} from './controller.ts';

export const specOf = ({ object }: Stored): JsonMap => mapOf(object['spec']);
export const statusOf = ({ object }: Stored): JsonMap => mapOf(object['status']);
export const replicasOf = (stored: Stored): number => numberOf(specOf(stored)['replicas']);
export const isDeleting = (stored: Stored): boolean =>
  metadataOf(stored)['deletionTimestamp'] !== undefined;
export const annotationsOf = (stored: Stored): JsonMap => mapOf(metadataOf(stored)['annotations']);
export const labelsOf = (stored: Stored): JsonMap => mapOf(metadataOf(stored)['labels']);

export function controllerOwner(stored: Stored): JsonMap | undefined {
  return mapsOf(metadataOf(stored)['ownerReferences']).find((each) => each['controller'] === true);
}

export const ownerReference = ({ resource, name, uid }: Stored): JsonMap => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  ...{ name, uid, controller: true, blockOwnerDeletion: true },
});

/**
 * The objects that a workload controls. The workload first adopts matching objects without a
 * controller.
 */
export function controlled(deps: ControllerDeps, owner: Stored, resource: Resource): Stored[] {
  const { store, writer } = deps;
  const selector = mapOf(specOf(owner)['selector']);
  for (const each of store.list(resource, owner.namespace)) {
    const isFree = controllerOwner(each) === undefined && !isDeleting(each) && !isDeleting(owner);
    if (!isFree || !matches(selector, labelsOf(each))) continue;
    tryTo(() => writer.update(resource, each.namespace, each.name, adopting(owner), asController));
  }
  return store
    .list(resource, owner.namespace)
    .filter((each) => controllerOwner(each)?.['uid'] === owner.uid);
}

function adopting(owner: Stored): (live: JsonMap) => JsonMap {
  return (live) => {
    const metadata = mapOf(live['metadata']);
    const ownerReferences = [...mapsOf(metadata['ownerReferences']), ownerReference(owner)];
    return { ...live, metadata: { ...metadata, ownerReferences } };
  };
}

/** Sorts the oldest objects first. */
export const byAge = (a: Stored, b: Stored): number => {
  const [first, second] = [a, b].map((each) => textOf(metadataOf(each)['creationTimestamp']));
  if (first !== second) return (first ?? '') < (second ?? '') ? -1 : 1;
  return a.name < b.name ? -1 : 1;
};

/** A short text that differs for different values. */
export function hashOf(value: Json): string {
  let hash = 0x811c9dc5;
  for (const char of canonical(value)) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return [...String(hash)].map((digit) => letters[Number(digit)] ?? 'b').join('');
}

export type Conditions = readonly JsonMap[];

export const conditionIn = (conditions: Conditions, type: string): JsonMap | undefined =>
  conditions.find((each) => each['type'] === type);

/** Adds a condition, or replaces the condition of the same type if the status or the reason differs. */
export function withCondition(conditions: Conditions, condition: JsonMap): Conditions {
  const { type, status, reason } = condition;
  const now = conditionIn(conditions, textOf(type));
  if (now?.['status'] === status && now?.['reason'] === reason) return conditions;
  const kept = now?.['status'] === status ? now : undefined;
  const { lastTransitionTime = condition['lastTransitionTime'] } = kept ?? {};
  const others = withoutCondition(conditions, textOf(type));
  return [...others, { ...condition, lastTransitionTime: lastTransitionTime ?? null }];
}

export const withoutCondition = (conditions: Conditions, type: string): Conditions =>
  conditions.filter((each) => each['type'] !== type);

export const nowText = ({ now }: ControllerDeps): string => timeText(now());

/** A status without the fields that the API server leaves out if they are zero. */
export function withoutZeros(status: Readonly<Record<string, Json>>): JsonMap {
  const result: Draft = {};
  for (const [field, value] of Object.entries(status)) {
    if (value !== 0 && !(Array.isArray(value) && value.length === 0)) result[field] = value;
  }
  return result;
}

/** Writes the status, and annotations if given, if anything differs. Returns the current object. */
export function writeStatus(
  { store, writer }: ControllerDeps,
  stored: Stored,
  status: JsonMap,
  annotations?: JsonMap,
): Stored {
  const { resource, namespace, name } = stored;
  if (isSame(stored.object['status'], status) && annotations === undefined) return stored;
  const change = (live: JsonMap): JsonMap => {
    const metadata = mapOf(live['metadata']);
    const all = { ...mapOf(metadata['annotations']), ...annotations };
    const withAll = annotations === undefined ? metadata : { ...metadata, annotations: all };
    return { ...live, metadata: withAll, status };
  };
  tryTo(() => writer.update(resource, namespace, name, change, asStatus));
  return store.get(resource, namespace, name) ?? stored;
}

/** Writes other fields as the controller manager. */
export function write(
  { store, writer }: ControllerDeps,
  stored: Stored,
  change: (live: JsonMap) => JsonMap,
): Stored {
  const { resource, namespace, name } = stored;
  tryTo(() => writer.update(resource, namespace, name, change, asController));
  return store.get(resource, namespace, name) ?? stored;
}

/** Returns a number unchanged, and a percentage as a rounded share of `of`. */
export function part(value: Json | undefined, of: number, isRoundedUp: boolean): number {
  if (typeof value === 'number') return value;
  const exact = (Number.parseInt(textOf(value), 10) * of) / 100;
  return (isRoundedUp ? Math.ceil(exact) : Math.floor(exact)) || 0;
}

export const isReady = (pod: Stored): boolean =>
  conditionIn(mapsOf(statusOf(pod)['conditions']), 'Ready')?.['status'] === 'True';

/** A Pod is active if it is not being deleted and has not ended. */
export function isActive(pod: Stored): boolean {
  const { phase } = statusOf(pod);
  return !isDeleting(pod) && phase !== 'Succeeded' && phase !== 'Failed';
}

/**
 * A controller that checks a workload after each change of the workload or of an object that it
 * controls.
 */
export class WorkloadController implements Controller {
  readonly name: string;
  readonly #deps: ControllerDeps;
  readonly #resource: Resource;
  readonly #sync: (stored: Stored) => void;
  /** The time of the next check without a change, in milliseconds. */
  readonly #due: (stored: Stored) => number | undefined;
  readonly #queue = new Set<string>();
  readonly #later = new Map<string, number>();

  constructor(
    name: string,
    deps: ControllerDeps,
    resource: Resource,
    sync: (stored: Stored) => void,
    due: (stored: Stored) => number | undefined = () => undefined,
  ) {
    this.name = name;
    this.#deps = deps;
    this.#resource = resource;
    this.#sync = sync;
    this.#due = due;
  }

  observe({ stored, before }: Change): void {
    if (stored.resource === this.#resource) this.#queue.add(stored.uid);
    for (const each of before === undefined ? [stored] : [stored, before]) {
      const owner = controllerOwner(each);
      if (owner?.['kind'] === this.#resource.kind) this.#queue.add(textOf(owner['uid']));
    }
  }

  pending(): string[] {
    const now = this.#deps.now().getTime();
    for (const [uid, time] of this.#later) {
      if (time > now) continue;
      this.#later.delete(uid);
      this.#queue.add(uid);
    }
    return [...this.#queue].flatMap((uid) => {
      const stored = this.#of(uid);
      if (stored === undefined) this.#queue.delete(uid);
      return stored === undefined ? [] : [this.#step(stored)];
    });
  }

  run(step: string): void {
    for (const uid of this.#queue) {
      const stored = this.#of(uid);
      if (stored === undefined || this.#step(stored) !== step) continue;
      this.#queue.delete(uid);
      this.#sync(stored);
      const after = this.#of(uid);
      const due = after && this.#due(after);
      if (due === undefined) this.#later.delete(uid);
      else this.#later.set(uid, due);
      return;
    }
  }

  #of(uid: string): Stored | undefined {
    const stored = this.#deps.store.byUid(uid);
    return stored?.resource === this.#resource ? stored : undefined;
  }

  #step(stored: Stored): string {
    return stepName(this.name, 'sync', stored.resource, stored);
  }
}

export const templateOf = (stored: Stored): JsonMap => mapOf(specOf(stored)['template']);

/** A template without the label that a controller added. */
export function withoutLabel(template: JsonMap, label: string): JsonMap {
  const { [label]: _, ...labels } = mapOf(at(template, 'metadata', 'labels'));
  return { ...template, metadata: { ...mapOf(template['metadata']), labels: labels as JsonMap } };
}
