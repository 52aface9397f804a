/** The subjects of sequences, with the random requests for each. */
import { namespaceStep } from './namespace-steps.ts';
import { ownerStep } from './owner-steps.ts';
import type { Random } from './random.ts';
import { recordStep } from './record-steps.ts';
import { sourceStep } from './source-steps.ts';
import type { Step } from './step.ts';
import type { Kind } from './targets.ts';
import { workloadStep } from './workload-steps.ts';

export interface StepMaker {
  makeStep(random: Random): Step;
  /** Whether all Pods become ready after each step. */
  readonly runsPods?: true;
  /**
   * Whether each change of a template waits for the next second. The controller orders objects of the
   * same second randomly.
   */
  readonly isSlow?: true;
  /** Whether the result depends on when a controller of the real cluster acts. */
  readonly needsControllers?: true;
  /** The kinds whose objects are compared. */
  readonly kinds: readonly Kind[];
  /** The kinds whose changes are watched. */
  readonly watches?: readonly Kind[];
}

const deployments: StepMaker = {
  makeStep: workloadStep([
    { kind: 'Deployment', name: 'web' },
    { kind: 'Deployment', name: 'api' },
  ]),
  isSlow: true,
  needsControllers: true,
  kinds: ['Deployment', 'ReplicaSet', 'Pod'],
};

const others: StepMaker = {
  makeStep: workloadStep([
    { kind: 'StatefulSet', name: 'db' },
    { kind: 'DaemonSet', name: 'agent' },
  ]),
  isSlow: true,
  needsControllers: true,
  kinds: ['StatefulSet', 'DaemonSet', 'ControllerRevision', 'Pod'],
};

export const stepMakers: readonly [
  readonly [number, StepMaker],
  ...(readonly [number, StepMaker])[],
] = [
  [
    10,
    {
      makeStep: sourceStep,
      kinds: ['ConfigMap', 'Secret'],
      watches: ['ConfigMap', 'Secret'],
    },
  ],
  [
    3,
    {
      makeStep: ownerStep('finalizers'),
      needsControllers: true,
      kinds: ['ConfigMap', 'Secret', 'Lease'],
    },
  ],
  [
    3,
    {
      makeStep: ownerStep('foreground'),
      needsControllers: true,
      kinds: ['ConfigMap', 'Secret', 'Lease'],
    },
  ],
  [5, { makeStep: recordStep, kinds: ['Lease', 'Event'], watches: ['Event'] }],
  [
    2,
    {
      makeStep: namespaceStep,
      needsControllers: true,
      kinds: ['ResourceQuota', 'ConfigMap', 'Secret', 'Namespace'],
    },
  ],
  [3, { ...deployments, runsPods: true }],
  [1, deployments],
  [2, { ...others, runsPods: true }],
  [1, others],
];
