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
        'The file with the bearer token (at least 16 bytes) that clients must send with POST /trigger to the command schedule (docs/triggers.md). Not set: POST /trigger is off.',
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
      description: `The objects that the command schedule watches. A change of these objects starts a pass at once. Watching ${secret.kind}s is a security risk (docs/triggers.md). Empty: none.`,
    },
  },
} as const;
