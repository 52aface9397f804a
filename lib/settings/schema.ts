/**
 * All settings: type, default, bounds and meaning. A setting is added only here: flags, environment
 * variables, messages and docs/settings.md are generated from this schema.
 *
 * JSON Schema 2020-12 with own annotations: `allowed` describes what a `pattern` or `format`
 * accepts, `placeholder` is the value in the help, and `group` is the heading in the help and in
 * the reference.
 */

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';
export type AdoptionMode = 'stamp' | 'if-changed' | 'baseline';
export type RestartMode = 'always' | 'if-stale';
export type OwnershipSetting = 'off' | 'references' | 'finalizer';
export type Compatibility = 'reloader';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** When a hash may be written that a pass has decided to write. */
export interface RolloutSettings {
  /** `count` 0: no limit. `period`: such as `1h30m`. */
  readonly limit: { readonly count: number; readonly period: string };
}

/** Settings after checking: complete, frozen, and without contradictions. */
export interface Settings {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly ignoreNamespaces: readonly string[];
  /** A label selector; empty: all namespaces. Never together with `namespaces`. */
  readonly namespaceSelector: string;
  /** A label selector; empty: all workloads. */
  readonly workloadSelector: string;
  readonly kinds: readonly WorkloadKind[];
  readonly annotationPrefix: string;
  /** Tools whose annotations count as well. */
  readonly compatibility: readonly Compatibility[];
  /** What becomes of a workload that is seen first. */
  readonly adoption: AdoptionMode;
  /** What a changed configuration does to a workload that another tool restarts as well. */
  readonly restart: RestartMode;
  /** Such as `10s`: how far apart the clocks of API servers may be. */
  readonly clockTolerance: string;
  /** Whether workloads are made owners of their sources, and get a finalizer. */
  readonly ownership: OwnershipSetting;
  /** Namespaces, or the single entry `*` for all; empty: none. */
  readonly crossNamespaceReferences: readonly string[];
  /** A Secret, `name` or `namespace/name`, or `auto` for one that a pass makes; absent: hashes are made without a key. */
  readonly hashKey?: string;
  /** A cron expression of 5 or 6 fields; counts if there is no `resyncInterval`. */
  readonly schedule: string;
  /** Such as `1h30m`; counts in place of `schedule`. */
  readonly resyncInterval?: string;
  readonly timeZone: string;
  readonly jitterSeconds: number;
  readonly lease: {
    readonly name: string;
    /** Absent: of the Pod, else of the kubeconfig's context, else `default`. */
    readonly namespace?: string;
    readonly durationSeconds: number;
  };
  /** `index` may be absent where a process writes nothing; it is less than `count`. */
  readonly shard: { readonly count: number; readonly index?: number };
  readonly rollouts: RolloutSettings;
  readonly passTimeoutSeconds: number;
  readonly concurrency: { readonly reads: number; readonly writes: number };
  readonly logLevel: LogLevel;
  /** `host:port`; without a host, every address of the machine. */
  readonly listen: string;
  readonly metricsPushUrl?: string;
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

const namespaceName = {
  type: 'string',
  pattern: `^${label}$`,
  maxLength: 63,
  allowed:
    'the name of a namespace (at most 63 lower-case letters, digits and inner dashes, such as team-a)',
} as const;

const subdomain = {
  type: 'string',
  pattern: `^${label}([.]${label})*$`,
  maxLength: 253,
} as const;

export const settingsSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Settings of wave-cron',
  type: 'object',
  additionalProperties: false,
  properties: {
    kubeconfig: {
      placeholder: 'file',
      type: 'string',
      minLength: 1,
      allowed: 'the path of a file',
      group: 'Cluster',
      description:
        'The kubeconfig file; without it KUBECONFIG, then the Pod that this runs in, then ~/.kube/config.',
    },
    context: {
      placeholder: 'name',
      type: 'string',
      minLength: 1,
      allowed: 'the name of a context',
      group: 'Cluster',
      description: 'The context of the kubeconfig; without it the current one.',
    },
    namespaces: {
      placeholder: 'a,b',
      type: 'array',
      items: namespaceName,
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description: 'The namespaces whose workloads are kept current; none named means all.',
    },
    ignoreNamespaces: {
      placeholder: 'a,b',
      type: 'array',
      items: namespaceName,
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description: 'Namespaces that are left alone.',
    },
    namespaceSelector: {
      placeholder: 'selector',
      type: 'string',
      format: 'label-selector',
      default: '',
      allowed: 'a label selector, such as team=a,env in (x,y)',
      group: 'Workloads',
      description:
        'Only namespaces whose labels match; needs the permission to list namespaces, and excludes namespaces.',
    },
    workloadSelector: {
      placeholder: 'selector',
      type: 'string',
      format: 'label-selector',
      default: '',
      allowed: 'a label selector, such as team=a,env in (x,y)',
      group: 'Workloads',
      description: 'Only workloads whose labels match.',
    },
    kinds: {
      placeholder: 'a,b',
      type: 'array',
      items: { type: 'string', enum: ['Deployment', 'StatefulSet', 'DaemonSet'] },
      minItems: 1,
      uniqueItems: true,
      default: ['Deployment', 'StatefulSet', 'DaemonSet'],
      group: 'Workloads',
      description: 'The kinds of workloads that are kept current.',
    },
    annotationPrefix: {
      placeholder: 'domain',
      ...subdomain,
      default: 'wave.pusher.com',
      allowed:
        'a DNS name (at most 253 lower-case letters, digits, inner dashes and dots, such as wave.example.com)',
      group: 'Workloads',
      description: 'What stands before the slash in every annotation that is read or written.',
    },
    compatibility: {
      placeholder: 'tool',
      type: 'array',
      items: { type: 'string', enum: ['reloader'] },
      uniqueItems: true,
      default: [],
      group: 'Workloads',
      description:
        'Tools whose annotations count as well, under the meaning that they have there (see docs/migration.md); none named means none.',
    },
    adoption: {
      placeholder: 'mode',
      type: 'string',
      enum: ['stamp', 'if-changed', 'baseline'],
      default: 'stamp',
      group: 'Workloads',
      description:
        'What becomes of a workload that is seen first: stamp rolls it once, if-changed only where its Pods may be outdated, baseline never.',
    },
    restart: {
      placeholder: 'mode',
      type: 'string',
      enum: ['always', 'if-stale'],
      default: 'always',
      group: 'Workloads',
      description:
        'What a changed configuration does: always restarts the workload, if-stale only if a Pod of it may be older than the change.',
    },
    clockTolerance: {
      placeholder: 'duration',
      type: 'string',
      format: 'tolerance',
      default: '10s',
      allowed: 'a duration from 0s to 1h, such as 2s or 10s',
      group: 'Workloads',
      description:
        'How long after the last write of a source a Pod must be created to count as younger: as much as the clocks of API servers may differ.',
    },
    ownership: {
      placeholder: 'mode',
      type: 'string',
      enum: ['off', 'references', 'finalizer'],
      renamed: {
        on: 'on is called finalizer now; references does the same without a finalizer, so that no deletion waits for a pass',
      },
      default: 'off',
      group: 'Workloads',
      description:
        'Whether sources get owner references to the workloads that use them, and with finalizer those a finalizer; off removes both.',
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
      description:
        'Namespaces whose ConfigMaps and Secrets may be named by workloads of other namespaces; * alone means all.',
    },
    hashKey: {
      placeholder: 'secret',
      type: 'string',
      pattern: `^(${label}/)?${label}([.]${label})*$`,
      maxLength: 317,
      allowed: 'auto, the name of a Secret (auto itself only as namespace/auto), or namespace/name',
      group: 'Workloads',
      description:
        'The Secret whose key keeps values from being guessed by their hash; auto: wave-cron-hash-key, which the first pass creates.',
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
        'When passes start, as a cron expression; if day of month and day of week are both restricted, either is enough.',
    },
    resyncInterval: {
      placeholder: 'interval',
      type: 'string',
      format: 'interval',
      allowed: 'an interval from 1s to 7d, such as 30s, 7m, 1h30m or 1d',
      group: 'Schedule',
      description:
        'The time from the start of a pass to the start of the next, in any time zone; excludes schedule.',
    },
    timeZone: {
      placeholder: 'name',
      type: 'string',
      format: 'time-zone',
      default: 'UTC',
      allowed: 'the IANA name of a time zone, such as UTC or Europe/Berlin',
      group: 'Schedule',
      description: 'The time zone of schedule.',
    },
    jitterSeconds: {
      placeholder: 'n',
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      default: 0,
      group: 'Schedule',
      description: 'Each pass starts late by a random time of up to this many seconds.',
    },
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
          description: 'The Lease that keeps two passes from running at once.',
        },
        namespace: {
          placeholder: 'name',
          ...namespaceName,
          group: 'Lease',
          description:
            "Where the Lease is; without it the Pod's namespace, then that of the kubeconfig's context, then default.",
        },
        durationSeconds: {
          placeholder: 'n',
          type: 'integer',
          minimum: 5,
          maximum: 3600,
          default: 15,
          group: 'Lease',
          description:
            'How long a holder that has died keeps others waiting; for all that share the Lease at most half of passTimeoutSeconds of each.',
        },
      },
    },
    shard: {
      type: 'object',
      additionalProperties: false,
      properties: {
        count: {
          placeholder: 'n',
          type: 'integer',
          minimum: 1,
          maximum: 1000,
          default: 1,
          group: 'Shards',
          description:
            'Among how many processes the namespaces are divided, for very large clusters (see docs/large-clusters.md).',
        },
        index: {
          placeholder: 'n',
          type: 'integer',
          minimum: 0,
          maximum: 999,
          group: 'Shards',
          description:
            'Which of these processes this is, from 0; without it JOB_COMPLETION_INDEX, which an Indexed Job sets. A plan without it is one for all.',
        },
      },
    },
    rollouts: {
      type: 'object',
      additionalProperties: false,
      properties: {
        limit: {
          type: 'object',
          additionalProperties: false,
          properties: {
            count: {
              placeholder: 'n',
              type: 'integer',
              minimum: 0,
              maximum: 100,
              default: 10,
              group: 'Rollouts',
              description:
                'How many rollouts of one workload are started within rollouts.limit.period; 0: no limit.',
            },
            period: {
              placeholder: 'interval',
              type: 'string',
              format: 'interval',
              default: '1h',
              allowed: 'an interval from 1s to 7d, such as 30s, 7m, 1h30m or 1d',
              group: 'Rollouts',
              description: 'The period that rollouts.limit.count counts in.',
            },
          },
        },
      },
    },
    passTimeoutSeconds: {
      placeholder: 'n',
      type: 'integer',
      minimum: 10,
      maximum: 86_400,
      default: 300,
      group: 'Limits',
      description:
        'A pass that is not done after this many seconds is cut short; at least twice lease.durationSeconds.',
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
          description: 'How many ConfigMaps and Secrets are read at once.',
        },
        writes: {
          placeholder: 'n',
          type: 'integer',
          minimum: 1,
          maximum: 256,
          default: 8,
          group: 'Limits',
          description: 'How many workloads are patched at once.',
        },
      },
    },
    logLevel: {
      placeholder: 'level',
      type: 'string',
      enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      default: 'info',
      group: 'Output',
      description: 'The least severe log lines that are written.',
    },
    listen: {
      placeholder: 'host:port',
      type: 'string',
      format: 'host-port',
      default: ':8080',
      allowed: 'host:port, or :port for every address, such as 127.0.0.1:8080 or [::1]:8080',
      group: 'Output',
      description: 'Where schedule serves /healthz, /readyz and /metrics.',
    },
    metricsPushUrl: {
      placeholder: 'url',
      type: 'string',
      format: 'http-url',
      allowed: 'an http or https URL',
      group: 'Output',
      description: 'A Pushgateway that gets the metrics at the end of each pass.',
    },
  },
} as const;

/**
 * The part of JSON Schema that this code supports. A setting that needs more must add it to
 * messages, flags and reference too.
 */
export interface ValueSchema {
  readonly type: 'string' | 'integer' | 'array';
  readonly enum?: readonly string[];
  /** Values of earlier versions, with their replacements. */
  readonly renamed?: Readonly<Record<string, string>>;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: ValueSchema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly allowed?: string;
}
export interface SettingSchema extends ValueSchema {
  readonly default?: string | number | readonly string[];
  readonly group: string;
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
export const defaultSettings = defaultsOf(settingsSchema) as unknown as Settings;
