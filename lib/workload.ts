import { type AnnotationNames, optIn, parseSourceList } from './annotations.ts';
import type { WorkloadObject } from './pod-spec.ts';
import { quote } from './quote.ts';
import type { Reason } from './reason.ts';
import { joinMentions, type Mention, mentionsIn, type Reference } from './references.ts';

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

/** Names a workload. */
export interface WorkloadName {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What a pass keeps of a workload: a few hundred bytes instead of the object, since a cluster has
 * thousands of them and the rest of the object is never needed again.
 */
export interface Workload extends WorkloadName {
  readonly uid: string;
  /** Of the object that was read: the precondition of the patch. */
  readonly resourceVersion: string;
  readonly deleting: boolean;
  /** What the template carries now. */
  readonly template: { readonly hash: string | undefined; readonly sources: string | undefined };
  /** Why a changed template starts no Pods by itself. */
  readonly podsFollow: 'at once' | 'when resumed' | 'when deleted';
  readonly configuration: Configuration;
  readonly ownership: {
    /** Whether it carries our finalizer. */
    readonly finalizer: boolean;
    /** Its annotation `/owned-sources`, as it stands. */
    readonly record: string | undefined;
  };
}

/** What the workload references, or why that cannot be said. */
export type Configuration =
  | { readonly kind: 'references'; readonly references: readonly Reference[] }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly why: string };

export interface ReferenceRules {
  readonly annotations: AnnotationNames;
  /** Namespaces whose sources a workload of any namespace may name in `/extra-*`; `*` is all. */
  readonly crossNamespaceReferences: readonly string[];
}

/**
 * Reduces a listed object to a Workload, or to undefined where it neither opted in nor carries
 * anything that is to be taken away.
 *
 * @param object as the API sends it; an item of a list carries no kind of its own
 */
export function readWorkload(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: ReferenceRules,
): Workload | undefined {
  const { annotations, finalizers } = object.metadata ?? {};
  const { updateOnConfigChange, ownedSources, finalizer } = rules.annotations;
  const concerned =
    optIn(annotations?.[updateOnConfigChange]) !== 'off' ||
    finalizers?.includes(finalizer) === true ||
    annotations?.[ownedSources] !== undefined;
  return concerned ? readAnyWorkload(kind, object, rules) : undefined;
}

/** As `readWorkload`, also where the workload has nothing to do with wave-cron. */
export function readAnyWorkload(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: ReferenceRules,
): Workload {
  const { annotations: names } = rules;
  const metadata = object.metadata ?? {};
  const annotations = metadata.annotations ?? {};
  const asked = optIn(annotations[names.updateOnConfigChange]);
  const namespace = metadata.namespace ?? '';
  const template = object.spec?.template ?? {};
  const templateAnnotations = template.metadata?.annotations ?? {};
  return {
    kind,
    namespace,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    deleting: metadata.deletionTimestamp != null,
    template: {
      hash: templateAnnotations[names.configHash],
      sources: templateAnnotations[names.configSources],
    },
    podsFollow: podsFollow(kind, object),
    ownership: {
      finalizer: metadata.finalizers?.includes(names.finalizer) === true,
      record: annotations[names.ownedSources],
    },
    configuration:
      asked === 'on'
        ? configurationOf(mentionsIn(template.spec ?? {}, namespace), namespace, annotations, rules)
        : notOptedIn(asked, names.updateOnConfigChange, annotations),
  };
}

function notOptedIn(
  asked: 'off' | 'invalid',
  name: string,
  annotations: Readonly<Record<string, string>>,
): Configuration {
  if (asked === 'off') {
    return { kind: 'refused', reason: 'OptedOut', why: 'it is not opted in any more' };
  }
  const value = quote(annotations[name] ?? '');
  return {
    kind: 'refused',
    reason: 'InvalidAnnotation',
    why: `annotation ${name} is ${value}: only "true" switches wave-cron on`,
  };
}

function podsFollow(kind: WorkloadKind, { spec }: WorkloadObject): Workload['podsFollow'] {
  if (kind === 'Deployment') return spec?.paused === true ? 'when resumed' : 'at once';
  return spec?.updateStrategy?.type === 'OnDelete' ? 'when deleted' : 'at once';
}

/** Joins what the template mentions with what the annotations add and take away. */
function configurationOf(
  mentions: readonly Mention[],
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  { annotations: names, crossNamespaceReferences: allowed }: ReferenceRules,
): Configuration {
  const all = [...mentions];
  const ignored = new Set<string>();
  const refused: string[] = [];
  const denied: string[] = [];

  for (const { kind, extra, ignore } of [
    { kind: 'ConfigMap', extra: names.extraConfigMaps, ignore: names.ignoreConfigMaps },
    { kind: 'Secret', extra: names.extraSecrets, ignore: names.ignoreSecrets },
  ] as const) {
    const extras = parseSourceList(annotations[extra]);
    for (const entry of extras.invalid) refused.push(`annotation ${extra} names ${entry}`);
    for (const source of extras.sources) {
      const other = source.namespace ?? namespace;
      if (other !== namespace && !allowed.includes('*') && !allowed.includes(other)) {
        denied.push(`${kind}/${other}/${source.name}`);
      }
      all.push({
        kind,
        namespace: other,
        name: source.name,
        keys: 'all',
        required: false,
        place: `annotation ${extra}`,
      });
    }
    const ignores = parseSourceList(annotations[ignore]);
    for (const entry of ignores.invalid) refused.push(`annotation ${ignore} names ${entry}`);
    for (const source of ignores.sources) {
      ignored.add(`${kind}/${source.namespace ?? namespace}/${source.name}`);
    }
  }

  if (refused.length > 0) {
    return {
      kind: 'refused',
      reason: 'InvalidAnnotation',
      why: `${shortList(refused)}: an entry is a name or namespace/name, as Kubernetes writes them, and entries are separated by commas`,
    };
  }
  if (denied.length > 0) {
    return {
      kind: 'refused',
      reason: 'CrossNamespaceDenied',
      why: `${shortList(denied)} belongs to another namespace, and the setting crossNamespaceReferences does not allow it`,
    };
  }
  return {
    kind: 'references',
    references: joinMentions(
      all.filter(({ kind, namespace: ns, name }) => !ignored.has(`${kind}/${ns}/${name}`)),
    ),
  };
}

/** The first three of a list, and how many more: a sentence stays a sentence. */
export function shortList(entries: readonly string[]): string {
  const shown = entries.slice(0, 3).join(', ');
  return entries.length > 3 ? `${shown} and ${entries.length - 3} more` : shown;
}
