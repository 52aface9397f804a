/** The controllers of the simulated cluster. */
import type { Controller, ControllerDeps } from './controller.ts';
import { deploymentController } from './deployment-controller.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { namespaceController } from './namespace-controller.ts';
import { replicaSetController } from './replica-set-controller.ts';

export function createControllers(deps: ControllerDeps): readonly Controller[] {
  return [
    new GarbageCollector(deps),
    namespaceController(deps),
    deploymentController(deps),
    replicaSetController(deps),
  ];
}
