import { isNamespaceName, isSourceName } from '../kubernetes/names.ts';
import type { Compatibility } from '../settings/schema.ts';
import { quote } from '../text/quote.ts';
import { reloaderDomain, reloaderIgnore } from './reloader.ts';

/**
 * The annotations of the contract, with their descriptions in docs/annotations.md. All other code
 * uses these names. Settings change only the prefix, and whether annotations of other tools count.
 */
export const annotations = {
  updateOnConfigChange: {
    name: 'update-on-config-change',
    on: 'workload',
    by: 'owner',
    takes: '`"true"` or `"false"`',
    meaning:
      'Opts in with exactly `"true"`. Any other value leaves the workload alone; a value that is neither is reported as `InvalidAnnotation`.',
  },
  extraConfigMaps: {
    name: 'extra-configmaps',
    on: 'workload',
    by: 'owner',
    takes: 'names, separated by commas',
    meaning:
      'ConfigMaps that the Pods read through the API. They count as optional; `namespace/name` is allowed for the namespaces in the setting `crossNamespaceReferences`.',
  },
  extraSecrets: {
    name: 'extra-secrets',
    on: 'workload',
    by: 'owner',
    takes: 'names, separated by commas',
    meaning: 'Secrets that the Pods read through the API, in the same way.',
  },
  ignoreConfigMaps: {
    name: 'ignore-configmaps',
    on: 'workload',
    by: 'owner',
    takes: 'names, separated by commas',
    meaning: 'ConfigMaps that are ignored, although the Pods use them.',
  },
  ignoreSecrets: {
    name: 'ignore-secrets',
    on: 'workload',
    by: 'owner',
    takes: 'names, separated by commas',
    meaning: 'Secrets that are ignored, although the Pods use them.',
  },
  adoption: {
    name: 'adoption',
    on: 'workload',
    by: 'owner',
    takes: '`stamp`, `if-changed` or `baseline`',
    meaning:
      'Overrides the setting `adoption` for this workload, which decides what happens when it is first seen: [with or without a restart](migration.md#with-or-without-a-restart).',
  },
  restart: {
    name: 'restart',
    on: 'workload',
    by: 'owner',
    takes: '`always` or `if-stale`',
    meaning:
      'Overrides the setting `restart` for this workload, which decides whether a change restarts it if all of its Pods are newer than the change: [Beside another tool that restarts](restart.md).',
  },
  ignore: {
    name: 'ignore',
    on: 'source',
    by: 'owner',
    takes: '`"true"`',
    meaning: 'Every workload ignores this ConfigMap or Secret.',
  },
  configHash: {
    name: 'config-hash',
    on: 'pod template',
    by: 'wave-cron',
    takes: '64 hex digits',
    meaning:
      '[The hash](how-it-works.md#the-hash) of the configuration: a new one restarts the workload.',
  },
  configSources: {
    name: 'config-sources',
    on: 'pod template',
    by: 'wave-cron',
    takes:
      'JSON: `hash`, the first digits of the hash; a short digest of each source, or `-` for an absent one; for a Secret without a hash key, `@`, its resourceVersion and the time of its last write; with `restart: if-stale`, the names of the keys of each source',
    meaning:
      'Shows which source changed when the next hash is written. It is written only together with the hash, and is valid only for that hash.',
  },
  adopted: {
    name: 'adopted',
    on: 'workload',
    by: 'wave-cron',
    takes: 'JSON: `template`, `config`, `sources`, `podTemplate`',
    meaning:
      'The configuration that the Pods of a workload run with, recorded without a restart. It is valid while the template has the hash that it names; with `podTemplate`, a digest of the pod template, until the pod template changes.',
  },
  rolloutHistory: {
    name: 'rollout-history',
    on: 'workload',
    by: 'wave-cron',
    takes: 'JSON: a list of RFC 3339 times, such as `["2026-11-30T07:00:00Z"]`',
    meaning:
      'The times when the hash was last written, as many as `rollouts.limit` needs. It is written together with the hash.',
  },
  writtenHash: {
    name: 'written-hash',
    on: 'workload',
    by: 'wave-cron',
    takes: '64 hex digits',
    meaning:
      'The hash that was last written to the pod template, in the same patch. If the template has no hash now, another tool [removed it](gitops.md#reverted), and the Pods may be outdated.',
  },
  ownedSources: {
    name: 'owned-sources',
    on: 'workload',
    by: 'wave-cron',
    takes: 'JSON: names, such as `["ConfigMap/settings"]`',
    meaning:
      'The sources that may carry an [owner reference](ownership.md) to the workload, with `ownership: references` or `finalizer`; `*` stands for sources whose names are unknown.',
  },
  putBack: {
    name: 'owner-references-put-back',
    on: 'workload',
    by: 'wave-cron',
    takes: 'a number from 1 to 9',
    meaning:
      'How many passes in a row [put back owner references](ownership.md#tools-that-remove-owner-references) that another client had removed. After 3 they are not put back until you remove this annotation.',
  },
} as const satisfies Record<
  string,
  {
    /** The part after the slash. */
    readonly name: string;
    readonly on: 'workload' | 'source' | 'pod template';
    /** Who writes it. */
    readonly by: 'owner' | 'wave-cron';
    /** Its value. */
    readonly takes: string;
    readonly meaning: string;
  }
>;

type Key = keyof typeof annotations;

/** The keys with the prefix, as in the cluster. */
export type AnnotationKeys = { readonly [key in Key]: string } & {
  /** The finalizer of a workload that owns sources. It is not an annotation. */
  readonly finalizer: string;
  /** Other tools whose annotations count. */
  readonly compatibility: readonly Compatibility[];
};

export function annotationKeysOf(
  prefix: string,
  compatibility: readonly Compatibility[] = [],
): AnnotationKeys {
  const named = Object.entries(annotations).map(([key, { name }]) => [key, `${prefix}/${name}`]);
  // The type of Object.fromEntries does not keep the keys.
  const names = Object.fromEntries(named) as { readonly [key in Key]: string };
  return { ...names, finalizer: `${prefix}/finalizer`, compatibility };
}

/** Annotations on a source that exclude it from all workloads if their value is "true". */
export function ignoreAnnotations({ ignore, compatibility }: AnnotationKeys): string[] {
  return compatibility.includes('reloader') ? [ignore, reloaderIgnore] : [ignore];
}

/**
 * A workload that opted in, or that has an annotation of wave-cron, contains one of these texts.
 */
export function domainsOf({ finalizer, compatibility }: AnnotationKeys): string[] {
  const own = finalizer.slice(0, finalizer.indexOf('/'));
  return compatibility.includes('reloader') ? [own, reloaderDomain] : [own];
}

export type OptInValue = 'on' | 'off' | 'invalid';

/**
 * Exactly `"true"` is on. `"false"` and a missing annotation are off. Any other value is off and
 * reported.
 */
export function parseOptIn(value: string | undefined): OptInValue {
  if (value === 'true') return 'on';
  return value === undefined || value === 'false' ? 'off' : 'invalid';
}

export interface NamedSource {
  /** Undefined for the namespace of the workload. */
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface SourceList {
  readonly sources: readonly NamedSource[];
  /** Entries that are not a valid name of a source, shortened for a message. */
  readonly invalid: readonly string[];
}

/**
 * The number of entries of a comma-separated list. It is cheap: parsing the entries of a list of
 * 250 kB takes a tenth of a second.
 */
export function entriesOf(value: string | undefined): number {
  if (value === undefined) return 0;
  let entries = 1;
  for (let at = value.indexOf(','); at >= 0; at = value.indexOf(',', at + 1)) entries += 1;
  return entries;
}

/**
 * Parses a comma-separated list of `name` or `namespace/name`. Spaces around entries and empty
 * entries are ignored. An invalid name is reported, not requested: as a part of a path, it could
 * address another resource.
 */
export function parseSourceList(value: string | undefined): SourceList {
  const sources: NamedSource[] = [];
  const invalid: string[] = [];
  for (const raw of (value ?? '').split(',')) {
    const entry = raw.trim();
    if (entry === '') continue;
    const slash = entry.indexOf('/');
    const namespace = slash < 0 ? undefined : entry.slice(0, slash);
    const name = entry.slice(slash + 1);
    if (isSourceName(name) && (namespace === undefined || isNamespaceName(namespace))) {
      sources.push({ namespace, name });
    } else {
      invalid.push(quote(entry));
    }
  }
  return { sources, invalid };
}
