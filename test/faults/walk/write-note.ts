/** What is known of each hash that was written, when it was written. */
import type { RolloutSettings } from '../../../lib/settings/schema.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { Model, ModelWorkload } from './model.ts';

/** The first list of workloads that a process got. */
export type Listed = { readonly number: bigint; readonly at: number };

/** What a process was started with. */
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
  /** Of the workload with the hash. */
  readonly number: bigint;
  /** As the API server stored them with the hash. */
  readonly annotations: Readonly<Record<string, string>>;
  /** When the writer began to read, and when the hash was written, by the clock of the walk. */
  readonly from: number;
  readonly at: number;
  /** By source, what of it counts for the workload, and in which version; undefined if that is not certain. */
  readonly given: ReadonlyMap<string, Given> | undefined;
  /** The versions of the sources that are other than with the last hash; undefined if that is not certain. */
  readonly changed: ReadonlyMap<string, number> | undefined;
  /** Another client has removed the history of its rollouts. */
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
