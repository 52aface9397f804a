import { sourceKinds } from '../kubernetes/kinds.ts';

/** The settings of the group `triggers`: see schema.ts. */

export const triggerSettings = {
  type: 'object',
  additionalProperties: false,
  properties: {
    watch: {
      placeholder: 'kinds',
      type: 'array',
      items: { type: 'string', enum: [...sourceKinds, 'Workload'] },
      uniqueItems: true,
      default: [],
      group: 'Triggers',
      description:
        'Objects that schedule watches, to act on a change at once (docs/triggers.md). To watch a Secret, the account needs list, which reads every value. Empty: none.',
    },
  },
} as const;
