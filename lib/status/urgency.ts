/**
 * How urgent a state is, the most urgent first. `person`: a person has to act. `pods`: a person has
 * to finish something that wave-cron cannot do. `unknown`: the state is not known. `held`: a change
 * waits. `next`: the next pass acts. `moving`: a rollout is under way. `recent` and `done`: there
 * is nothing to do.
 */
export const urgencies = [
  'person',
  'pods',
  'unknown',
  'held',
  'next',
  'moving',
  'recent',
  'done',
] as const;
export type Urgency = (typeof urgencies)[number];
