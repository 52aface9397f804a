/** ControllerRevisions: the earlier pod templates of StatefulSets and DaemonSets. */
import { isSame, type JsonMap, mapOf, numberOf } from '../json.ts';
import { resources } from '../resources.ts';
import type { Stored } from '../store.ts';
import { asController, type ControllerDeps, metadataOf, tryTo } from './controller.ts';
import {
  annotationsOf,
  controlled,
  hashOf,
  labelsOf,
  ownerReference,
  statusOf,
  templateOf,
  write,
} from './owned.ts';

export const revisionOf = ({ object }: Stored): number => numberOf(object['revision']);

export interface Revisions {
  /** The revision of the current template. */
  readonly newest: Stored;
  /** All revisions, oldest first. */
  readonly all: readonly Stored[];
}

/**
 * Creates the revision of the workload's current template, or makes an existing revision the newest
 * again, and returns all revisions. Returns undefined if the API server rejects the new revision.
 *
 * @param hashLabel the label with the hash of a revision
 */
export function syncRevisions(
  deps: ControllerDeps,
  owner: Stored,
  hashLabel: string,
): Revisions | undefined {
  const all = controlled(deps, owner, resources.controllerRevisions).sort(byRevision);
  const data = dataOf(owner);
  const last = all.at(-1);
  const found = all.findLast(({ object }) => isSame(object['data'], data));
  if (found !== undefined && found === last) return { newest: found, all };
  const revision = (last === undefined ? 0 : revisionOf(last)) + 1;
  const newest =
    found === undefined
      ? create(deps, owner, data, revision, hashLabel)
      : write(deps, found, (live) => ({ ...live, revision }));
  if (newest === undefined) return undefined;
  return { newest, all: [...all.filter((each) => each !== found), newest] };
}

const byRevision = (a: Stored, b: Stored): number => revisionOf(a) - revisionOf(b);

const dataOf = (owner: Stored): JsonMap => ({
  spec: { template: { ...templateOf(owner), $patch: 'replace' } },
});

function create(
  { store, writer }: ControllerDeps,
  owner: Stored,
  data: JsonMap,
  revision: number,
  hashLabel: string,
): Stored | undefined {
  const hash = hashOf([data, statusOf(owner)['collisionCount'] ?? 0]);
  const name = `${owner.name}-${hash}`;
  const labels = mapOf(mapOf(templateOf(owner)['metadata'])['labels']);
  const annotations = annotationsOf(owner);
  const object: JsonMap = {
    metadata: {
      ...{ name, labels: { ...labels, [hashLabel]: hash } },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [ownerReference(owner)],
    },
    ...{ data, revision },
  };
  const { namespace } = owner;
  tryTo(() => writer.create(resources.controllerRevisions, namespace, object, asController));
  return store.get(resources.controllerRevisions, namespace, name);
}

/** Deletes the oldest unused revisions above a limit. */
export function truncate(
  deps: ControllerDeps,
  { all }: Revisions,
  used: ReadonlySet<string>,
  limit: number,
): void {
  const unused = all.filter((each) => !used.has(each.name));
  removeAll(deps, unused.slice(0, Math.max(0, unused.length - limit)));
}

export function removeAll({ deleter }: ControllerDeps, all: readonly Stored[]): void {
  const options = { propagationPolicy: '', gracePeriodSeconds: undefined };
  const any = { ...options, uid: '', resourceVersion: '' };
  for (const { resource, namespace, name } of all) {
    tryTo(() => deleter.delete(resource, namespace, name, any, asController));
  }
}

export const hashIn = (revision: Stored, hashLabel: string): string =>
  String(labelsOf(revision)[hashLabel] ?? '');

export const generationOf = (stored: Stored): number => numberOf(metadataOf(stored)['generation']);
