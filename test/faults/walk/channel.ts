/**
 * The connection of one process to the API server: a fault proxy that applies the faults of this
 * process, and records everything that the process writes.
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

/** A running pass, in this process or in a child process. */
export type Process = Writer & {
  readonly fate: Fate;
  /** The number of requests that the pass has sent. */
  sent: number;
  state: 'running' | 'frozen' | 'dead';
  /** The requests of the pass that are not finished yet. */
  readonly underWay: Set<Promise<unknown>>;
  /** Resolves when the pass is running; never if it is dead. */
  awake(): Promise<void>;
  /** The identity of the pass in the Lease; undefined until the pass requests the Lease. */
  identity: string | undefined;
  /** Stops the pass: from now on, none of its requests is handled. */
  halt(how: 'kill' | 'freeze'): void;
  /**
   * Called after `halt`, when no request of the pass is open. Resolves when a frozen pass continues, or
   * when a killed pass is dead.
   */
  halted(how: 'kill' | 'freeze'): Promise<void>;
  /** Called before each request is handled, with its number. */
  sends(nth: number): Promise<void>;
};

/** Everything that the processes of a walk have done so far. */
export class Ledger {
  readonly model: Model;
  readonly clock: WorldClock;
  /** One note for each written hash. */
  readonly notes: WriteNote[] = [];
  readonly violations: string[] = [];
  readonly faults = new Map<string, number>();
  readonly holds = new Map<string, number>();
  /** The identity in the Lease; empty if the Lease is free. */
  holder = '';
  requests = 0;
  /** The number of passes over only the workloads of a change. */
  partialPasses = 0;
  /** Called for each workload to which a hash was written, before the writer gets the response. */
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

/**
 * Returns a channel that no pass uses. A killed pass may still send requests, so its channel is not reused.
 */
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
 * When a process ends, each of its open requests is either executed before the end or not at all. No client
 * can handle a request that the network delivers one lease duration later.
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

/**
 * Records a violation if a process sends a write while the Lease does not name the process. Writes
 * of the Lease itself are allowed.
 */
function checkHolder(ledger: Ledger, process: Process, { method, request, url }: Exchange): void {
  if (method === 'GET' || request.resource === 'leases') return;
  if (process.identity !== undefined && process.identity === ledger.holder) return;
  ledger.violations.push(
    `${process.name} (${process.identity}) sent ${method} ${url} while the Lease named "${ledger.holder}"`,
  );
}

/** Records the oldest list of workloads that the process got. Nothing that it reads later is older. */
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
    // A write that only requests the Lease does not name a holder.
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
