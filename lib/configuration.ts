import { type AnnotationNames, parseSourceList } from './annotations.ts';
import { type ReloaderScope, reloaderNames } from './compatibility/reloader.ts';
import type { Wish } from './opt-in.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Reason } from './reason.ts';
import { joinMentions, type Mention, mentionsIn, type Reference } from './references.ts';
import { shortList } from './short-list.ts';

/** What the workload references, or why that cannot be said. */
export type Configuration =
  | {
      readonly kind: 'references';
      readonly references: readonly Reference[];
      /** What its owner should know whatever is decided. */
      readonly note: string | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly why: string };

/** What readers of annotations need of the settings. */
export interface ReferenceRules {
  readonly annotations: AnnotationNames;
  /** Namespaces whose sources a workload of any namespace may name in `/extra-*`; `*` is all. */
  readonly crossNamespaceReferences: readonly string[];
}

/** What a workload with this template and these annotations references. */
export function configurationOf(
  wish: Wish,
  spec: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  rules: ReferenceRules,
): Configuration {
  switch (wish.kind) {
    case 'on':
      return joined(wish, mentionsIn(spec, namespace), namespace, annotations, rules);
    case 'off':
      return { kind: 'refused', reason: 'OptedOut', why: 'it is not opted in any more' };
    case 'refused':
      return { kind: 'refused', reason: 'InvalidAnnotation', why: wish.why };
  }
}

/** Joins what the template mentions with what the annotations add and take away. */
function joined(
  { own, reloader }: Extract<Wish, { kind: 'on' }>,
  mentions: readonly Mention[],
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  { annotations: names, crossNamespaceReferences: allowed }: ReferenceRules,
): Configuration {
  const all = own ? [...mentions] : [];
  const ignored = new Set<string>();
  const refused: string[] = [];
  const denied: string[] = [];

  for (const { kind, extra, ignore } of [
    { kind: 'ConfigMap', extra: names.extraConfigMaps, ignore: names.ignoreConfigMaps },
    { kind: 'Secret', extra: names.extraSecrets, ignore: names.ignoreSecrets },
  ] as const) {
    const add = (name: string, other: string, annotation: string): void => {
      const place = `annotation ${annotation}`;
      all.push({ kind, namespace: other, name, keys: 'all', required: false, place });
    };
    const extras = parseSourceList(annotations[extra]);
    for (const entry of extras.invalid) refused.push(`annotation ${extra} names ${entry}`);
    for (const source of extras.sources) {
      const other = source.namespace ?? namespace;
      if (other !== namespace && !allowed.includes('*') && !allowed.includes(other)) {
        denied.push(`${kind}/${other}/${source.name}`);
      }
      add(source.name, other, extra);
    }
    const ignores = parseSourceList(annotations[ignore]);
    for (const entry of ignores.invalid) refused.push(`annotation ${ignore} names ${entry}`);
    for (const source of ignores.sources) {
      ignored.add(`${kind}/${source.namespace ?? namespace}/${source.name}`);
    }
    if (reloader === undefined) continue;
    const scope = reloader[kind];
    all.push(...mentions.filter((each) => each.kind === kind).flatMap(within(scope)));
    for (const name of scope.listed) add(name, namespace, reloaderNames[kind].reload);
    for (const name of scope.excluded) ignored.add(`${kind}/${namespace}/${name}`);
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
    note:
      own && reloader !== undefined
        ? 'annotations of wave-cron and of Reloader both opt it in: what either names is watched, and what either leaves out is not'
        : undefined,
  };
}

/** What is left of a mention where only this is wanted. */
function within({ referenced, listed }: ReloaderScope): (mention: Mention) => Mention[] {
  return (mention) => {
    if (referenced === 'all' || listed.includes(mention.name)) return [mention];
    return referenced === 'matched' ? [{ ...mention, ifMatched: true }] : [];
  };
}
