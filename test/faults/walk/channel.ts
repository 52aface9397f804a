/**
 * The way of one process to the API server: through a fault proxy that gives it its fate, and takes
 * note of all that it writes.
 */
import type { TestContext } from 'node:test';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { prefix } from '../../handler/run-pass.ts';
import {
  type Answer,
  type Exchange,
  type Fault,
  type FaultProxy,
  faultProxy,
} from '../fault-proxy.ts';
import { rowOf } from '../table/cells.ts';
import type { Model, ModelWorkload } from './model.ts';
import type { Fate } from './steps.ts';
import type { WorldClock } from './world-clock.ts';
import { inWorldTimes, textOf } from './world-times.ts';
import { noteOf, type WriteNote, type Writer } from './write-note.ts';

/** A pass that runs, in this process or in one of its own. */
export type Process = Writer & {
  readonly fate: Fate;
  /** Requests that it has sent. */
  sent: number;
  state: 'running' | 'frozen' | 'dead';
  /** What is being done of what it has sent. */
  readonly underWay: Set<Promise<unknown>>;
  /** Resolves when it is running; never where it is dead. */
  awake(): Promise<void>;
  /** As it stands in the Lease; undefined until it asks for it. */
  identity: string | undefined;
  /** Nothing of it goes on from here. */
  halt(how: 'kill' | 'freeze'): void;
  /** Told when it stands still for certain; resolves when it goes on, where it does. */
  halted(how: 'kill' | 'freeze'): Promise<void>;
  /** Told of each request before it is dealt with. */
  sends(nth: number): Promise<void>;
};

/** What all processes of a walk have done so far. */
export class Ledger {
  readonly model: Model;
  readonly clock: WorldClock;
  /** Each hash that was written. */
  readonly notes: WriteNote[] = [];
  readonly violations: string[] = [];
  readonly faults = new Map<string, number>();
  readonly holds = new Map<string, number>();
  /** Identity in the Lease, empty where it is free. */
  holder = '';
  requests = 0;
  /** Passes over only the workloads of a change. */
  partialPasses = 0;
  /** Told of each workload to which a hash was written, before its writer knows. */
  onHash: (workload: ModelWorkload) => Promise<void> = async () => {};

  constructor(model: Model, clock: WorldClock) {
    this.model = model;
    this.clock = clock;
  }

  count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  countHold(reason: string): void {
    this.holds.set(reason, (this.holds.get(reason) ?? 0) + 1);
  }
}

type PatchBody = {
  metadata?: { annotations?: Record<string, string | null> };
  spec?: {
    holderIdentity?: string;
    template?: { metadata?: { annotations?: Record<string, string | null> } };
  };
};

const hashKey = `${prefix}/config-hash`;
const adoptedKey = `${prefix}/adopted`;
const plurals: Readonly<Record<string, string>> = {
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
};

export type Channel = {
  readonly proxy: FaultProxy;
  process: Process | undefined;
};

export async function openChannel(t: Pick<TestContext, 'after'>, ledger: Ledger): Promise<Channel> {
  const proxy = await faultProxy(t);
  const channel: Channel = { proxy, process: undefined };
  for (const method of ['GET', 'POST', 'PATCH', 'PUT', 'DELETE']) {
    proxy.on(method, /./, (exchange) => deal(channel, ledger, exchange));
  }
  return channel;
}

/** One over which nobody speaks, nor who was killed still tries to. */
export async function freeChannel(
  t: Pick<TestContext, 'after'>,
  ledger: Ledger,
  channels: Channel[],
): Promise<Channel> {
  const free = channels.find(({ process }) => process === undefined);
  if (free !== undefined) return free;
  const made = await openChannel(t, ledger);
  channels.push(made);
  return made;
}

async function deal(channel: Channel, ledger: Ledger, exchange: Exchange): Promise<void> {
  const { process } = channel;
  if (process === undefined || process.state === 'dead') return exchange.reset();
  if (process.state === 'frozen') {
    await process.awake();
    return exchange.reset();
  }
  process.sent += 1;
  const nth = process.sent;
  ledger.requests += 1;
  checkHolder(ledger, process, exchange);
  const { end } = process.fate;
  if (end?.nth === nth) return await endOf(ledger, process, exchange, end);
  const dealing = dealWith(ledger, process, exchange, nth);
  process.underWay.add(dealing);
  try {
    await dealing;
  } finally {
    process.underWay.delete(dealing);
  }
}

async function dealWith(
  ledger: Ledger,
  process: Process,
  exchange: Exchange,
  nth: number,
): Promise<void> {
  await process.sends(nth);
  const forward = () => forwarded(ledger, process, exchange);
  const fault = process.fate.faults.find((each) => nth >= each.nth && nth < each.nth + each.times);
  if (fault === undefined) return exchange.reply(await forward());
  ledger.count(fault.fault);
  const harm: Fault = rowOf(fault.fault).fault('', () => '');
  await harm({ ...exchange, forward });
}

async function forwarded(ledger: Ledger, process: Process, exchange: Exchange): Promise<Answer> {
  const askedAt = Date.now();
  const answer = await exchange.forward();
  const written = takeNote(ledger, process, exchange, answer);
  if (written !== undefined) await ledger.onHash(written);
  noteList(ledger, process, exchange, answer);
  return inWorldTimes(answer, ledger.clock, askedAt);
}

/**
 * What is on its way when a process ends is either done before that or not at all: a request that
 * the network delivers a lease later is beyond what any client can do.
 */
async function endOf(
  ledger: Ledger,
  process: Process,
  exchange: Exchange,
  { how, done }: NonNullable<Fate['end']>,
): Promise<void> {
  ledger.count(how);
  const answer = done ? await forwarded(ledger, process, exchange) : undefined;
  process.halt(how);
  await Promise.allSettled(process.underWay);
  await process.halted(how);
  if (answer === undefined || how === 'kill') exchange.reset();
  else exchange.reply(answer);
}

/** No write but to the Lease may come from whom the Lease does not name. */
function checkHolder(ledger: Ledger, process: Process, { method, request, url }: Exchange): void {
  if (method === 'GET' || request.resource === 'leases') return;
  if (process.identity !== undefined && process.identity === ledger.holder) return;
  ledger.violations.push(
    `${process.name} (${process.identity}) sent ${method} ${url} while the Lease named "${ledger.holder}"`,
  );
}

/** What it reads from here on is not older. */
function noteList(
  { clock }: Ledger,
  process: Process,
  { method, request }: Exchange,
  answer: Answer,
): void {
  const isList = method === 'GET' && request.verb === 'list' && request.resource in plurals;
  if (!isList || answer.status !== 200) return;
  const { metadata } = JSON.parse(textOf(answer)) as { metadata: { resourceVersion: string } };
  const { number: known, at } = process.listed ?? { number: undefined, at: clock.time() };
  const number = BigInt(metadata.resourceVersion);
  process.listed = { number: known !== undefined && known < number ? known : number, at };
}

function takeNote(
  ledger: Ledger,
  process: Process,
  { method, request, body }: Exchange,
  answer: Answer,
): ModelWorkload | undefined {
  if (method === 'GET' || answer.status >= 300) return undefined;
  const patch = JSON.parse(body.toString() || '{}') as PatchBody;
  if (request.resource === 'leases') {
    const holder = patch.spec?.holderIdentity;
    // A request for the Lease names no holder.
    if (holder === undefined) return undefined;
    if (holder !== '') process.identity = holder;
    ledger.holder = holder;
    return undefined;
  }
  const kind = plurals[request.resource];
  const workload = ledger.model.workloads.find(
    (each) => each?.kind === kind && each?.name === request.name,
  );
  if (workload === undefined) return undefined;
  const hash = patch.spec?.template?.metadata?.annotations?.[hashKey];
  const adopted = patch.metadata?.annotations?.[adoptedKey];
  if (typeof adopted === 'string') {
    workload.taken = workload.adoption === 'baseline' && !workload.knowsLoss;
    workload.knowsLoss = false;
    workload.recordedAt = Date.now();
    const wrong = ledger.model.told(workload, JSON.parse(adopted).config);
    if (wrong !== undefined) ledger.violations.push(`${process.name}: ${wrong} (adopted)`);
  } else if (adopted === null) workload.recorded = workload.writes.at(-1);
  if (typeof hash === 'string') {
    const { model, clock, notes } = ledger;
    const object = JSON.parse(textOf(answer)) as KubernetesObject;
    const last = notes.findLast(({ uid }) => uid === object.metadata.uid);
    notes.push(noteOf(model, workload, process, hash, object, clock.time(), last));
    const wrong = model.told(workload, hash);
    workload.writes.push(hash);
    workload.onTemplate = hash;
    workload.taken = false;
    workload.recordedAt = Date.now();
    ledger.model.everWritten(`${workload.kind}/${workload.name}`).add(hash);
    if (wrong !== undefined) ledger.violations.push(`${process.name}: ${wrong}`);
    return workload;
  }
  return undefined;
}
