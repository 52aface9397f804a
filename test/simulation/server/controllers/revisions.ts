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
  /** The one of the present template. */
  readonly newest: Stored;
  /** All of them, oldest first. */
  readonly all: readonly Stored[];
}

/**
 * The revisions of a workload, after the one of its present template was made, or has become the newest
 * again. Undefined if it cannot be created.
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

/** Deletes the oldest revisions that no Pod uses, beyond a limit. */
export function truncate(
  { deleter }: ControllerDeps,
  { all }: Revisions,
  used: ReadonlySet<string>,
  limit: number,
): void {
  const unused = all.filter((each) => !used.has(each.name));
  for (const each of unused.slice(0, Math.max(0, unused.length - limit))) {
    const options = { propagationPolicy: '', gracePeriodSeconds: undefined };
    const any = { ...options, uid: '', resourceVersion: '' };
    tryTo(() => deleter.delete(each.resource, each.namespace, each.name, any, asController));
  }
}

export const hashIn = (revision: Stored, hashLabel: string): string =>
  String(labelsOf(revision)[hashLabel] ?? '');

export const generationOf = (stored: Stored): number => numberOf(metadataOf(stored)['generation']);
