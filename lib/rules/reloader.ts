import {
  perReferencedKind,
  type ReferencedKind,
  referencedKinds,
  secretProviderClass,
} from '../kubernetes/kinds.ts';
import { quote } from '../text/quote.ts';
import { shortList } from '../text/short-list.ts';
import { type NamePattern, parseReloaderPattern } from './name-pattern.ts';
import { parseSourceList } from './source-list.ts';

/**
 * The annotations of Reloader (stakater/Reloader), with the meaning that its documentation and its
 * releases up to 1.4 define. Its other features (any regular expression, pauses) are not
 * supported; docs/migration.md describes the consequences.
 */

type Annotations = Readonly<Record<string, string>>;

/** The part of a name that is in the name of each annotation of Reloader. */
export const reloaderDomain = 'reloader.stakater.com';

const auto = `${reloaderDomain}/auto`;
const search = `${reloaderDomain}/search`;

/** On a source: excludes it everywhere. */
export const reloaderIgnore = `${reloaderDomain}/ignore`;
/** On a source: includes it for workloads with `search`. */
export const reloaderMatch = `${reloaderDomain}/match`;

/** On a Rollout of Argo Rollouts: determines how its Pods restart. */
export const reloaderStrategy = `${reloaderDomain}/rollout-strategy`;

/** On a Deployment: further changes within this time start no other rollout. */
export const reloaderPausePeriod = `deployment.${reloaderDomain}/pause-period`;

export const reloaderNames = perReferencedKind((kind) => {
  const name = kind.toLowerCase();
  const plural = kind === secretProviderClass.kind ? secretProviderClass.plural : `${name}s`;
  return {
    auto: `${name}.${reloaderDomain}/auto`,
    reload: `${name}.${reloaderDomain}/reload`,
    exclude: `${plural}.exclude.${reloaderDomain}/reload`,
  };
});

/**
 * A sentence about an annotation of a workload that has no effect, because its kind of sources does not
 * count. Undefined if there is none.
 */
export function withoutEffect(
  annotations: Annotations,
  kinds: readonly ReferencedKind[],
): string | undefined {
  for (const kind of referencedKinds) {
    if (kinds.includes(kind)) continue;
    const name = Object.values(reloaderNames[kind]).find((each) => annotations[each] !== undefined);
    if (name === undefined) continue;
    return `annotation ${name} has no effect, because the setting sourceKinds does not include ${kind}`;
  }
  return undefined;
}

/** The sources of one kind that count for a workload. */
export interface ReloaderScope {
  /**
   * The references in the template of the workload that count: all, only sources with `match`, or
   * none.
   */
  readonly referenced: 'all' | 'matched' | 'none';
  /** Sources that count by their name, with or without a reference. */
  readonly listed: readonly string[];
  readonly patterns: readonly NamePattern[];
  readonly excluded: readonly string[];
}

export type ReloaderWish =
  | { readonly kind: 'none' }
  /** `annotation` has a value that is not true, and no other annotation opts in. */
  | { readonly kind: 'off'; readonly annotation: string; readonly value: string }
  /** An annotation asks for an unsupported feature. */
  | { readonly kind: 'refused'; readonly annotation: string; readonly why: string }
  | {
      readonly kind: 'on';
      /** The first annotation that opts in; undefined if only the default does. */
      readonly annotation: string | undefined;
      readonly scopes: Readonly<Record<ReferencedKind, ReloaderScope>>;
    };

/**
 * Reads the opt-in in Reloader's annotations on a workload.
 *
 * As in Reloader, each kind of source is handled separately, and annotations of the pod template count only if
 * the workload has none for that kind.
 *
 * @param counted the kinds of sources that count
 * @param isDefault whether workloads without annotations are opted in, as with Reloader's `--auto-reload-all`.
 * If so, all references of a kind count, unless `auto` or the typed `auto` of that kind says otherwise
 */
export function reloaderWish(
  own: Annotations,
  ofTemplate: Annotations,
  counted: readonly ReferencedKind[],
  isDefault = false,
): ReloaderWish {
  const kinds = perReferencedKind((kind) => read(kind, own, ofTemplate, isDefault));
  const each = counted.map((kind) => kinds[kind]);

  for (const { reload, invalid } of each) {
    if (invalid.length === 0) continue;
    const why = `annotation ${reload} contains ${shortList(invalid)}: entries must be names of sources in the namespace of the workload, separated by commas; of patterns, only .* and .+ between parts of a name are supported`;
    return { kind: 'refused', annotation: reload, why };
  }
  const annotation = each.find(({ asks }) => asks !== undefined)?.asks;
  if (annotation !== undefined || each.some(({ isOnByDefault }) => isOnByDefault)) {
    return { kind: 'on', annotation, scopes: perReferencedKind((kind) => kinds[kind].scope) };
  }
  const off = each.find(({ switchedOff }) => switchedOff !== undefined)?.switchedOff;
  return off === undefined ? { kind: 'none' } : { kind: 'off', ...off };
}

function read(kind: ReferencedKind, own: Annotations, ofTemplate: Annotations, isDefault: boolean) {
  const names = reloaderNames[kind];
  const concerned = [names.reload, search, auto, names.auto];
  const annotations = concerned.some((name) => own[name] !== undefined) ? own : ofTemplate;

  const list = parseSourceList(annotations[names.reload], parseReloaderPattern);
  const { sources, patterns, invalid } = list;
  const elsewhere = sources.filter(({ namespace }) => namespace !== undefined);
  const listed = sources.map(({ name }) => name);
  const switchedOn = [auto, names.auto].find((name) => isTrue(annotations[name]));
  // A false value of a typed `auto` makes a difference only with the default.
  const deciding = isDefault ? [auto, names.auto] : [auto];
  const off = deciding.find(
    (name) => annotations[name] !== undefined && !isTrue(annotations[name]),
  );
  // As in Reloader, an empty value does not decide.
  const isOnByDefault = isDefault && [auto, names.auto].every((name) => !annotations[name]);
  const searches = annotations[search] === 'true' ? search : undefined;
  const isAll = switchedOn !== undefined || isOnByDefault;
  const scope: ReloaderScope = {
    referenced: isAll ? 'all' : searches !== undefined ? 'matched' : 'none',
    ...{ listed, patterns },
    // Reloader reads these annotations only on the workload, and compares their names without trimming.
    excluded: (own[names.exclude] ?? '').split(',').map((name) => name.trim()),
  };
  return {
    scope,
    reload: names.reload,
    invalid: [...invalid, ...elsewhere.map(({ namespace, name }) => quote(`${namespace}/${name}`))],
    asks:
      switchedOn ?? searches ?? (listed.length + patterns.length > 0 ? names.reload : undefined),
    isOnByDefault,
    switchedOff: off === undefined ? undefined : { annotation: off, value: annotations[off] ?? '' },
  };
}

/** Reloader parses these values with Go's ParseBool. Any other value counts as false. */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|t|T|true|True|TRUE)$/.test(value);
}
