import { quote } from '../text/quote.ts';
import { shortList } from '../text/short-list.ts';
import { parseSourceList } from './annotations.ts';
import type { SourceKind } from './references.ts';

/**
 * The annotations of Reloader (stakater/Reloader), under the meaning that its documentation and its
 * releases up to 1.4 give them. What it offers beyond (patterns instead of names, pauses, its own
 * kinds) is not known here; docs/migration.md says what becomes of it.
 */

/** In the name of each of its annotations. */
export const reloaderDomain = 'reloader.stakater.com';

const auto = `${reloaderDomain}/auto`;
const search = `${reloaderDomain}/search`;

/** On a source: left out everywhere. */
export const reloaderIgnore = `${reloaderDomain}/ignore`;
/** On a source: what a workload with `search` wants. */
export const reloaderMatch = `${reloaderDomain}/match`;

const namesOf = (kind: string) => ({
  auto: `${kind}.${reloaderDomain}/auto`,
  reload: `${kind}.${reloaderDomain}/reload`,
  exclude: `${kind}s.exclude.${reloaderDomain}/reload`,
});
export const reloaderNames = {
  ConfigMap: namesOf('configmap'),
  Secret: namesOf('secret'),
} as const;

/** What a workload wants watched of one kind of sources. */
export interface ReloaderScope {
  /** Of what its template references: all, only sources with `match`, or none. */
  readonly referenced: 'all' | 'matched' | 'none';
  /** By name, whether referenced or not. */
  readonly listed: readonly string[];
  readonly excluded: readonly string[];
}

export type ReloaderWish =
  | { readonly kind: 'none' }
  /** `annotation` says so; it is neither absent nor true. */
  | { readonly kind: 'off'; readonly annotation: string; readonly value: string }
  /** It asks for something that cannot be done here. */
  | { readonly kind: 'refused'; readonly annotation: string; readonly why: string }
  | {
      readonly kind: 'on';
      /** The first annotation that says so. */
      readonly annotation: string;
      readonly scopes: Readonly<Record<SourceKind, ReloaderScope>>;
    };

type Annotations = Readonly<Record<string, string>>;

/**
 * What Reloader's annotations on a workload ask for.
 *
 * As in Reloader, each kind of sources is looked at by itself, and the annotations of the pod
 * template count for it only where the workload itself has none that concerns it.
 */
export function reloaderWish(own: Annotations, ofTemplate: Annotations): ReloaderWish {
  const kinds = {
    ConfigMap: read('ConfigMap', own, ofTemplate),
    Secret: read('Secret', own, ofTemplate),
  };
  const each = [kinds.ConfigMap, kinds.Secret];

  for (const { reload, invalid } of each) {
    if (invalid.length === 0) continue;
    const why = `annotation ${reload} contains ${shortList(invalid)}: entries must be names of sources in the namespace of the workload, separated by commas, without patterns`;
    return { kind: 'refused', annotation: reload, why };
  }
  const on = each.find(({ asks }) => asks !== undefined);
  if (on?.asks !== undefined) {
    const { ConfigMap, Secret } = kinds;
    return {
      kind: 'on',
      annotation: on.asks,
      scopes: { ConfigMap: ConfigMap.scope, Secret: Secret.scope },
    };
  }
  const value = each.find(({ autoValue }) => autoValue !== undefined)?.autoValue;
  return value === undefined ? { kind: 'none' } : { kind: 'off', annotation: auto, value };
}

function read(kind: SourceKind, own: Annotations, ofTemplate: Annotations) {
  const names = reloaderNames[kind];
  const concerned = [names.reload, search, auto, names.auto];
  const annotations = concerned.some((name) => own[name] !== undefined) ? own : ofTemplate;

  const { sources, invalid } = parseSourceList(annotations[names.reload]);
  const elsewhere = sources.filter(({ namespace }) => namespace !== undefined);
  const listed = sources.map(({ name }) => name);
  const switchedOn = [auto, names.auto].find((name) => isTrue(annotations[name]));
  const searches = annotations[search] === 'true' ? search : undefined;
  const scope: ReloaderScope = {
    referenced: switchedOn !== undefined ? 'all' : searches !== undefined ? 'matched' : 'none',
    listed,
    // Reloader takes these from the workload alone, and compares them as they stand.
    excluded: (own[names.exclude] ?? '').split(',').map((name) => name.trim()),
  };
  return {
    scope,
    reload: names.reload,
    invalid: [...invalid, ...elsewhere.map(({ namespace, name }) => quote(`${namespace}/${name}`))],
    asks: switchedOn ?? searches ?? (listed.length > 0 ? names.reload : undefined),
    autoValue: annotations[auto],
  };
}

/** Reloader reads these values with Go's ParseBool; whatever else is there counts as false. */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|t|T|true|True|TRUE)$/.test(value);
}
