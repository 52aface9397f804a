/** All wave-cron processes in a walk, and the network faults of their requests. */
import { fileURLToPath } from 'node:url';
import { givenShard, ownLeaseName, sharedIdentity } from '../../../lib/rules/shards.ts';
import {
  defaultSettings,
  type RolloutSettings,
  type Settings,
} from '../../../lib/settings/schema.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { leaksIn } from '../../secrets/planted.ts';
import { Program } from '../fleet/program.ts';
import { postTrigger } from '../fleet/trigger-page.ts';
import type { SimulatedRequest } from '../server/server.ts';
import type { FaultName, Reply } from '../world/faults.ts';
import type { Traffic } from '../world/network.ts';
import { SimulatedProcess } from '../world/process.ts';
import { at, leaseName, namespaces, ownNamespace, sources } from './names.ts';
import { noFate } from './no-fate.ts';
import type { Simulation } from './simulation.ts';
import type { Fate, ProcessStep, Setting } from './steps.ts';
import { count } from './tally.ts';
import { Unwritten } from './unwritten.ts';
import type { Writer } from './writer.ts';

const tokenFile = fileURLToPath(new URL('../fleet/token', import.meta.url));
const token = 'simulated-token-of-a-walk';

const leaseSeconds = 15;
const shards = 2;

/**
 * The default rollout settings, but without a limit on rollouts per period, and with a very long
 * progress deadline.
 */
export const usualRollouts: RolloutSettings = {
  ...defaultSettings.rollouts,
  limit: { count: 0, period: '1h' },
  progressDeadline: '7d',
};

export class Fleet implements Traffic {
  readonly #simulation: Simulation;
  readonly #writers = new Map<SimulatedProcess, Writer>();
  readonly #replicas = new Map<number, Program>();
  #programs: Program[] = [];
  readonly #all: Program[] = [];
  #started = 0;
  #said: string[] = [];
  /** The fault of the next requests of all processes. */
  #network: { readonly fault: FaultName; left: number } | undefined;
  /** The process whose request the server is handling. */
  current: Writer | undefined;
  ownership: Settings['ownership'] = 'finalizer';
  rollouts: RolloutSettings = usualRollouts;
  /** Whether passes ever ran with `ownership: references`, which leaves references to kube-system. */
  hadReferences = false;
  readonly unwritten = new Unwritten();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  get replicas(): ReadonlyMap<number, Program> {
    return this.#replicas;
  }

  /** The running processes, except replicas. */
  get jobs(): readonly Program[] {
    const replicas = new Set(this.#replicas.values());
    return this.#programs.filter((each) => each.isRunning && !replicas.has(each));
  }

  get shards(): readonly (number | undefined)[] {
    const isSharded = this.#simulation.plan.fleet === 'shards';
    return isSharded ? Array.from({ length: shards }, (_, index) => index) : [undefined];
  }

  act(step: ProcessStep): void {
    switch (step.do) {
      case 'once':
        this.start(`once-${this.#started}`, step.fate, this.#anyShard()).once();
        return;
      case 'release':
        this.start(`release-${this.#started}`, step.fate, undefined).release();
        return;
      case 'schedule':
        this.startReplica(step.replica, step.fate);
        return;
      case 'network':
        this.#network = { fault: step.fault, left: step.times };
        return;
      case 'reject':
        this.#simulation.reject(step);
        return;
      case 'setting':
        this.set(step.setting);
        return;
      case 'streams':
        for (const replica of this.#replicas.values()) replica.streams.suffer(step.fault);
        return;
      case 'compact':
        this.#simulation.server.compact();
        return;
      case 'time':
        return;
      default:
        this.#actOn(step);
        return;
    }
  }

  #actOn(step: Extract<ProcessStep, { replica: number }>): void {
    const replica = this.#replicas.get(step.replica);
    if (replica === undefined) return;
    const { process } = replica;
    switch (step.do) {
      case 'terminate':
        replica.terminate();
        return;
      case 'kill':
        this.#end(process, 'kill');
        return;
      case 'stop':
        process.stop();
        return;
      case 'resume':
        process.resume();
        return;
      case 'clock':
        process.wallOffsetMs = step.hours * 3_600_000;
        return;
      case 'harm':
        Object.assign(this.#writerOf(process), { fate: step.fate, sent: 0 });
        return;
      case 'trigger':
        this.#trigger(replica, step.about);
        return;
    }
  }

  #trigger({ triggerPage, process }: Program, about: number | null): void {
    if (triggerPage === undefined || process.state !== 'running') return;
    const source = at(sources, about ?? 0);
    const object = { kind: source.kind, namespace: at(namespaces, about ?? 0), name: source.name };
    const body = about === null ? undefined : object;
    postTrigger(triggerPage, token, body).then((status) => {
      if (status !== 202 && status !== 503) this.#simulation.blame(`POST /trigger: ${status}`);
    });
  }

  set(setting: Setting): void {
    const { key, value } = setting;
    if (key === 'ownership') this.ownership = value;
    else if (key === 'limit')
      this.rollouts = { ...this.rollouts, limit: { count: value, period: '1h' } };
    else if (value === null) {
      const { [key]: _, ...others } = this.rollouts;
      this.rollouts = others;
    } else this.rollouts = { ...this.rollouts, [key]: value };
  }

  /** Starts a replica, unless it is already running. */
  startReplica(number: number, fate: Fate): void {
    if (this.#replicas.get(number)?.isRunning === true) return;
    const shard = this.#simulation.plan.fleet === 'shards' ? number % shards : undefined;
    const program = this.start(`replica-${number}-${this.#started}`, fate, shard, true);
    this.#replicas.set(number, program);
    program.schedule();
  }

  start(name: string, fate: Fate, shard: number | undefined, isReplica = false): Program {
    const simulation = this.#simulation;
    const process = new SimulatedProcess(name, simulation.world);
    process.wallOffsetMs = fate.wallHours * 3_600_000;
    const settings = this.settingsOf(shard, isReplica);
    const writer: Writer = {
      ...{ name, fate, rollouts: this.rollouts, sent: 0, began: undefined, identity: undefined },
      leases: leasesOf(settings),
    };
    if (settings.ownership === 'references') this.hadReferences = true;
    this.#writers.set(process, writer);
    this.#started += 1;
    const program = new Program({
      ...{ process, server: simulation.server, traffic: this, settings, namespace: ownNamespace },
      said: (line) => this.#said.push(line),
      crashed: ({ stack }) => simulation.blame(`${name} crashed: ${stack}`),
      passEnded: (isPartial, outcomes) => {
        this.unwritten.note(outcomes, writer.began ?? simulation.world.now);
        writer.began = undefined;
        if (isPartial) simulation.tally.partialPasses += 1;
        simulation.tally.passes += 1;
      },
    });
    this.#programs = this.#programs.filter(({ isRunning }) => isRunning);
    this.#programs.push(program);
    this.#all.push(program);
    simulation.world.log(`${name} starts`);
    return program;
  }

  #anyShard(): number | undefined {
    return this.#simulation.world.random.of(this.shards.map((shard) => [shard]))[0];
  }

  settingsOf(shard: number | undefined, isReplica: boolean): Settings {
    const { plan } = this.#simulation;
    const watch = ['ConfigMap', 'Secret', 'Workload'] as const;
    return {
      ...defaultSettings,
      optIn: plan.optIn,
      schedule: plan.schedule === 'each year' ? '0 0 1 7 *' : '*/10 * * * *',
      ownership: this.ownership,
      rollouts: this.rollouts,
      lease: { name: leaseName, namespace: ownNamespace, durationSeconds: leaseSeconds },
      ...(shard === undefined ? {} : { shard: { index: shard, count: shards } }),
      ...(isReplica ? { triggers: { http: { tokenFile }, watch: [...watch] } } : {}),
    };
  }

  /** Ends all faults, and resumes all stopped processes. */
  calm(): void {
    this.#network = undefined;
    this.#simulation.rejected.clear();
    for (const [process, writer] of this.#writers) {
      writer.fate = noFate;
      process.wallOffsetMs = 0;
      process.resume();
    }
  }

  /** Releases the memory of all processes after the simulation. */
  end(): void {
    for (const program of this.#all) program.forget();
  }

  /** The places in the logs since the last call that contain a value of a Secret. */
  leaks(): readonly string[] {
    const all = this.#said.join('\n');
    this.#said = [];
    return leaksIn(all);
  }

  sent(process: SimulatedProcess, request: SimulatedRequest): FaultName | undefined {
    const writer = this.#writerOf(process);
    const { tally, world } = this.#simulation;
    writer.sent += 1;
    tally.requests += 1;
    if (isOfPass(request)) writer.began ??= world.now;
    this.#assertHolds(writer, request, 'sent');
    const { end, faults } = writer.fate;
    if (end?.nth === writer.sent) {
      this.#end(process, end.how);
      return end.done ? undefined : 'reset';
    }
    const own = faults.find(({ nth, times }) => writer.sent >= nth && writer.sent < nth + times);
    const fault = own?.fault ?? this.#ofNetwork();
    if (fault !== undefined) {
      count(tally.faults, fault);
      this.#simulation.harmedAt = world.now;
    }
    return fault;
  }

  #ofNetwork(): FaultName | undefined {
    if (this.#network === undefined || this.#network.left === 0) return undefined;
    this.#network.left -= 1;
    return this.#network.fault;
  }

  #end(process: SimulatedProcess, how: 'kill' | 'stop'): void {
    const { world, tally } = this.#simulation;
    world.log(`${process.name}: ${how}`);
    this.#simulation.harmedAt = world.now;
    if (how === 'kill') {
      tally.kills += 1;
      process.kill();
      return;
    }
    tally.stops += 1;
    process.stop();
    world.after(world.random.within(500, 120_000), () => process.resume());
  }

  arrives(process: SimulatedProcess, request: SimulatedRequest): void {
    const writer = this.#writerOf(process);
    this.#assertHolds(writer, request, 'delivered');
    this.current = writer;
  }

  handled(process: SimulatedProcess, { method, path }: SimulatedRequest, reply: Reply): void {
    this.current = undefined;
    this.#simulation.world.log(`${process.name} ${method} ${path} ${reply.status}`);
  }

  seeLease({ metadata, spec }: KubernetesObject): void {
    const holder = String(spec?.['holderIdentity'] ?? '');
    const isOwn = this.current?.leases[0]?.name === metadata.name;
    if (this.current !== undefined && isOwn && holder !== '') this.current.identity = holder;
  }

  #writerOf(process: SimulatedProcess): Writer {
    const writer = this.#writers.get(process);
    if (writer === undefined) throw new Error(`${process.name} is unknown`);
    return writer;
  }

  /** While another process holds the Lease, a process may send no writes, except to the Lease. */
  #assertHolds(writer: Writer, { method, path }: SimulatedRequest, how: string): void {
    if (method === 'GET' || path.includes('/leases')) return;
    for (const { name, holder = writer.identity } of writer.leases) {
      const lease = this.#simulation.oracle.find('leases', ownNamespace, name);
      const actual = String(lease?.spec?.['holderIdentity'] ?? '');
      if (actual === holder) continue;
      this.#simulation.blame(
        `${writer.name} (${holder}): ${method} ${path} was ${how} while "${actual}" held ${name}`,
      );
    }
  }
}

/** Whether a pass sends the request, and not a watch or the lock of the Lease. */
function isOfPass({ path }: SimulatedRequest): boolean {
  return (
    !path.includes('/leases') &&
    !path.includes('watch=true') &&
    !path.includes('limit=1&') &&
    !path.endsWith('limit=1')
  );
}

function leasesOf({ shard: setting, lease }: Settings): Writer['leases'] {
  const own = { name: ownLeaseName(lease.name, setting), holder: undefined };
  const shard = givenShard(setting);
  if (shard === undefined) return [own];
  return [own, { name: lease.name, holder: sharedIdentity(shard, lease.durationSeconds) }];
}
