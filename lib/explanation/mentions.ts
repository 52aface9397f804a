import type { PodSpec } from '../kubernetes/objects.ts';
import { annotatedSources, matchPatterns } from '../rules/annotated-sources.ts';
import type { AnnotationKeys } from '../rules/annotations.ts';
import { isAllowed } from '../rules/configuration.ts';
import type { NamesByKind } from '../rules/name-pattern.ts';
import type { OptIn } from '../rules/opt-in.ts';
import {
  joinMentions,
  type Mention,
  mentionsIn,
  type Reference,
  sourceKey,
} from '../rules/references.ts';
import type { Workload } from '../rules/workload.ts';

/** A place that references a source, and the annotation that excludes the source, if any. */
export interface AnnotatedMention extends Mention {
  readonly ignoredBy: string | undefined;
}

/**
 * All places that reference a source, in the template and in annotations, even if they are excluded
 * or not allowed. A configuration contains only the effective references, without their places.
 */
export function annotatedMentions(
  spec: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  keys: AnnotationKeys,
  optIn: OptIn,
  names: NamesByKind = new Map(),
): AnnotatedMention[] {
  const annotated = annotatedSources(annotations, namespace, keys, optIn);
  const { mentions, patterns, ignoredBy } = annotated;
  const matched = matchPatterns(patterns, namespace, names).mentions;
  const inTemplate = mentionsIn(spec, namespace).filter(({ kind }) =>
    keys.sourceKinds.includes(kind),
  );
  const all = [...inTemplate, ...mentions, ...matched];
  return all.map((mention) => ({ ...mention, ignoredBy: ignoredBy.get(sourceKey(mention)) }));
}

/**
 * The references to read for an explanation: those of the configuration. If there is no valid
 * configuration, those of all places, without excluded sources and namespaces that are not allowed.
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
