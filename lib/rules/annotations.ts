import {
  anySource,
  configMap,
  type SourceKind,
  secret,
  sourceEntry,
  sourceKinds,
} from '../kubernetes/kinds.ts';
import type { Compatibility } from '../settings/schema.ts';
import { reloaderDomain, reloaderIgnore } from './reloader.ts';

interface Annotation {
  /** What stands after the slash. */
  readonly name: string;
  readonly on: 'workload' | 'source' | 'pod template';
  /** Who sets it. */
  readonly by: 'owner' | 'wave-cron';
  /** Its value. */
  readonly takes: string;
  readonly meaning: string;
}

/** One for each kind of sources, such as `extraConfigMaps`, which is called `extra-configmaps`. */
type OfSourceKinds<Verb extends string> = {
  readonly [kind in SourceKind as `${Verb}${kind}s`]: Annotation;
};

function ofSourceKinds<Verb extends string>(
  verb: Verb,
  meaning: (kind: SourceKind) => string,
): OfSourceKinds<Verb> {
  const made = sourceKinds.map((kind): [string, Annotation] => [
    `${verb}${kind}s`,
    {
      name: `${verb}-${sourceEntry(kind).plural}`,
      on: 'workload',
      by: 'owner',
      takes: 'names, with commas',
      meaning: meaning(kind),
    },
  ]);
  // Object.fromEntries forgets the keys that it was given.
  return Object.fromEntries(made) as OfSourceKinds<Verb>;
}

function extra(kind: SourceKind): string {
  const what = `${kind}s that the Pods read by themselves`;
  return kind === sourceKinds[0]
    ? `${what}. They count as optional; \`namespace/name\` where the setting \`crossNamespaceReferences\` allows that namespace.`
    : `${what}, in the same way.`;
}

function ignored(kind: SourceKind): string {
  return `${kind}s that are left out, though the Pods use them.`;
}

/**
 * The annotations of the contract, and what docs/annotations.md says of each. Everything else in the
 * code speaks of them by these names; only the prefix is a setting, and whose annotations count as well.
 */
export const annotations = {
  updateOnConfigChange: {
    name: 'update-on-config-change',
    on: 'workload',
    by: 'owner',
    takes: '`"true"` or `"false"`',
    meaning:
      'Opts in. Exactly `"true"` does; anything else leaves the workload alone, and what is neither is told as `InvalidAnnotation`.',
  },
  ...ofSourceKinds('extra', extra),
  ...ofSourceKinds('ignore', ignored),
  adoption: {
    name: 'adoption',
    on: 'workload',
    by: 'owner',
    takes: '`stamp`, `if-changed` or `baseline`',
    meaning:
      'What becomes of the workload when it is seen first, in place of the setting `adoption`: [with or without a restart](migration.md#with-or-without-a-restart).',
  },
  restart: {
    name: 'restart',
    on: 'workload',
    by: 'owner',
    takes: '`always` or `if-stale`',
    meaning:
      'Whether a changed configuration restarts the workload if all of its Pods are younger than the change, in place of the setting `restart`: [Beside another tool that restarts](restart.md).',
  },
  ignore: {
    name: 'ignore',
    on: 'source',
    by: 'owner',
    takes: '`"true"`',
    meaning: `The ${anySource} is left out of every workload.`,
  },
  configHash: {
    name: 'config-hash',
    on: 'pod template',
    by: 'wave-cron',
    takes: '64 hex digits',
    meaning:
      '[The hash](how-it-works.md#the-hash) of the configuration: a new one rolls the workload.',
  },
  configSources: {
    name: 'config-sources',
    on: 'pod template',
    by: 'wave-cron',
    takes: `JSON: \`hash\`, the first digits of the hash that it was written with; a short digest for each source, \`-\` for an absent one; without a key, \`@\`, the resourceVersion and the time of the last write for a ${secret.kind}; with \`restart: if-stale\` the names of the keys of each source`,
    meaning:
      'Says which source changed, when the next hash is written. It changes together with the hash alone, and counts only beside the hash that it names.',
  },
  adopted: {
    name: 'adopted',
    on: 'workload',
    by: 'wave-cron',
    takes: 'JSON: `template`, `config`, `sources`, `podTemplate`',
    meaning:
      'What the Pods of a workload run with, recorded without a restart. It counts while the template has the hash that it names; with `podTemplate`, a digest of the pod template, until the pod template changes.',
  },
  rolloutHistory: {
    name: 'rollout-history',
    on: 'workload',
    by: 'wave-cron',
    takes: 'JSON: a list of RFC 3339 times, such as `["2026-11-30T07:00:00Z"]`',
    meaning:
      'When the hash was last written, as often as `rollouts.limit` needs to know. It is written together with the hash.',
  },
  writtenHash: {
    name: 'written-hash',
    on: 'workload',
    by: 'wave-cron',
    takes: '64 hex digits',
    meaning:
      'The hash that was last written to the pod template, in the same patch. If the template carries none any more, another tool [has removed it](gitops.md#reverted), and the Pods are not taken to be current.',
  },
  ownedSources: {
    name: 'owned-sources',
    on: 'workload',
    by: 'wave-cron',
    takes: `JSON: names, such as \`["${configMap.kind}/settings"]\``,
    meaning:
      'The sources that may carry an [owner reference](ownership.md) to the workload, with `ownership: references` or `finalizer`; `*` stands for ones that are not known by name.',
  },
  putBack: {
    name: 'owner-references-put-back',
    on: 'workload',
    by: 'wave-cron',
    takes: 'a number from 1 to 9',
    meaning:
      'How many passes in a row [put back owner references](ownership.md#tools-that-remove-owner-references) that somebody had removed. After 3 they are not put back again, until you remove this annotation.',
  },
} as const satisfies Readonly<Record<string, Annotation>>;

type Key = keyof typeof annotations;

/** With the prefix, as they stand in the cluster. */
export type AnnotationKeys = { readonly [key in Key]: string } & {
  /** Not an annotation: the finalizer of a workload that owns sources. */
  readonly finalizer: string;
  /** Tools whose annotations count as well. */
  readonly compatibility: readonly Compatibility[];
};

export function annotationKeys(
  prefix: string,
  compatibility: readonly Compatibility[] = [],
): AnnotationKeys {
  const named = Object.entries(annotations).map(([key, { name }]) => [key, `${prefix}/${name}`]);
  // Object.fromEntries forgets the keys that it was given.
  const names = Object.fromEntries(named) as { readonly [key in Key]: string };
  return { ...names, finalizer: `${prefix}/finalizer`, compatibility };
}

/** On a source: each of these, where it is "true", leaves the source out everywhere. */
export function ignoreAnnotations({ ignore, compatibility }: AnnotationKeys): string[] {
  return compatibility.includes('reloader') ? [ignore, reloaderIgnore] : [ignore];
}

/** Whoever opted in, or carries anything of ours, mentions one of these. */
export function domainsOf({ finalizer, compatibility }: AnnotationKeys): string[] {
  const own = finalizer.slice(0, finalizer.indexOf('/'));
  return compatibility.includes('reloader') ? [own, reloaderDomain] : [own];
}

export type OptInValue = 'on' | 'off' | 'invalid';

/** Exactly `"true"` is on; `"false"` and absent are off; anything else is off, and worth telling. */
export function parseOptIn(value: string | undefined): OptInValue {
  if (value === 'true') return 'on';
  return value === undefined || value === 'false' ? 'off' : 'invalid';
}
