import {
  allSources,
  builtInKinds,
  customKindPattern,
  driverTitle,
  longestCustomKind,
  referencedKinds,
  secret,
  secretProviderClass,
  sourceKinds,
  type WorkloadKind,
  withDefaultKinds,
} from '../kubernetes/kinds.ts';
import { dnsLabel, dnsSubdomain, longestLabel, longestName } from '../kubernetes/names.ts';
import type { FromSchema } from './from-schema.ts';
import { notificationSettings } from './notification-settings.ts';
import { rolloutSettings } from './rollout-settings.ts';
import { triggerSettings } from './trigger-settings.ts';

/**
 * All settings: type, default, bounds and meaning. A setting is added only here: flags, environment
 * variables, messages and docs/settings.md are generated from this schema.
 *
 * JSON Schema 2020-12 with annotations of its own: `allowed` describes what a `pattern` or `format`
 * accepts, `placeholder` is the value in the help, and `group` is the heading in the help and in
 * the reference. `ofProcess` is true for a setting of one process or its environment, which a
 * command in another process must not take from the installation.
 */

const namespaceName = {
  type: 'string',
  pattern: `^${dnsLabel}$`,
  maxLength: longestLabel,
  allowed:
    'the name of a namespace (at most 63 lower-case letters, digits and inner dashes, such as team-a)',
} as const;

const subdomain = {
  type: 'string',
  pattern: `^${dnsSubdomain}$`,
  maxLength: longestName,
} as const;

export const settingsSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Settings of wave-cron',
  type: 'object',
  additionalProperties: false,
  properties: {
    kubeconfig: {
      ofProcess: true,
      placeholder: 'file',
      type: 'string',
      minLength: 1,
      allowed: 'the path of a file',
      group: 'Cluster',
      description:
        'The kubeconfig file. Default: the file in the variable KUBECONFIG, or else the ServiceAccount of the Pod, or else ~/.kube/config.',
    },
    context: {
      ofProcess: true,
      placeholder: 'name',
      type: 'string',
      minLength: 1,
      allowed: 'the name of a context',
      group: 'Cluster',
      description: 'The context of the kubeconfig. Default: the current context.',
    },
    namespaces: {
      placeholder: 'a,b',
      type: 'array',
      items: namespaceName,
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description: 'The namespaces in which workloads are reconciled. Empty: all.',
    },
    ignoreNamespaces: {
      placeholder: 'a,b',
      type: 'array',
      items: namespaceName,
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description: 'The namespaces in which no workload is reconciled.',
    },
    namespaceSelector: {
      placeholder: 'selector',
      type: 'string',
      format: 'label-selector',
      default: '',
      allowed: 'a label selector, such as team=a,env in (x,y)',
      group: 'Workloads',
      description:
        'The label selector for the namespaces in which workloads are reconciled. Needs the permission to list namespaces. Cannot be combined with the setting namespaces. Empty: all.',
    },
    workloadSelector: {
      placeholder: 'selector',
      type: 'string',
      format: 'label-selector',
      default: '',
      allowed: 'a label selector, such as team=a,env in (x,y)',
      group: 'Workloads',
      description: 'The label selector for the workloads to reconcile. Empty: all.',
    },
    optIn: {
      placeholder: 'mode',
      type: 'string',
      enum: ['annotation', 'namespace', 'all'],
      default: 'annotation',
      group: 'Workloads',
      description:
        'How workloads are opted in (docs/opt-in.md). annotation: by their annotation. namespace: also by the annotation of their Namespace. all: always, except in kube-system.',
    },
    kinds: {
      placeholder: 'a,b',
      type: 'array',
      items: {
        type: 'string',
        pattern: `^(${builtInKinds.join('|')}|${customKindPattern})$`,
        maxLength: longestCustomKind,
        examples: builtInKinds,
        allowed: `${builtInKinds.join(', ')}, or another kind as Kind.version.group, such as Rollout.v1alpha1.argoproj.io`,
      },
      minItems: 1,
      uniqueItems: true,
      default: withDefaultKinds([]),
      group: 'Workloads',
      description: 'The kinds of workloads to reconcile (docs/kinds.md).',
    },
    annotationPrefix: {
      placeholder: 'domain',
      ...subdomain,
      default: 'wave.pusher.com',
      allowed:
        'a DNS name (at most 253 lower-case letters, digits, inner dashes and dots, such as wave.example.com)',
      group: 'Workloads',
      description: 'The part before the slash in all annotations that are read or written.',
    },
    compatibility: {
      placeholder: 'tool',
      type: 'array',
      items: { type: 'string', enum: ['reloader'] },
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description:
        'The other tools whose annotations count too, with the meaning that each tool gives them (docs/migration.md). Empty: none.',
    },
    sourceKinds: {
      placeholder: 'kinds',
      type: 'array',
      items: { type: 'string', enum: referencedKinds },
      minItems: 1,
      uniqueItems: true,
      default: sourceKinds,
      group: 'Workloads',
      description: `The kinds of sources that count. ${secretProviderClass.kind} stands for the objects that the ${driverTitle} mounts (docs/csi-driver.md).`,
    },
    sourceSelector: {
      placeholder: 'selector',
      type: 'string',
      format: 'label-selector',
      default: '',
      allowed: 'a label selector, such as team=a,env in (x,y)',
      group: 'Workloads',
      description: 'The label selector for sources. Other sources are ignored. Empty: all.',
    },
    namePatterns: {
      placeholder: 'kinds',
      type: 'array',
      items: { type: 'string', enum: sourceKinds },
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description:
        'The kinds of sources for which annotations may contain patterns of names, such as app-*. Needs the permission to list these kinds (docs/patterns.md). Empty: none.',
    },
    adoption: {
      placeholder: 'mode',
      type: 'string',
      enum: ['stamp', 'if-changed', 'baseline'],
      default: 'stamp',
      group: 'Workloads',
      description:
        'Whether a workload without a hash restarts. stamp: yes, once. if-changed: only if its Pods may be outdated. baseline: no.',
    },
    restart: {
      placeholder: 'mode',
      type: 'string',
      enum: ['always', 'if-stale'],
      default: 'always',
      group: 'Workloads',
      description:
        'Whether every change of its configuration restarts a workload. always: yes. if-stale: only if one of its Pods may be older than the change.',
    },
    clockTolerance: {
      placeholder: 'duration',
      type: 'string',
      format: 'tolerance',
      default: '10s',
      allowed: 'a duration from 0s to 1h, such as 2s or 10s',
      group: 'Workloads',
      description:
        'The maximum difference between the clocks of API servers. A Pod counts as newer than a change only if the Pod was created more than this time after the change.',
    },
    ownership: {
      placeholder: 'mode',
      type: 'string',
      enum: ['off', 'references', 'finalizer'],
      renamed: {
        on: 'the value on is now called finalizer; the value references does the same without a finalizer, so no deletion waits for a pass',
      },
      default: 'off',
      group: 'Workloads',
      description:
        'Whether passes add owner references to sources (docs/ownership.md). off: no, and passes remove existing references. references: yes. finalizer: yes, and workloads get a finalizer.',
    },
    crossNamespaceReferences: {
      placeholder: 'a,b',
      type: 'array',
      items: {
        ...namespaceName,
        pattern: `${namespaceName.pattern}|^[*]$`,
        allowed: `${namespaceName.allowed}, or * alone for all`,
      },
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description: `The namespaces whose ${allSources} workloads of other namespaces may use. Only *: all namespaces. Empty: none.`,
    },
    hashKey: {
      placeholder: 'secret',
      type: 'string',
      pattern: `^(${dnsLabel}/)?${dnsSubdomain}$`,
      maxLength: 317,
      allowed: `auto, the name of a ${secret.kind}, or namespace/name (for a ${secret.kind} that is named auto, namespace/auto)`,
      group: 'Workloads',
      description: `The ${secret.kind} with the key of the hashes. auto: the ${secret.kind} wave-cron-hash-key, which the first pass creates. Not set: no key, so short values can be guessed from the hashes.`,
    },
    schedule: {
      placeholder: 'cron',
      type: 'string',
      format: 'cron',
      default: '* * * * *',
      allowed:
        'a cron expression of 5 fields (minute, hour, day of month, month, day of week), or 6 with seconds first',
      group: 'Schedule',
      description:
        'The times at which passes start. If both the day of month and the day of week are restricted, a match of either is enough.',
    },
    resyncInterval: {
      placeholder: 'interval',
      type: 'string',
      format: 'interval',
      allowed: 'an interval from 1s to 7d, such as 30s, 7m, 1h30m or 1d',
      group: 'Schedule',
      description:
        'The time between the starts of two passes. The starts do not depend on a time zone. Cannot be combined with the setting schedule.',
    },
    timeZone: {
      placeholder: 'name',
      type: 'string',
      format: 'time-zone',
      default: 'UTC',
      allowed: 'the IANA name of a time zone, such as UTC or Europe/Berlin',
      group: 'Schedule',
      description:
        'The time zone of the setting schedule, of windows without a time zone of their own, and of local times in messages.',
    },
    jitterSeconds: {
      placeholder: 'n',
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      default: 0,
      group: 'Schedule',
      description:
        'The maximum number of seconds by which the start of each pass is delayed. The delay is random.',
    },
    triggers: triggerSettings,
    lease: {
      type: 'object',
      additionalProperties: false,
      properties: {
        name: {
          placeholder: 'name',
          ...subdomain,
          default: 'wave-cron',
          allowed:
            'the name of a Lease (at most 253 lower-case letters, digits, inner dashes and dots)',
          group: 'Lease',
          description: 'The Lease that prevents two passes from running at the same time.',
        },
        namespace: {
          placeholder: 'name',
          ...namespaceName,
          group: 'Lease',
          description:
            "The namespace of the Lease. Default: the namespace of the Pod, or else of the kubeconfig's context, or else the namespace that is named default.",
        },
        durationSeconds: {
          placeholder: 'n',
          type: 'integer',
          minimum: 5,
          maximum: 3600,
          default: 15,
          group: 'Lease',
          description:
            'The number of seconds after which another process takes over the Lease of a dead holder. For every process that shares the Lease, at most half of passTimeoutSeconds.',
        },
      },
    },
    shard: {
      type: 'object',
      additionalProperties: false,
      properties: {
        count: {
          ofProcess: true,
          placeholder: 'n',
          type: 'integer',
          minimum: 1,
          maximum: 1000,
          default: 1,
          group: 'Shards',
          description:
            'The number of processes that divide the namespaces among themselves, for very large clusters (docs/large-clusters.md).',
        },
        index: {
          ofProcess: true,
          placeholder: 'n',
          type: 'integer',
          minimum: 0,
          maximum: 999,
          group: 'Shards',
          description:
            'The index of the shard of this process, from 0. Default: the variable JOB_COMPLETION_INDEX, which an Indexed Job sets. Without an index, the command plan covers all shards.',
        },
      },
    },
    rollouts: rolloutSettings,
    passTimeoutSeconds: {
      placeholder: 'n',
      type: 'integer',
      minimum: 10,
      maximum: 86_400,
      default: 300,
      group: 'Limits',
      description:
        'The number of seconds after which a pass is interrupted. Must be at least twice lease.durationSeconds.',
    },
    concurrency: {
      type: 'object',
      additionalProperties: false,
      properties: {
        reads: {
          placeholder: 'n',
          type: 'integer',
          minimum: 1,
          maximum: 256,
          default: 16,
          group: 'Limits',
          description: `The maximum number of ${allSources} that are read at the same time.`,
        },
        writes: {
          placeholder: 'n',
          type: 'integer',
          minimum: 1,
          maximum: 256,
          default: 8,
          group: 'Limits',
          description: 'The maximum number of workloads that are patched at the same time.',
        },
      },
    },
    logLevel: {
      ofProcess: true,
      placeholder: 'level',
      type: 'string',
      enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      default: 'info',
      group: 'Output',
      description: 'The lowest level of log lines to write.',
    },
    listen: {
      ofProcess: true,
      placeholder: 'host:port',
      type: 'string',
      format: 'host-port',
      default: ':8080',
      allowed: 'host:port, or :port for every address, such as 127.0.0.1:8080 or [::1]:8080',
      group: 'Output',
      description:
        'The address at which the command schedule serves /healthz, /readyz, /metrics and, if triggers.http.tokenFile is set, POST /trigger.',
    },
    metricsPushUrl: {
      ofProcess: true,
      placeholder: 'url',
      type: 'string',
      format: 'http-url',
      allowed: 'an http or https URL',
      group: 'Output',
      description: 'The URL of a Pushgateway that receives the metrics after each pass.',
    },
    notifications: notificationSettings,
  },
} as const;

/**
 * Settings after checking: complete, frozen, and without contradictions. The schema describes
 * each of them.
 */
export type Settings = Omit<FromSchema<typeof settingsSchema>, 'kinds'> & {
  readonly kinds: readonly WorkloadKind[];
};

export type OptInMode = Settings['optIn'];
export type AdoptionMode = Settings['adoption'];
export type RestartMode = Settings['restart'];
export type OwnershipSetting = Settings['ownership'];
export type Compatibility = Settings['compatibility'][number];
export type LogLevel = Settings['logLevel'];
export type WatchedKind = Settings['triggers']['watch'][number];
export type NotificationSettings = Settings['notifications'][number];
export type NotificationFormat = NotificationSettings['format'];
/** The settings that determine when a rollout may start. */
export type RolloutSettings = Settings['rollouts'];

/**
 * The part of JSON Schema that this code supports. If a setting needs another keyword, implement it
 * in messages, flags and the reference too.
 */
export interface ValueSchema {
  readonly type: 'string' | 'integer' | 'array' | readonly ('boolean' | 'integer' | 'string')[];
  readonly enum?: readonly string[];
  /** Values of earlier versions, with their replacements. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Values for shell completion. The setting accepts other values too. */
  readonly examples?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: ValueSchema | EntrySchema;
  /** Whether the value of this member of an entry is secret. */
  readonly confidential?: true;
  /** Whether the value is a list of windows: see window-list.ts. */
  readonly windows?: true;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly allowed?: string;
}
/** An entry of a list that is a mapping. A list without `properties` has a reader of its own. */
export interface EntrySchema {
  readonly type: 'object';
  readonly additionalProperties?: false;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}
export interface SettingSchema extends ValueSchema {
  readonly default?: string | number | boolean | readonly string[];
  readonly group: string;
  readonly ofProcess?: true;
  readonly placeholder: string;
  readonly description: string;
}
export interface SettingGroupSchema {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: Readonly<Record<string, SettingSchema | SettingGroupSchema>>;
}
settingsSchema satisfies SettingGroupSchema;

function defaultsOf(group: SettingGroupSchema): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(group.properties)) {
    if (schema.type === 'object') values[name] = defaultsOf(schema);
    else if (schema.default !== undefined) values[name] = Object.freeze(schema.default);
  }
  return Object.freeze(values);
}

/** The defaults. Deeply frozen. */
export const defaultSettings = defaultsOf(settingsSchema) as Settings;
