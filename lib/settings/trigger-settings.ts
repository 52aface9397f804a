import { secret, sourceKinds } from '../kubernetes/kinds.ts';

/** The settings of the group `triggers`: see schema.ts. */

const http = {
  type: 'object',
  additionalProperties: false,
  properties: {
    tokenFile: {
      ofProcess: true,
      placeholder: 'file',
      type: 'string',
      minLength: 1,
      allowed: 'the path of a file',
      group: 'Triggers',
      description:
        'Lets schedule accept POST /trigger from clients with the bearer token in this file, of 16 bytes or more (docs/triggers.md). Not set: off.',
    },
  },
} as const;

export const triggerSettings = {
  type: 'object',
  additionalProperties: false,
  properties: {
    http,
    watch: {
      placeholder: 'kinds',
      type: 'array',
      items: { type: 'string', enum: [...sourceKinds, 'Workload'] },
      uniqueItems: true,
      default: [],
      group: 'Triggers',
      description: `Objects that schedule watches, to act on a change at once. For a ${secret.kind}, this has a cost (docs/triggers.md). Empty: none.`,
    },
  },
} as const;
