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
  properties: { http },
} as const;
