/** The controllers of the simulated cluster. */
import type { JsonMap } from '../json.ts';
import type { Controller, ControllerDeps } from './controller.ts';
import { daemonSetController } from './daemon-set-controller.ts';
import { deploymentController } from './deployment-controller.ts';
import { EventExpiry } from './event-expiry.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { kubelet, type PodOutcome } from './kubelet.ts';
import { namespaceController } from './namespace-controller.ts';
import { QuotaController } from './quota-controller.ts';
import { replicaSetController } from './replica-set-controller.ts';
import { statefulSetController } from './stateful-set-controller.ts';

/** @param podOutcome if absent, no Pod starts */
export function createControllers(
  deps: ControllerDeps,
  podOutcome: ((pod: JsonMap) => PodOutcome) | undefined,
): readonly Controller[] {
  return [
    new GarbageCollector(deps),
    namespaceController(deps),
    deploymentController(deps),
    replicaSetController(deps),
    new QuotaController(deps),
    new EventExpiry(deps),
    statefulSetController(deps),
    daemonSetController(deps),
    ...(podOutcome === undefined ? [] : [kubelet({ ...deps, podOutcome })]),
  ];
}
