/** What a sequence is about. */
import { ownerStep } from './owner-steps.ts';
import type { Random } from './random.ts';
import { recordStep } from './record-steps.ts';
import { sourceStep } from './source-steps.ts';
import type { Step } from './step.ts';
import type { Kind } from './targets.ts';
import { workloadStep } from './workload-steps.ts';

export interface StepMaker {
  makeStep(random: Random): Step;
  /** The kinds whose objects are compared. */
  readonly kinds: readonly Kind[];
}

export const stepMakers: readonly [
  readonly [number, StepMaker],
  ...(readonly [number, StepMaker])[],
] = [
  [10, { makeStep: sourceStep, kinds: ['ConfigMap', 'Secret'] }],
  [6, { makeStep: ownerStep, kinds: ['ConfigMap', 'Secret', 'Lease'] }],
  [
    4,
    {
      makeStep: workloadStep([
        { kind: 'Deployment', name: 'web' },
        { kind: 'Deployment', name: 'api' },
      ]),
      kinds: ['Deployment', 'ReplicaSet', 'Pod'],
    },
  ],
  [
    3,
    {
      makeStep: workloadStep([
        { kind: 'StatefulSet', name: 'db' },
        { kind: 'DaemonSet', name: 'agent' },
      ]),
      kinds: ['StatefulSet', 'DaemonSet', 'ControllerRevision', 'Pod'],
    },
  ],
  [5, { makeStep: recordStep, kinds: ['Lease', 'Event'] }],
];
