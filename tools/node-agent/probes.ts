/** The probes of one run of a container, with the rules of the kubelet. */
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as secure } from 'node:tls';
import type { Container, Probe } from './pod.ts';
import type { Sandbox } from './sandbox.ts';

export type ProbeTarget = {
  container: Container;
  connect: Sandbox['connect'];
  exec(command: readonly string[], timeoutMs: number): Promise<boolean>;
};

export type ProbeEvents = {
  /** Whether the startup probe has succeeded, or there is none. */
  onStarted(): void;
  /** Is called when readiness changes. The first value is false. */
  onReady(ready: boolean): void;
  /**
   * Is called when a startup or liveness probe has reached its failure threshold. `why` names the
   * probe.
   */
  onUnhealthy(why: string): void;
};

/** Probes until `signal` is aborted: the container has ended. */
export async function runProbes(
  target: ProbeTarget,
  events: ProbeEvents,
  signal: AbortSignal,
): Promise<void> {
  const { startupProbe, livenessProbe, readinessProbe } = target.container;
  const turns = (probe: Probe) => probing(probe, target, signal);
  const failing = async (kind: string, probe: Probe) => {
    for await (const healthy of turns(probe)) {
      if (!healthy) events.onUnhealthy(`Container ${target.container.name} failed ${kind} probe`);
      if (!healthy || kind === 'startup') return healthy;
    }
    return false;
  };
  if (startupProbe && !(await failing('startup', startupProbe))) return;
  if (signal.aborted) return;
  events.onStarted();
  if (!readinessProbe) events.onReady(true);
  const readiness = async () => {
    if (!readinessProbe) return;
    for await (const ready of turns(readinessProbe)) events.onReady(ready);
  };
  const liveness = async () => {
    if (livenessProbe) await failing('liveness', livenessProbe);
  };
  await Promise.all([readiness(), liveness()]);
}

/** Yields each time a threshold of successes or failures is reached. */
async function* probing(
  probe: Probe,
  target: ProbeTarget,
  signal: AbortSignal,
): AsyncGenerator<boolean> {
  const { initialDelaySeconds = 0, periodSeconds = 10 } = probe;
  const { successThreshold = 1, failureThreshold = 3 } = probe;
  let last: boolean | undefined;
  let count = 0;
  await pause(initialDelaySeconds, signal);
  while (!signal.aborted) {
    const result = await attempt(probe, target);
    if (signal.aborted) return;
    count = result === last ? count + 1 : 1;
    last = result;
    if (count >= (result ? successThreshold : failureThreshold)) yield result;
    await pause(periodSeconds, signal);
  }
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  // An aborted sleep rejects. The caller checks the signal.
  await sleep(seconds * 1000, undefined, { signal, ref: false }).catch(() => {});
}

async function attempt(probe: Probe, target: ProbeTarget): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec) return target.exec(probe.exec.command, timeoutMs);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  // The time-out includes the connection, so that an attempt that hangs does not prevent the next
  // attempts.
  const tooLong = new Promise<boolean>((resolve) => {
    over.signal.addEventListener('abort', () => resolve(false));
  });
  try {
    return await Promise.race([connectAndAsk(probe, target, over.signal), tooLong]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** @param over aborted when the result is no longer needed */
async function connectAndAsk(
  { httpGet, tcpSocket }: Probe,
  { container, connect }: ProbeTarget,
  over: AbortSignal,
): Promise<boolean> {
  const action = httpGet ?? tcpSocket;
  if (action === undefined) return false;
  const port = portNumber(action.port, container);
  const socket = await connect(port, action.host);
  try {
    if (over.aborted || httpGet === undefined) return !over.aborted;
    over.addEventListener('abort', () => socket.destroy());
    return await ask(httpGet, port, socket);
  } finally {
    socket.destroy();
  }
}

async function ask(
  action: NonNullable<Probe['httpGet']>,
  port: number,
  plain: Socket,
): Promise<boolean> {
  const { path = '/', scheme = 'HTTP', httpHeaders = [] } = action;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  const isSecure = scheme === 'HTTPS';
  // Like the kubelet, a probe does not verify the certificate of the container.
  const socket = isSecure ? secure({ socket: plain, rejectUnauthorized: false }) : plain;
  const options = { path, port, createConnection: () => socket };
  const sent = (isSecure ? secureRequest : request)(
    { ...options, headers: { 'user-agent': 'kube-probe/node-agent', ...headers } },
    ({ statusCode = 0 }) => resolve(statusCode >= 200 && statusCode < 400),
  );
  sent.on('error', () => resolve(false)).end();
  return await promise;
}

function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? Number(port);
}
