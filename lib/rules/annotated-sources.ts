import {
  type ReferencedKind,
  referencedKinds,
  type SourceKind,
  secretProviderClass,
  sourceKinds,
} from '../kubernetes/kinds.ts';
import type { AnnotationKeys } from './annotations.ts';
import {
  matchesPattern,
  type NamesByKind,
  parseStars,
  type SourcePattern,
} from './name-pattern.ts';
import type { OptIn } from './opt-in.ts';
import { type Mention, sourceKey } from './references.ts';
import { reloaderNames } from './reloader.ts';
import { type NamedSource, parseSourceList } from './source-list.ts';

/** The sources that the annotations of a workload add or exclude. */
export interface AnnotatedSources {
  /** The listed sources. All keys of a listed source count, and the source need not exist. */
  readonly mentions: readonly Mention[];
  /** The patterns of lists. What they match is known only with the names in the namespace. */
  readonly patterns: readonly SourcePattern[];
  /** The annotation that excludes each source, by `sourceKey`. */
  readonly ignoredBy: ReadonlyMap<string, string>;
  /** Invalid entries, as phrases. */
  readonly invalid: readonly string[];
}

export function annotatedSources(
  annotations: Readonly<Record<string, string>>,
  namespace: string,
  keys: AnnotationKeys,
  optIn: OptIn,
): AnnotatedSources {
  const mentions: Mention[] = [];
  const patterns: SourcePattern[] = [];
  const ignoredBy = new Map<string, string>();
  const invalid: string[] = [];

  const listed = (annotation: string, parsePattern?: typeof parseStars) => {
    const list = parseSourceList(annotations[annotation], parsePattern);
    for (const entry of list.invalid) invalid.push(`annotation ${annotation} contains ${entry}`);
    return list;
  };
  const leaveOut = (
    kind: ReferencedKind,
    { name, ...entry }: Excluded,
    annotation: string,
  ): void => {
    ignoredBy.set(sourceKey({ kind, namespace: entry.namespace ?? namespace, name }), annotation);
  };
  const classes = keys.ignoreSecretProviderClasses;
  for (const each of listed(classes).sources) leaveOut(secretProviderClass.kind, each, classes);
  const scopes = optIn.kind === 'on' ? optIn.reloader : undefined;
  for (const kind of sourceKinds) {
    if (!keys.sourceKinds.includes(kind)) continue;
    const { [`extra${kind}s` as const]: extra, [`ignore${kind}s` as const]: ignore } = keys;
    const add = (name: string, other: string | undefined, annotation: string): void => {
      mentions.push(wholly(kind, other ?? namespace, name, annotation));
    };
    const extras = listed(extra, parseStars);
    for (const { name, namespace: other } of extras.sources) add(name, other, extra);
    for (const pattern of extras.patterns) patterns.push({ kind, pattern, annotation: extra });
    for (const each of listed(ignore).sources) leaveOut(kind, each, ignore);
    if (scopes === undefined) continue;
    const { reload } = reloaderNames[kind];
    const scope = scopes[kind];
    for (const name of scope.listed) add(name, undefined, reload);
    for (const pattern of scope.patterns) patterns.push({ kind, pattern, annotation: reload });
  }
  if (scopes !== undefined) {
    for (const kind of referencedKinds) {
      const { exclude } = reloaderNames[kind];
      for (const name of scopes[kind].excluded) leaveOut(kind, { name }, exclude);
    }
  }
  return { mentions, patterns, ignoredBy, invalid };
}

type Excluded = Partial<Pick<NamedSource, 'namespace'>> & Pick<NamedSource, 'name'>;

/** The sources that patterns match now. */
export interface Matched {
  /** One mention for each source, by the first pattern that matches it. */
  readonly mentions: readonly Mention[];
  /** The patterns that match nothing. */
  readonly unmatched: readonly SourcePattern[];
}

export function matchPatterns(
  patterns: readonly SourcePattern[],
  namespace: string,
  names: NamesByKind,
): Matched {
  const found = new Map<string, Mention>();
  const unmatched = patterns.filter(({ kind, pattern, annotation }) => {
    const reading = names.get(kind);
    const known = reading?.state === 'read' ? reading.names : [];
    let hasMatch = false;
    for (const name of known) {
      if (!matchesPattern(pattern, name)) continue;
      hasMatch = true;
      const key = `${kind}/${name}`;
      if (found.has(key)) continue;
      found.set(key, { ...wholly(kind, namespace, name, annotation), ifPresent: true });
    }
    return !hasMatch;
  });
  return { mentions: [...found.values()], unmatched };
}

function wholly(kind: SourceKind, namespace: string, name: string, annotation: string): Mention {
  return { kind, namespace, name, keys: 'all', required: false, place: `annotation ${annotation}` };
}
