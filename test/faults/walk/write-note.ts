/** The facts about each written hash, recorded at the time of the write. */
import type { RolloutSettings } from '../../../lib/settings/schema.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { Model, ModelWorkload } from './model.ts';

/** The version and the time of the first list of workloads that a process got. */
export type Listed = { readonly number: bigint; readonly at: number };

/** The process that writes, with the settings with which it was started. */
export type Writer = {
  readonly name: string;
  readonly rollouts: RolloutSettings;
  listed: Listed | undefined;
};

export type WriteNote = {
  readonly writer: Writer;
  readonly label: string;
  readonly uid: string;
  readonly hash: string;
  /** The version of the workload with the hash. */
  readonly number: bigint;
  /** The annotations that the API server stored with the hash. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * The time at which the writer began to read (`from`) and the time at which the hash was written
   * (`at`), by the clock of the walk.
   */
  readonly from: number;
  readonly at: number;
  /**
   * The version of each source, with the part of its data that counts for the workload; undefined
   * if that is not certain.
   */
  readonly given: ReadonlyMap<string, Given> | undefined;
  /** The versions of the sources that changed since the last hash; undefined if that is not certain. */
  readonly changed: ReadonlyMap<string, number> | undefined;
  /** Whether another client has removed the history of the workload's rollouts. */
  readonly isStripped: boolean;
};

export type Given = { readonly version: number; readonly data: string };

export function noteOf(
  model: Model,
  workload: ModelWorkload,
  writer: Writer,
  hash: string,
  object: KubernetesObject,
  at: number,
  last: WriteNote | undefined,
): WriteNote {
  const { kind, stripped } = workload;
  const { name, rollouts, listed = { number: 0n, at: 0 } } = writer;
  const { metadata } = object;
  const isCertain = model.isUnchangedSince(listed.at) && model.hashOf(workload) === hash;
  const given = isCertain ? model.givenTo(workload) : undefined;
  return {
    writer: { name, rollouts, listed },
    label: `${kind}/${workload.name}`,
    uid: metadata.uid ?? '',
    hash,
    number: BigInt(metadata.resourceVersion ?? 0),
    annotations: metadata.annotations ?? {},
    from: listed.at,
    at,
    ...{ given, changed: given && changedBetween(last?.given, given) },
    isStripped: stripped,
  };
}

function changedBetween(
  last: WriteNote['given'],
  now: ReadonlyMap<string, Given>,
): ReadonlyMap<string, number> | undefined {
  if (last === undefined) return undefined;
  const changed = [...now].filter(([source, { data }]) => last.get(source)?.data !== data);
  return new Map(changed.map(([source, { version }]) => [source, version]));
}
