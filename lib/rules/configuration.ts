import {
  allSources,
  listed,
  type ReferencedKind,
  type SourceKind,
  secretProviderClass,
  sourceKinds,
} from '../kubernetes/kinds.ts';
import type { PodSpec } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';
import { shortList } from '../text/short-list.ts';
import { annotatedSources, matchPatterns } from './annotated-sources.ts';
import type { AnnotationKeys } from './annotations.ts';
import { maxNames, maxPatterns, maxReferences } from './bounds.ts';
import { matchesPattern, type NamesByKind, type SourcePattern } from './name-pattern.ts';
import type { OptIn } from './opt-in.ts';
import type { Reason } from './reason.ts';
import {
  isMounted,
  joinMentions,
  type Mention,
  mentionsIn,
  type Reference,
  sourceKey,
} from './references.ts';
import { type ReloaderScope, withoutEffect } from './reloader.ts';
import { entriesOf } from './source-list.ts';

/** The references of a workload, or why they are unknown. */
export type Configuration =
  | {
      readonly kind: 'references';
      readonly references: readonly Reference[];
      /** A note for the owner of the workload, which is added to any decision. */
      readonly note: string | undefined;
      /** Present if there are patterns, whose present matches are among the references. */
      readonly patterns?: readonly SourcePattern[];
    }
  | {
      readonly kind: 'refused';
      readonly reason: Reason;
      readonly why: string;
      /**
       * Present if the names of these kinds of sources in the namespace of the workload must be
       * read first.
       */
      readonly needsNames?: readonly SourceKind[];
    };

/** The settings that matter for reading annotations. */
export interface ReferenceRules {
  readonly annotations: AnnotationKeys;
  /** Namespaces whose sources any workload may list in `/extra-*`; `*` allows all. */
  readonly crossNamespaceReferences: readonly string[];
  /** The kinds for whose names patterns are allowed; absent: none. */
  readonly namePatterns?: readonly SourceKind[];
  /** The names in the namespace of the workload, if they were read. */
  readonly names?: NamesByKind | undefined;
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

/** Combines the references in the template with the references that annotations add or exclude. */
function joined(
  optIn: Extract<OptIn, { kind: 'on' }>,
  inTemplate: readonly Mention[],
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  rules: ReferenceRules,
): Configuration {
  const mentions = inTemplate.filter(({ kind }) => rules.annotations.sourceKinds.includes(kind));
  const { annotations: keys, crossNamespaceReferences: allowed, names = new Map() } = rules;
  const { own, reloader } = optIn;
  const ignoring = [
    ...sourceKinds.map((kind) => keys[`ignore${kind}s`]),
    keys.ignoreSecretProviderClasses,
  ];
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
  const { patterns } = annotated;
  const problem = patternProblem(patterns, rules);
  if (problem !== undefined) return problem;
  const matched = matchPatterns(patterns, namespace, names);
  const all = [
    ...(own ? mentions : []),
    ...(reloader === undefined
      ? []
      : mentions.flatMap((mention) => within(reloader[mention.kind], mention))),
    ...annotated.mentions,
    ...matched.mentions,
  ];
  const counted = all.filter((each) => !annotated.ignoredBy.has(sourceKey(each)));
  const isSelective = keys.sourceSelector.trim() !== '';
  const references = joinMentions(counted).map(
    (reference): Reference => (isSelective ? { ...reference, ifSelected: true } : reference),
  );
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
    note: noteOn(optIn, annotations, keys, { unmatched: matched.unmatched, inTemplate }),
    ...(patterns.length === 0 ? {} : { patterns }),
  };
}

function noteOn(
  { own, reloader }: Extract<OptIn, { kind: 'on' }>,
  annotations: Readonly<Record<string, string>>,
  { compatibility, sourceKinds: counted }: AnnotationKeys,
  {
    unmatched,
    inTemplate,
  }: { readonly unmatched: readonly SourcePattern[]; readonly inTemplate: readonly Mention[] },
): string | undefined {
  const both =
    'annotations of wave-cron and of Reloader both opt it in: a source counts if one of them includes it and neither excludes it';
  const unused = compatibility.includes('reloader')
    ? withoutEffect(annotations, counted)
    : undefined;
  const [first] = unmatched;
  const idle =
    first &&
    `pattern ${quote(first.pattern.text)} in annotation ${first.annotation} matches nothing`;
  const unread = unused ?? unreadClass(inTemplate, counted);
  const notes = [own && reloader !== undefined ? both : undefined, unread, idle].filter(
    (each) => each !== undefined,
  );
  return notes.length === 0 ? undefined : notes.join('; ');
}

/** A clause about a mounted class whose objects are not read. Undefined if there is none. */
function unreadClass(
  inTemplate: readonly Mention[],
  counted: readonly ReferencedKind[],
): string | undefined {
  const { kind } = secretProviderClass;
  if (counted.includes(kind)) return undefined;
  const found = inTemplate.find((each) => each.kind === kind);
  if (found === undefined) return undefined;
  return `changed objects of ${kind} ${quote(found.name)} do not restart it, because the setting sourceKinds does not include ${kind}`;
}

/** Why the sources that patterns match cannot be used; undefined if they are known. */
function patternProblem(
  patterns: readonly SourcePattern[],
  { namePatterns = [], names }: ReferenceRules,
): Configuration | undefined {
  const refused = (reason: Reason, why: string): Configuration => ({
    kind: 'refused',
    reason,
    why,
  });
  const denied = patterns.find(({ kind }) => !namePatterns.includes(kind));
  if (denied !== undefined) {
    const { kind, annotation, pattern } = denied;
    return refused(
      'InvalidAnnotation',
      `annotation ${annotation} contains the pattern ${quote(pattern.text)}, but the setting namePatterns does not include ${kind}: list names, or change the setting`,
    );
  }
  if (patterns.length > maxPatterns) {
    return refused(
      'TooLarge',
      `its annotations contain ${patterns.length} patterns, and the limit for one workload is ${maxPatterns}: use fewer`,
    );
  }
  const kinds = sourceKinds.filter((kind) => patterns.some((each) => each.kind === kind));
  for (const kind of kinds) {
    const reading = names?.get(kind);
    const why = `the names of the ${kind}s that its patterns match could not be listed`;
    if (reading?.state === 'unreadable')
      return refused('UnreadableSource', `${why}: ${reading.why}`);
    if (reading === undefined) {
      return { kind: 'refused', reason: 'UnreadableSource', why, needsNames: kinds };
    }
    if (reading.names.length > maxNames) {
      return refused(
        'TooLarge',
        `its namespace has more than ${maxNames} ${kind}s, the limit for patterns: list names`,
      );
    }
  }
  return undefined;
}

/** Whether a workload may list sources of a namespace. */
export function isAllowed(namespace: string, own: string, allowed: readonly string[]): boolean {
  return namespace === own || allowed.includes('*') || allowed.includes(namespace);
}

/**
 * The mention if Reloader's annotations include it, with `ifMatched` if the source must have an
 * annotation for that; otherwise empty.
 */
function within({ referenced, listed, patterns }: ReloaderScope, mention: Mention): Mention[] {
  if (referenced === 'all' || listed.includes(mention.name)) return [mention];
  // Only mounted classes can count. So patterns need no list of the names in the cluster.
  const isMatched = () => patterns.some((pattern) => matchesPattern(pattern, mention.name));
  if (isMounted(mention) && isMatched()) return [mention];
  return referenced === 'matched' ? [{ ...mention, ifMatched: true }] : [];
}
