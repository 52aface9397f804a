import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import type { PolicyNames } from '../../../../lib/rules/rollout-policy/facts.ts';
import type { Change } from '../../../../lib/rules/rollout-policy/hold.ts';

/** The time of the pass in the tables of holds. They are about one change of one workload. */
export const now = Date.parse('2026-11-30T07:00:00Z');
export const seconds = (count: number): number => now + count * 1_000;
export const minutes = (count: number): number => now + count * 60_000;

export const hashOf = (letter: string): string => letter.repeat(64);

export const change: Change = {
  workload: { kind: 'Deployment', namespace: 'shop', name: 'web' },
  changed: ['ConfigMap/app'],
  hashes: [hashOf('a'), hashOf('b')],
};

export const names: PolicyNames = annotationKeysOf('a');
