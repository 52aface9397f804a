/** The controllers of the simulated cluster. */
import type { Controller, ControllerDeps } from './controller.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceController } from './namespace-controller.ts';

export function createControllers(deps: ControllerDeps): readonly Controller[] {
  return [garbageCollector(deps), namespaceController(deps)];
}
