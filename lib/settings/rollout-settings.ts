/** The settings of the group `rollouts`: see schema.ts. */

const limit = {
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
        'The maximum number of rollouts of one workload within rollouts.limit.period. 0: no limit.',
    },
    period: {
      placeholder: 'interval',
      type: 'string',
      format: 'interval',
      default: '1h',
      allowed: 'an interval from 1s to 7d, such as 30s, 7m, 1h30m or 1d',
      group: 'Rollouts',
      description: 'The period to which rollouts.limit.count applies.',
    },
  },
} as const;

const wait = {
  placeholder: 'duration',
  type: 'string',
  format: 'wait',
  default: '0s',
  allowed: 'a duration from 0s to 7d, such as 30s, 10m or 1h30m',
  group: 'Rollouts',
} as const;

const amount = {
  placeholder: 'n',
  type: ['integer', 'string'],
  minimum: 1,
  maximum: 100_000,
  format: 'amount',
  allowed: 'a whole number from 1 to 100000, or a percentage from 1% to 100%',
  group: 'Rollouts',
} as const;

export const rolloutSettings = {
  type: 'object',
  additionalProperties: false,
  properties: {
    paused: {
      placeholder: 'pause',
      type: ['boolean', 'string'],
      format: 'pause',
      default: false,
      allowed: 'true, false or an RFC 3339 time such as 2026-12-27T08:00:00+01:00',
      group: 'Rollouts',
      description:
        'Whether all rollouts are paused. true: yes, without an end. false: no. A time: until that time. Rollouts that have started continue.',
    },
    windows: {
      placeholder: 'list',
      type: 'array',
      items: { type: 'object' },
      windows: true,
      default: [],
      allowed:
        'a list of windows, each with kind (allow or deny), schedule (cron), duration and optionally timeZone; in a flag or variable as YAML or JSON',
      group: 'Rollouts',
      description:
        'The windows that decide when rollouts may start. During a deny window, no rollout starts. If there are allow windows, rollouts start only during one of them.',
    },
    approval: {
      placeholder: 'mode',
      type: 'string',
      enum: ['none', 'required'],
      default: 'none',
      group: 'Rollouts',
      description:
        'Whether a person must approve each rollout. required: yes, with wave-cron approve. none: no.',
    },
    settle: {
      ...wait,
      description:
        'The minimum time between the last write to the sources of a workload and its rollout. If the writes continue, this wait ends after ten times this duration.',
    },
    cooldown: {
      ...wait,
      description: 'The minimum time between the starts of two rollouts of one workload.',
    },
    limit,
    maxConcurrent: {
      ...amount,
      description:
        'The maximum number of unfinished rollouts that wave-cron started. A percentage is a share of all opted-in workloads. Not set: no limit.',
    },
    maxConcurrentPerNamespace: {
      ...amount,
      description:
        'The maximum number of unfinished rollouts that wave-cron started in one namespace. A percentage is a share of the opted-in workloads of that namespace. Not set: no limit.',
    },
    progressDeadline: {
      placeholder: 'interval',
      type: 'string',
      format: 'interval',
      default: '10m',
      allowed: 'an interval from 1s to 7d, such as 30s, 7m, 1h30m or 1d',
      group: 'Rollouts',
      description:
        'The maximum time for which an unfinished rollout takes a place in the queue. For kinds without a progress deadline of their own, a rollout has failed if it takes longer.',
    },
    waitSeconds: {
      placeholder: 'n',
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      default: 0,
      group: 'Rollouts',
      description:
        'The maximum number of seconds for which a pass waits for rollouts to finish, so that it can start more rollouts. Must be less than passTimeoutSeconds.',
    },
    onFailure: {
      placeholder: 'mode',
      type: 'string',
      enum: ['stop', 'continue'],
      default: 'stop',
      group: 'Rollouts',
      description:
        'What happens if a rollout fails with a version of a source. stop: the other workloads of the namespace do not get this version. continue: they get it.',
    },
    namespaceAnnotations: {
      placeholder: 'mode',
      type: 'string',
      enum: ['read', 'off'],
      default: 'read',
      group: 'Rollouts',
      description:
        'Whether the rollout annotations of namespaces count. read: yes. This needs the permission to get namespaces. off: no.',
    },
  },
} as const;
