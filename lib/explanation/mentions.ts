import type { PodSpec } from '../kubernetes/objects.ts';
import { annotatedSources } from '../rules/annotated-sources.ts';
import type { AnnotationKeys } from '../rules/annotations.ts';
import { isAllowed } from '../rules/configuration.ts';
import type { OptIn } from '../rules/opt-in.ts';
import {
  joinMentions,
  type Mention,
  mentionsIn,
  type Reference,
  sourceKey,
} from '../rules/references.ts';
import type { Workload } from '../rules/workload.ts';

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
  keys: AnnotationKeys,
  optIn: OptIn,
): AnnotatedMention[] {
  const { mentions, ignoredBy } = annotatedSources(annotations, namespace, keys, optIn);
  const all = [...mentionsIn(spec, namespace), ...mentions];
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
  return joinMentions(
    mentions.filter(
      (each) => each.ignoredBy === undefined && isAllowed(each.namespace, namespace, allowed),
    ),
  );
}
