import type { ObjectMeta } from '../kubernetes/objects.ts';
import type { OptInMode, Settings } from '../settings/schema.ts';
import { quote } from '../text/quote.ts';
import { type AnnotationKeys, parseOptIn } from './annotations.ts';

/** Whether those workloads of a namespace that have no annotation about opting in are opted in. */
export type DefaultOptIn =
  | { readonly kind: 'off' }
  | { readonly kind: 'on'; readonly by: 'namespace' | 'setting' }
  /** The annotation of the namespace is invalid. */
  | { readonly kind: 'refused'; readonly why: string };

/** Returns the opt-in of a namespace by its name. */
export type DefaultOptIns = (namespace: string) => DefaultOptIn;

export const notOptedIn = { kind: 'off' } as const;

/** The opt-ins with `optIn: annotation`. */
export const onlyAnnotations: DefaultOptIns = () => notOptedIn;

/**
 * The namespace whose workloads `optIn: all` does not opt in unless the setting `namespaces` names
 * it.
 */
export const systemNamespace = 'kube-system';

/**
 * The opt-ins with `optIn: all`.
 *
 * @param named the setting `namespaces`
 */
export function allOptedIn(named: readonly string[]): DefaultOptIns {
  const isLeftAlone = !named.includes(systemNamespace);
  return (namespace) =>
    isLeftAlone && namespace === systemNamespace ? notOptedIn : { kind: 'on', by: 'setting' };
}

/**
 * The value of `optIn` that has the same effect for a single namespace if the setting `namespaces` names this
 * namespace.
 */
export function optInWithin(
  { optIn, namespaces }: Pick<Settings, 'optIn' | 'namespaces'>,
  namespace: string,
): OptInMode {
  if (optIn !== 'all') return optIn;
  return allOptedIn(namespaces)(namespace).kind === 'on' ? 'all' : 'annotation';
}

/** The opt-in of a namespace with `optIn: namespace`, according to its metadata. */
export function optInOfNamespace(
  { name, annotations }: ObjectMeta,
  { updateOnConfigChange }: AnnotationKeys,
): DefaultOptIn {
  const value = annotations?.[updateOnConfigChange] ?? undefined;
  const parsed = parseOptIn(value);
  if (parsed === 'on') return { kind: 'on', by: 'namespace' };
  if (parsed === 'off' || value === undefined) return notOptedIn;
  return {
    kind: 'refused',
    why: `annotation ${updateOnConfigChange} of namespace ${name} is ${quote(value)}: it must be "true" or "false"`,
  };
}
