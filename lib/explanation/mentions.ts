import { type AnnotationNames, parseSourceList } from '../annotations.ts';
import { reloaderNames } from '../compatibility/reloader.ts';
import type { Wish } from '../opt-in.ts';
import type { PodSpec } from '../pod-spec.ts';
import {
  joinMentions,
  type Mention,
  mentionsIn,
  type Reference,
  sourceKey,
} from '../references.ts';
import type { Workload } from '../workload.ts';

/** A place that names a source, and the annotation that leaves the source out, if one does. */
export interface AnnotatedMention extends Mention {
  readonly ignoredBy: string | undefined;
}

/**
 * Every place that names a source: in the template and in annotations, left out or not, allowed or
 * not. A configuration knows only what counts of them, and not where it stands.
 */
export function annotatedMentions(
  spec: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  names: AnnotationNames,
  wish: Wish,
): AnnotatedMention[] {
  const all = mentionsIn(spec, namespace);
  const ignoredBy = new Map<string, string>();
  for (const { kind, extra, ignore } of [
    { kind: 'ConfigMap', extra: names.extraConfigMaps, ignore: names.ignoreConfigMaps },
    { kind: 'Secret', extra: names.extraSecrets, ignore: names.ignoreSecrets },
  ] as const) {
    const add = (name: string, other: string, annotation: string): void => {
      const place = `annotation ${annotation}`;
      all.push({ kind, namespace: other, name, keys: 'all', required: false, place });
    };
    const leaveOut = (name: string, other: string, annotation: string): void => {
      ignoredBy.set(sourceKey({ kind, namespace: other, name }), annotation);
    };
    for (const { name, namespace: other } of parseSourceList(annotations[extra]).sources) {
      add(name, other ?? namespace, extra);
    }
    for (const { name, namespace: other } of parseSourceList(annotations[ignore]).sources) {
      leaveOut(name, other ?? namespace, ignore);
    }
    if (wish.kind !== 'on' || wish.reloader === undefined) continue;
    const { reload, exclude } = reloaderNames[kind];
    for (const name of wish.reloader[kind].listed) add(name, namespace, reload);
    for (const name of wish.reloader[kind].excluded) leaveOut(name, namespace, exclude);
  }
  return all.map((mention) => ({ ...mention, ignoredBy: ignoredBy.get(sourceKey(mention)) }));
}

/**
 * What is read to explain a workload: what counts, and where that cannot be said, what its places
 * name but for what is left out or of a namespace that is not allowed.
 */
export function referencesToRead(
  { configuration, namespace }: Workload,
  mentions: readonly AnnotatedMention[],
  allowed: readonly string[],
): readonly Reference[] {
  if (configuration.kind === 'references') return configuration.references;
  const mayRead = (other: string) =>
    other === namespace || allowed.includes('*') || allowed.includes(other);
  return joinMentions(
    mentions.filter((each) => each.ignoredBy === undefined && mayRead(each.namespace)),
  );
}
