import { type AnnotationNames, optIn, parseSourceList } from './annotations.ts';
import type { PodSpec } from './pod-spec.ts';
import { quote } from './quote.ts';
import type { Reason } from './reason.ts';
import { joinMentions, type Mention, mentionsIn, type Reference } from './references.ts';
import { shortList } from './short-list.ts';

/** What the workload references, or why that cannot be said. */
export type Configuration =
  | { readonly kind: 'references'; readonly references: readonly Reference[] }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly why: string };

/** What readers of annotations need of the settings. */
export interface ReferenceRules {
  readonly annotations: AnnotationNames;
  /** Namespaces whose sources a workload of any namespace may name in `/extra-*`; `*` is all. */
  readonly crossNamespaceReferences: readonly string[];
}

/** What a workload with this template and these annotations references. */
export function configurationOf(
  spec: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  rules: ReferenceRules,
): Configuration {
  const name = rules.annotations.updateOnConfigChange;
  const value = annotations[name];
  switch (optIn(value)) {
    case 'on':
      return joined(mentionsIn(spec, namespace), namespace, annotations, rules);
    case 'off':
      return { kind: 'refused', reason: 'OptedOut', why: 'it is not opted in any more' };
    case 'invalid':
      return {
        kind: 'refused',
        reason: 'InvalidAnnotation',
        why: `annotation ${name} is ${quote(value ?? '')}: only "true" switches wave-cron on`,
      };
  }
}

/** Joins what the template mentions with what the annotations add and take away. */
function joined(
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
