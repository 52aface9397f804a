/** A container with all of its runs: it is started, probed, restarted after a pause, and ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerProcess } from './container-process.ts';
import { WaitingError } from './errors.ts';
import { createLog, type Log } from './logs.ts';
import {
  type Container,
  type ContainerState,
  type PodSpec,
  type Terminated,
  timestamp,
} from './pod.ts';
import { runProbes } from './probes.ts';
import type { Sandbox } from './sandbox.ts';
import { type ContainerRecord, isFinal } from './status.ts';

export type BackOff = {
  /** The pause before the first restart. It doubles for each further restart. */
  firstMs: number;
  longestMs: number;
};

export type ContainerLifeOptions = {
  container: Container;
  restartPolicy: PodSpec['restartPolicy'];
  backOff: BackOff;
  /** The time between SIGTERM and SIGKILL if a probe ends a run. */
  graceMs: number;
  /**
   * Sets up a run. If it throws, the container waits with this reason, and the agent tries again.
   */
  start(log: Log): Promise<ContainerProcess>;
  connect: Sandbox['connect'];
  /** Is called when the record has changed. */
  onChange(): void;
};

export type ContainerLife = {
  readonly record: ContainerRecord;
  readonly log: Log;
  /** Resolves when the container has ended: because of its restart policy, or after `end`. */
  run(): Promise<void>;
  /** Sends SIGTERM, and SIGKILL after this time. No new run starts. Returns at once. */
  end(graceMs: number): void;
  /** Sends a signal to the container. Throws if the container is not running. */
  signal(signal: NodeJS.Signals): void;
};

const retryMs = 250;
const mostMessageBytes = 4096;

export function containerLife(options: ContainerLifeOptions): ContainerLife {
  const { container, restartPolicy, backOff, onChange } = options;
  const log = createLog();
  const ending = new AbortController();
  let current: ContainerProcess | undefined;
  const record: ContainerRecord = {
    name: container.name,
    image: container.image,
    state: { waiting: { reason: 'ContainerCreating' } },
    last: undefined,
    ready: false,
    started: false,
    restarts: 0,
  };
  const change = (fields: Partial<ContainerRecord>) => {
    Object.assign(record, fields);
    onChange();
  };
  const pause = (milliseconds: number) =>
    sleep(milliseconds, undefined, { signal: ending.signal, ref: false }).catch(() => {});

  const begin = async () => {
    while (!ending.signal.aborted) {
      try {
        return await options.start(log);
      } catch (error) {
        change({ state: waiting(error) });
      }
      await pause(retryMs);
    }
    return undefined;
  };

  const live = async (process: ContainerProcess): Promise<Terminated> => {
    const over = new AbortController();
    const { startedAt } = process;
    change({ state: { running: { startedAt } } });
    const probes = runProbes(
      { container, connect: options.connect, exec: process.exec },
      {
        onStarted: () => change({ started: true }),
        onReady: (ready) => record.ready !== ready && change({ ready }),
        onUnhealthy(why) {
          log.write(`${why}, will be restarted\n`);
          stopProcess(process, options.graceMs);
        },
      },
      over.signal,
    );
    const exitCode = await process.exited;
    over.abort();
    await probes;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const message = terminationMessage(container, process, exitCode, log);
    return {
      ...{ exitCode, reason, startedAt, finishedAt: timestamp() },
      containerID: `node-agent://${process.pid}`,
      ...(message === '' ? {} : { message }),
    };
  };

  return {
    record,
    log,
    async run() {
      for (;;) {
        current = await begin();
        if (current === undefined) break;
        // `end` may have been called during the set-up.
        if (ending.signal.aborted) stopProcess(current, Number(ending.signal.reason));
        const terminated = await live(current);
        current = undefined;
        const over = { ready: false, started: false, state: { terminated } };
        if (ending.signal.aborted || isFinal({ ...record, ...over }, restartPolicy)) {
          change(over);
          return;
        }
        const message = `back-off restarting failed container ${container.name}`;
        const state = { waiting: { reason: 'CrashLoopBackOff', message } };
        change({ ...over, state, last: terminated });
        await pause(Math.min(backOff.firstMs * 2 ** record.restarts, backOff.longestMs));
        if (ending.signal.aborted) break;
        record.restarts++;
      }
      change({ state: { terminated: record.last ?? neverRun } });
    },
    end(graceMs) {
      if (ending.signal.aborted) return;
      ending.abort(graceMs);
      if (current) stopProcess(current, graceMs);
    },
    signal(signal) {
      if (current === undefined) throw new Error(`container ${container.name} does not run`);
      current.signal(signal);
    },
  };
}

const neverRun: Terminated = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  startedAt: timestamp(new Date(0)),
  finishedAt: timestamp(new Date(0)),
  containerID: '',
};

function stopProcess(process: ContainerProcess, graceMs: number): void {
  if (graceMs === 0) {
    process.signal('SIGKILL');
    return;
  }
  process.signal('SIGTERM');
  const timer = setTimeout(() => process.signal('SIGKILL'), graceMs).unref();
  process.exited.then(() => clearTimeout(timer));
}

function waiting(error: unknown): ContainerState {
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof WaitingError ? error.reason : 'ContainerCreating';
  return { waiting: { reason, message } };
}

function terminationMessage(
  { terminationMessagePolicy }: Container,
  process: ContainerProcess,
  exitCode: number,
  log: Log,
): string {
  const message = process.terminationMessage();
  const isWanted = terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0;
  return (message === '' && isWanted ? log.lastLines() : message).slice(-mostMessageBytes);
}
