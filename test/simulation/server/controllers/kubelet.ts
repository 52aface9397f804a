/**
 * Runs Pods: binds each Pod to a node, makes it ready or lets it crash, and ends it. Only simulations
 * of a whole cluster use it.
 */
import { type JsonMap, mapOf, mapsOf, textOf } from '../json.ts';
import { resources } from '../resources.ts';
import type { Stored } from '../store.ts';
import { asController, type Controller, type ControllerDeps, metadataOf } from './controller.ts';
import { nodeOf } from './daemon-set-controller.ts';
import { isDeleting, isReady, nowText, specOf, statusOf } from './owned.ts';

/** The result of the start of a Pod. `waits`: the Pod stays as it is for now. */
export type PodOutcome = 'ready' | 'crashes' | 'waits';

export interface KubeletDeps extends ControllerDeps {
  /** Called each time the kubelet looks for its next steps. */
  podOutcome(pod: JsonMap): PodOutcome;
}

const name = 'kubelet';

export function kubelet(deps: KubeletDeps): Controller {
  const steps = (): Map<string, () => void> =>
    new Map(deps.store.list(resources.pods).flatMap((pod) => stepFor(deps, pod)));
  return {
    name,
    pending: () => [...steps().keys()],
    run: (step) => steps().get(step)?.(),
  };
}

function stepFor(deps: KubeletDeps, pod: Stored): [string, () => void][] {
  const step = (verb: string, act: () => void): [string, () => void][] => [
    [`${name}: ${verb} Pod ${pod.namespace}/${pod.name} ${pod.uid}`, act],
  ];
  if (isDeleting(pod)) {
    return step('end', () => {
      const options = { propagationPolicy: '', gracePeriodSeconds: 0 };
      const now = { ...options, uid: pod.uid, resourceVersion: '' };
      deps.deleter.delete(pod.resource, pod.namespace, pod.name, now, asController);
    });
  }
  const outcome = deps.podOutcome(pod.object);
  if (outcome === 'ready' && !isReady(pod)) return step('start', () => start(deps, pod));
  if (outcome !== 'crashes' || isCrashing(pod)) return [];
  return step('break', () => crash(deps, pod));
}

function isCrashing(pod: Stored): boolean {
  const [container] = mapsOf(statusOf(pod)['containerStatuses']);
  return mapOf(mapOf(container?.['state'])['waiting'])['reason'] === 'CrashLoopBackOff';
}

function start(deps: KubeletDeps, pod: Stored): void {
  const now = nowText(deps);
  write(deps, pod, {
    conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: now }],
    containerStatuses: containersOf(pod, true, { running: { startedAt: now } }),
  });
}

function crash(deps: KubeletDeps, pod: Stored): void {
  const now = nowText(deps);
  write(deps, pod, {
    conditions: [{ type: 'Ready', status: 'False', lastProbeTime: null, lastTransitionTime: now }],
    containerStatuses: containersOf(pod, false, { waiting: { reason: 'CrashLoopBackOff' } }),
  });
}

const containersOf = (pod: Stored, ready: boolean, state: JsonMap): JsonMap[] =>
  mapsOf(specOf(pod)['containers']).map((container) => ({
    name: textOf(container['name']),
    ...{ ready, state, restartCount: ready ? 0 : 5, image: textOf(container['image']) },
  }));

function write(deps: KubeletDeps, pod: Stored, status: JsonMap): void {
  const { creationTimestamp = null } = metadataOf(pod);
  const { startTime = creationTimestamp, ...before } = statusOf(pod);
  const spec = { ...specOf(pod), nodeName: nodeOf(pod) || 'node' };
  const running = { ...before, phase: 'Running', startTime, ...status };
  deps.writer.replaceRaw(pod, { ...pod.object, spec, status: running as JsonMap });
}
