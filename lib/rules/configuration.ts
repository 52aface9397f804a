import { allSources, listed, sourceKinds } from '../kubernetes/kinds.ts';
import type { PodSpec } from '../kubernetes/objects.ts';
import { shortList } from '../text/short-list.ts';
import { annotatedSources } from './annotated-sources.ts';
import type { AnnotationKeys } from './annotations.ts';
import { maxReferences } from './bounds.ts';
import type { OptIn } from './opt-in.ts';
import type { Reason } from './reason.ts';
import { joinMentions, type Mention, mentionsIn, type Reference, sourceKey } from './references.ts';
import type { ReloaderScope } from './reloader.ts';
import { entriesOf } from './source-list.ts';

/** The references of a workload, or why they are unknown. */
export type Configuration =
  | {
      readonly kind: 'references';
      readonly references: readonly Reference[];
      /** A note for its owner. It is added to any decision. */
      readonly note: string | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly why: string };

/** The settings that matter for reading annotations. */
export interface ReferenceRules {
  readonly annotations: AnnotationKeys;
  /** Namespaces whose sources any workload may list in `/extra-*`; `*` allows all. */
  readonly crossNamespaceReferences: readonly string[];
}

/** The configuration of a workload with this template and these annotations. */
export function configurationOf(
  optIn: OptIn,
  spec: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  rules: ReferenceRules,
): Configuration {
  switch (optIn.kind) {
    case 'on':
      return joined(optIn, mentionsIn(spec, namespace), namespace, annotations, rules);
    case 'off':
      return { kind: 'refused', reason: 'OptedOut', why: 'it is no longer opted in' };
    case 'refused':
      return { kind: 'refused', reason: 'InvalidAnnotation', why: optIn.why };
  }
}

/** Combines the references in the template with those that annotations add or exclude. */
function joined(
  optIn: Extract<OptIn, { kind: 'on' }>,
  mentions: readonly Mention[],
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  { annotations: keys, crossNamespaceReferences: allowed }: ReferenceRules,
): Configuration {
  const { own, reloader } = optIn;
  const ignoring = sourceKinds.map((kind) => keys[`ignore${kind}s`]);
  const long = [...sourceKinds.map((kind) => keys[`extra${kind}s`]), ...ignoring].find(
    (name) => entriesOf(annotations[name]) > maxReferences,
  );
  if (long !== undefined) {
    return {
      kind: 'refused',
      reason: 'TooLarge',
      why: `annotation ${long} has ${entriesOf(annotations[long])} entries, and the limit for one workload is ${maxReferences} ${allSources}: list fewer`,
    };
  }
  const annotated = annotatedSources(annotations, namespace, keys, optIn);
  const refused = annotated.invalid;
  const denied = annotated.mentions.filter(
    (each) => !isAllowed(each.namespace, namespace, allowed),
  );
  if (refused.length > 0) {
    return {
      kind: 'refused',
      reason: 'InvalidAnnotation',
      why: `${shortList(refused)}: an entry must be NAME or NAMESPACE/NAME, and entries are separated by commas`,
    };
  }
  if (denied.length > 0) {
    return {
      kind: 'refused',
      reason: 'CrossNamespaceDenied',
      why: `${shortList(denied.map(sourceKey))} belongs to another namespace, and the setting crossNamespaceReferences does not allow it`,
    };
  }
  const all = [
    ...(own ? mentions : []),
    ...(reloader === undefined
      ? []
      : mentions.flatMap((mention) => within(reloader[mention.kind], mention))),
    ...annotated.mentions,
  ];
  const references = joinMentions(all.filter((each) => !annotated.ignoredBy.has(sourceKey(each))));
  if (references.length > maxReferences) {
    return {
      kind: 'refused',
      reason: 'TooLarge',
      why: `it references ${references.length} ${allSources}, and the limit for one workload is ${maxReferences}: use fewer, or exclude some with ${listed(ignoring, 'and')}`,
    };
  }
  return {
    kind: 'references',
    references,
    note:
      own && reloader !== undefined
        ? 'annotations of wave-cron and of Reloader both opt it in: a source counts if one of them includes it and neither excludes it'
        : undefined,
  };
}

/** Whether a workload may list sources of a namespace. */
export function isAllowed(namespace: string, own: string, allowed: readonly string[]): boolean {
  return namespace === own || allowed.includes('*') || allowed.includes(namespace);
}

/**
 * The mention if Reloader's annotations include it, with `ifMatched` if the source must have an
 * annotation for that; otherwise empty.
 */
function within({ referenced, listed }: ReloaderScope, mention: Mention): Mention[] {
  if (referenced === 'all' || listed.includes(mention.name)) return [mention];
  return referenced === 'matched' ? [{ ...mention, ifMatched: true }] : [];
}
