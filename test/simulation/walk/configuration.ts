/**
 * Determines the configuration of a workload as documented. This file uses no code of lib/, so that it
 * finds faults there.
 */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { currentHash, type HashedSource } from '../../faults/current-hash.ts';
import { keys } from './names.ts';

interface Ref {
  readonly name?: string;
  readonly key?: string;
  readonly optional?: boolean;
}
interface Volume {
  readonly configMap?: Ref & { readonly items?: readonly { readonly key: string }[] };
  readonly secret?: {
    readonly secretName: string;
    readonly optional?: boolean;
    readonly items?: readonly { readonly key: string }[];
  };
}
interface Container {
  readonly envFrom?: readonly { readonly configMapRef?: Ref; readonly secretRef?: Ref }[];
  readonly env?: readonly {
    readonly valueFrom?: { readonly configMapKeyRef?: Ref; readonly secretKeyRef?: Ref };
  }[];
}

export type SourceKind = 'ConfigMap' | 'Secret';

/** A source as a workload uses it. */
interface Use {
  readonly kind: SourceKind;
  readonly name: string;
  readonly isRequired: boolean;
  /** Undefined: all keys. */
  readonly keys: readonly string[] | undefined;
}

export interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | null };
  readonly spec?: {
    readonly containers?: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

export const templateOf = (object: KubernetesObject): Template =>
  (object.spec?.['template'] ?? {}) as Template;

export const templateHash = (object: KubernetesObject): string | undefined =>
  templateOf(object).metadata?.annotations?.[keys.hash];

function usesOf(object: KubernetesObject): readonly Use[] {
  const { containers = [], volumes = [] } = templateOf(object).spec ?? {};
  const envFrom = containers.flatMap((each) => each.envFrom ?? []);
  const env = containers.flatMap((each) => (each.env ?? []).map(({ valueFrom = {} }) => valueFrom));
  const all = (kind: SourceKind, ref: Ref | undefined): Use[] =>
    ref === undefined
      ? []
      : [{ kind, name: ref.name ?? '', isRequired: ref.optional !== true, keys: undefined }];
  const one = (kind: SourceKind, ref: Ref | undefined): Use[] =>
    ref === undefined
      ? []
      : [{ kind, name: ref.name ?? '', isRequired: ref.optional !== true, keys: [ref.key ?? ''] }];
  const mounted = volumes.flatMap(({ configMap, secret }): Use[] => [
    ...(configMap === undefined
      ? []
      : [useOf('ConfigMap', configMap.name ?? '', configMap.optional, configMap.items)]),
    ...(secret === undefined
      ? []
      : [useOf('Secret', secret.secretName, secret.optional, secret.items)]),
  ]);
  const extra = (object.metadata.annotations?.[keys.extra] ?? '').split(',');
  return [
    ...envFrom.flatMap((each) => [
      ...all('ConfigMap', each.configMapRef),
      ...all('Secret', each.secretRef),
    ]),
    ...env.flatMap((each) => [
      ...one('ConfigMap', each.configMapKeyRef),
      ...one('Secret', each.secretKeyRef),
    ]),
    ...mounted,
    ...extra.flatMap((text) =>
      text.trim() === '' ? [] : [useOf('ConfigMap', text.trim(), true, undefined)],
    ),
  ];
}

const useOf = (
  kind: SourceKind,
  name: string,
  optional: boolean | undefined,
  items: readonly { readonly key: string }[] | undefined,
): Use => ({ kind, name, isRequired: optional !== true, keys: items?.map(({ key }) => key) });

/** Returns the data of a source as text; undefined if the source does not exist. */
export type DataOf = (
  kind: SourceKind,
  name: string,
) => Readonly<Record<string, string>> | undefined;

/** The sources that a workload uses, by `Kind/name`. */
export const usedSources = (object: KubernetesObject): ReadonlySet<string> =>
  new Set(usesOf(object).map(({ kind, name }) => `${kind}/${name}`));

/** Whether a Pod of the template can start, which needs all required sources and keys. */
export const isStartable = (object: KubernetesObject, dataOf: DataOf): boolean =>
  hashOf(object, dataOf) !== undefined;

/** The config hash; undefined if a required source or key is missing. */
export function hashOf(object: KubernetesObject, dataOf: DataOf): string | undefined {
  const entries: HashedSource[] = [];
  const bySource = Map.groupBy(usesOf(object), ({ kind, name }) => `${kind}/${name}`);
  for (const uses of bySource.values()) {
    const [{ kind, name } = { kind: 'ConfigMap', name: '' } as const] = uses;
    const held = dataOf(kind, name);
    if (held === undefined) {
      if (uses.some(({ isRequired }) => isRequired)) return undefined;
      entries.push({ kind, name, data: null });
      continue;
    }
    const isMissing = (each: Use): boolean =>
      each.isRequired && (each.keys ?? []).some((key) => held[key] === undefined);
    if (uses.some(isMissing)) return undefined;
    const isWhole = uses.some((each) => each.keys === undefined);
    const wanted = new Set(uses.flatMap((each) => each.keys ?? []));
    const data = Object.entries(held).filter(([key]) => isWhole || wanted.has(key));
    entries.push({ kind, name, data: Object.fromEntries(data) });
  }
  return currentHash(entries);
}
