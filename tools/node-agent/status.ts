/** Computes the status of a Pod from the states of its containers, like the kubelet. */
import {
  type Condition,
  type ContainerState,
  type ContainerStatus,
  type Phase,
  type Pod,
  type PodStatus,
  type Terminated,
  timestamp,
} from './pod.ts';

/** The state of one container. */
export type ContainerRecord = {
  name: string;
  image: string;
  state: ContainerState;
  last: Terminated | undefined;
  ready: boolean;
  started: boolean;
  restarts: number;
};

export type PodRecord = {
  pod: Pod;
  podIP: string | undefined;
  hostIP: string;
  startTime: string;
  init: readonly ContainerRecord[];
  containers: readonly ContainerRecord[];
  /** Set if the complete Pod was ended: the reason. Then its phase is Failed. */
  failure: { reason: string; message: string } | undefined;
};

/** @param before the previous conditions, for the times of those that have not changed */
export function podStatus(record: PodRecord, before: readonly Condition[] = []): PodStatus {
  const { podIP, hostIP, startTime, failure } = record;
  const phase = phaseOf(record);
  return {
    phase,
    ...failure,
    startTime,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    initContainerStatuses: record.init.map(containerStatus),
    containerStatuses: record.containers.map(containerStatus),
    conditions: conditionsOf(record, phase).map((condition) => withTime(condition, before)),
  };
}

/** Whether a container has ended and will not be started again. */
export function isFinal(
  { state }: ContainerRecord,
  restartPolicy: Pod['spec']['restartPolicy'] = 'Always',
): boolean {
  if (!('terminated' in state)) return false;
  if (restartPolicy === 'OnFailure') return state.terminated.exitCode === 0;
  return restartPolicy === 'Never';
}

const isOver = ({ state }: ContainerRecord) => 'terminated' in state;

const isRunning = ({ state }: ContainerRecord) => 'running' in state;

const succeeded = ({ state }: ContainerRecord) =>
  'terminated' in state && state.terminated.exitCode === 0;

function phaseOf({ pod, init, containers, failure }: PodRecord): Phase {
  const { restartPolicy } = pod.spec;
  if (failure) return 'Failed';
  if (init.some((it) => isFinal(it, restartPolicy) && !succeeded(it))) return 'Failed';
  if (!init.every(succeeded)) return 'Pending';
  const isEnding = pod.metadata.deletionTimestamp !== undefined;
  const areOver = containers.every((it) => (isEnding ? isOver(it) : isFinal(it, restartPolicy)));
  if (areOver) return containers.every(succeeded) ? 'Succeeded' : 'Failed';
  const haveBegun = containers.every((it) => isRunning(it) || isOver(it) || it.last !== undefined);
  return haveBegun ? 'Running' : 'Pending';
}

function conditionsOf(
  { podIP, init, containers }: PodRecord,
  phase: Phase,
): Omit<Condition, 'lastTransitionTime'>[] {
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const why = phase === 'Succeeded' ? 'PodCompleted' : isOver ? 'PodFailed' : 'ContainersNotReady';
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const ready = unready.length === 0 && !isOver;
  const readiness = ready
    ? ({ status: 'True' } as const)
    : ({
        status: 'False',
        reason: why,
        ...(isOver ? {} : { message: `containers with unready status: [${unready.join(' ')}]` }),
      } as const);
  const initialized = init.every(succeeded);
  return [
    {
      type: 'PodReadyToStartContainers',
      status: !isOver && podIP !== undefined ? 'True' : 'False',
    },
    initialized
      ? { type: 'Initialized', status: 'True' }
      : { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' },
    { type: 'Ready', ...readiness },
    { type: 'ContainersReady', ...readiness },
    { type: 'PodScheduled', status: 'True' },
  ];
}

function withTime(condition: Omit<Condition, 'lastTransitionTime'>, before: readonly Condition[]) {
  const known = before.find(({ type }) => type === condition.type);
  const isSame = known?.status === condition.status;
  return { ...condition, lastTransitionTime: isSame ? known.lastTransitionTime : timestamp() };
}

function containerStatus(record: ContainerRecord): ContainerStatus {
  const { name, image, state, last, ready, started, restarts } = record;
  return {
    name,
    image,
    imageID: image,
    ready,
    started,
    restartCount: restarts,
    state,
    lastState: last === undefined ? {} : { terminated: last },
  };
}
