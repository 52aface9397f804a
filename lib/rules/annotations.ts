import {
  anySource,
  configMap,
  type ReferencedKind,
  type SourceKind,
  secret,
  secretProviderClass,
  sourceEntry,
  sourceKinds,
} from '../kubernetes/kinds.ts';
import type { Compatibility, Settings } from '../settings/schema.ts';
import { reloaderDomain, reloaderIgnore } from './reloader.ts';

interface Annotation {
  /** The part after the slash. */
  readonly name: string;
  readonly on: 'workload' | 'workload, Namespace' | 'source' | 'pod template';
  /** Who sets the annotation: the owner of the object, or wave-cron. */
  readonly by: 'owner' | 'wave-cron';
  /** A description of the annotation's value. */
  readonly takes: string;
  readonly meaning: string;
}

/**
 * One annotation for each source kind. The key `extraConfigMaps` has the name `extra-configmaps`.
 */
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
      takes: 'names, separated by commas',
      meaning: meaning(kind),
    },
  ]);
  // The type of Object.fromEntries does not keep the keys.
  return Object.fromEntries(made) as OfSourceKinds<Verb>;
}

function extra(kind: SourceKind): string {
  return kind === sourceKinds[0]
    ? `Additional ${kind}s, such as ${kind}s that the Pods read through the API. The additional ${kind}s are optional. An entry \`namespace/name\` is valid if the setting \`crossNamespaceReferences\` allows that namespace. A [pattern](patterns.md) such as \`app-*\` is valid if the setting \`namePatterns\` contains ${kind}.`
    : `Additional ${kind}s, with the same rules.`;
}

function ignored(kind: SourceKind): string {
  return `${kind}s to ignore, although the Pods use them.`;
}

/**
 * All annotations, with their descriptions for docs/annotations.md. All other code uses these
 * names. Settings change only the prefix, and whether annotations of other tools count.
 */
export const annotations = {
  updateOnConfigChange: {
    name: 'update-on-config-change',
    on: 'workload, Namespace',
    by: 'owner',
    takes: '`"true"` or `"false"`',
    meaning:
      '`"true"` [opts the workload in](opt-in.md), and `"false"` opts it out. Without the annotation, the setting `optIn` decides, and by default the workload is not opted in. Any other value is reported as `InvalidAnnotation`, and the workload is not changed. On a Namespace, the annotation counts only with `optIn: namespace`, and only for workloads without the annotation.',
  },
  ...ofSourceKinds('extra', extra),
  ...ofSourceKinds('ignore', ignored),
  ignoreSecretProviderClasses: {
    name: `ignore-${secretProviderClass.plural}`,
    on: 'workload',
    by: 'owner',
    takes: 'names, separated by commas',
    meaning:
      'SecretProviderClasses to ignore, although the Pods [mount their objects](csi-driver.md).',
  },
  adoption: {
    name: 'adoption',
    on: 'workload',
    by: 'owner',
    takes: '`stamp`, `if-changed` or `baseline`',
    meaning:
      'Replaces the setting `adoption` for this workload: [with or without a restart](migration.md#with-or-without-a-restart).',
  },
  restart: {
    name: 'restart',
    on: 'workload',
    by: 'owner',
    takes: '`always` or `if-stale`',
    meaning:
      'Replaces the setting `restart` for this workload: [with another tool that restarts](restart.md).',
  },
  rolloutPause: {
    name: 'rollout-pause',
    on: 'workload, Namespace',
    by: 'owner',
    takes: '`"true"`, `"false"` or an RFC 3339 time',
    meaning:
      'Pauses rollouts without an end (`"true"`) or until a time: [Paused](rollouts.md#paused). The pauses of the setting, the namespace and the workload all count.',
  },
  rolloutWindows: {
    name: 'rollout-windows',
    on: 'workload, Namespace',
    by: 'owner',
    takes:
      'YAML or JSON: a list of windows, each with `kind` (`allow` or `deny`), `schedule` (cron), `duration` and optionally `timeZone`',
    meaning:
      'The windows that decide when rollouts may start: [OutsideWindow](rollouts.md#outsidewindow). Allow windows on a workload replace the allow windows of its namespace, and both replace the allow windows of `rollouts.windows`. An empty list removes these allow windows. The deny windows of the setting, the namespace and the workload all count.',
  },
  rolloutApproval: {
    name: 'rollout-approval',
    on: 'workload, Namespace',
    by: 'owner',
    takes: '`required` or `none`',
    meaning:
      'Whether each rollout needs [an approval](rollouts.md#awaitingapproval). Replaces the setting `rollouts.approval`.',
  },
  rolloutSettle: {
    name: 'rollout-settle',
    on: 'workload, Namespace',
    by: 'owner',
    takes: 'a duration such as `30s`',
    meaning:
      'The minimum time between [the last write to the sources](rollouts.md#settling) and the rollout. Replaces the setting `rollouts.settle`.',
  },
  rolloutCooldown: {
    name: 'rollout-cooldown',
    on: 'workload, Namespace',
    by: 'owner',
    takes: 'a duration such as `10m`',
    meaning:
      'The minimum time [between two rollouts](rollouts.md#coolingdown). Replaces the setting `rollouts.cooldown`.',
  },
  rolloutOrder: {
    name: 'rollout-order',
    on: 'workload',
    by: 'owner',
    takes: 'an integer from -1000000 to 1000000. Default: 0',
    meaning:
      'If several workloads of a namespace use a changed source, the workloads with the lowest order restart first. Workloads with a higher order wait until the restarted workloads are healthy: [Queued](rollouts.md#queued).',
  },
  rolloutStrategy: {
    name: 'rollout-strategy',
    on: 'workload',
    by: 'owner',
    takes: '`rollout` or `restart`',
    meaning:
      'Only on a Rollout of Argo Rollouts: with `restart`, its Pods restart [without a new revision](kinds.md#restart-without-a-new-revision). The default is `rollout`.',
  },
  approvedConfig: {
    name: 'approved-config',
    on: 'workload',
    by: 'owner',
    takes: 'the `hash` of `pending-config`',
    meaning:
      '[Approves](rollouts.md#approval) the configuration with this hash, and no other configuration. `wave-cron approve` sets the annotation.',
  },
  rolloutNow: {
    name: 'rollout-now',
    on: 'workload',
    by: 'owner',
    takes: 'the `hash` of `pending-config`',
    meaning:
      'Lets the configuration with this hash [pass all holds](rollouts.md#emergency). `wave-cron approve --now` sets the annotation.',
  },
  ignore: {
    name: 'ignore',
    on: 'source',
    by: 'owner',
    takes: '`"true"`',
    meaning: `All workloads ignore this ${anySource}, or this [SecretProviderClass](csi-driver.md).`,
  },
  configHash: {
    name: 'config-hash',
    on: 'pod template',
    by: 'wave-cron',
    takes: '64 hex digits',
    meaning:
      '[The hash](how-it-works.md#the-hash) of the configuration. A new hash rolls the workload.',
  },
  configSources: {
    name: 'config-sources',
    on: 'pod template',
    by: 'wave-cron',
    takes: `JSON: \`hash\` has the first digits of the hash that was written together with this record. Each source has a short digest, or \`-\` if the source is absent. Without a hash key, a ${secret.kind} has \`@\`, its resourceVersion and the time of its last write instead of a digest. With \`restart: if-stale\`, the record also has the names of the keys of each source`,
    meaning:
      'With this record, the next pass that writes a hash can say which source changed. The record changes only together with the hash. If the hash in the record differs from the hash on the template, the record is ignored.',
  },
  adopted: {
    name: 'adopted',
    on: 'workload',
    by: 'wave-cron',
    takes: 'JSON: `template`, `config`, `sources`, `podTemplate`, `restartAt`',
    meaning:
      'The configuration that the Pods use, recorded without a restart. The record is valid as long as the template has the hash in `template`. If the record has `podTemplate` (a digest of the pod template), the record is valid only until the pod template changes. If the record has `restartAt`, the Pods that are older than this time were [restarted without a new revision](kinds.md#restart-without-a-new-revision).',
  },
  rolloutHistory: {
    name: 'rollout-history',
    on: 'workload',
    by: 'wave-cron',
    takes:
      'JSON: `times` (RFC 3339), `hash` (the first digits of the last hash) and, if there are any, `given`: the versions of sources on trial',
    meaning:
      'The times of the most recent hash writes (as many as `rollouts.limit` needs), and the versions of sources that are on trial: the workload got these versions, but has not been healthy since: [format](how-it-works.md#records-of-rollouts). The annotation is written together with the hash.',
  },
  pendingConfig: {
    name: 'pending-config',
    on: 'workload',
    by: 'wave-cron',
    takes:
      'JSON: `hash`, `key` (the id of the hash key), `since` (an RFC 3339 time) and `reason` (of the hold)',
    meaning:
      'The configuration that a hold keeps from being rolled out, and the time at which the hold began. The write of the hash removes the annotation.',
  },
  writtenHash: {
    name: 'written-hash',
    on: 'workload',
    by: 'wave-cron',
    takes: '64 hex digits',
    meaning:
      'The hash that was last written to the pod template. The same patch writes this annotation and the hash. If the template has no hash any more, another tool [has removed it](gitops.md#reverted), and the Pods do not count as current.',
  },
  ownedSources: {
    name: 'owned-sources',
    on: 'workload',
    by: 'wave-cron',
    takes: `a JSON list of names, such as \`["${configMap.kind}/settings"]\``,
    meaning:
      'The sources that may have an [owner reference](ownership.md) to the workload, with `ownership: references` or `finalizer`. `*` stands for sources whose names are not known.',
  },
  putBack: {
    name: 'owner-references-put-back',
    on: 'workload',
    by: 'wave-cron',
    takes: 'a number from 1 to 9',
    meaning:
      'The number of consecutive passes that added owner references again [after another tool had removed them](ownership.md#tools-that-remove-owner-references). At 3, passes no longer add owner references until you remove this annotation.',
  },
} as const satisfies Readonly<Record<string, Annotation>>;

type Key = keyof typeof annotations;

/** The keys with the prefix, as in the cluster. */
export type AnnotationKeys = { readonly [key in Key]: string } & {
  /** The finalizer of a workload that owns sources. It is not an annotation. */
  readonly finalizer: string;
  /** Other tools whose annotations count. */
  readonly compatibility: readonly Compatibility[];
  /** The kinds that a configuration may contain. Annotations about other kinds have no effect. */
  readonly sourceKinds: readonly ReferencedKind[];
  /** The label selector for sources that count. Empty: all sources count. */
  readonly sourceSelector: string;
};

export function annotationKeysOf(
  prefix: string,
  compatibility: readonly Compatibility[] = [],
  kinds: readonly ReferencedKind[] = sourceKinds,
  sourceSelector = '',
): AnnotationKeys {
  const named = Object.entries(annotations).map(([key, { name }]) => [key, `${prefix}/${name}`]);
  // The type of Object.fromEntries does not keep the keys.
  const names = Object.fromEntries(named) as { readonly [key in Key]: string };
  const finalizer = `${prefix}/finalizer`;
  return { ...names, finalizer, compatibility, sourceKinds: kinds, sourceSelector };
}

export function annotationKeysOfSettings({
  annotationPrefix,
  compatibility,
  sourceKinds: kinds,
  sourceSelector,
}: Pick<
  Settings,
  'annotationPrefix' | 'compatibility' | 'sourceKinds' | 'sourceSelector'
>): AnnotationKeys {
  return annotationKeysOf(annotationPrefix, compatibility, kinds, sourceSelector);
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
