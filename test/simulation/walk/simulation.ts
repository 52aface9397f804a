/** A cluster with its users and its wave-cron processes, and the records of their actions. */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { leaksIn } from '../../secrets/planted.ts';
import {
  createSimulatedServer,
  type SimulatedServer,
  type SimulatedWrite,
} from '../server/server.ts';
import { account } from '../world/network.ts';
import { World } from '../world/world.ts';
import { Fleet } from './fleet.ts';
import { Kubectl } from './kubectl.ts';
import { isActive, isComplete, Oracle, type Tracked } from './oracle.ts';
import { Pods } from './pods.ts';
import { objectOf } from './seen.ts';
import type { Plan, ProcessStep } from './steps.ts';
import { newTally } from './tally.ts';
import { revert, type User } from './user.ts';
import { wrongWithSourceWrite, wrongWithWorkloadWrite } from './write-check.ts';

const lookAgainMs = 20_000;
const sourceResources = new Set(['configmaps', 'secrets']);
const pathOf = (tracked: Tracked, resource: string): string =>
  `/apis/apps/v1/namespaces/${tracked.namespace}/${resource}/${tracked.name}`;

export class Simulation {
  readonly plan: Plan;
  readonly world: World;
  readonly server: SimulatedServer;
  readonly oracle: Oracle;
  readonly user: User;
  readonly fleet: Fleet;
  readonly pods: Pods;
  readonly tally = newTally();
  readonly violations: string[] = [];
  /** The status with which admission rejects wave-cron's writes, by resource. */
  readonly rejected = new Map<string, 403 | 422>();
  /** The time of the last fault of any process. */
  harmedAt = 0;
  #areControllersDue = false;
  /** The steps of controllers that have run without an effect since the last change. */
  readonly #idleSteps = new Set<string>();
  #isLookingAgain = false;

  constructor(plan: Plan, onLine?: (line: string) => void) {
    this.plan = plan;
    this.world = new World(plan.seed, onLine);
    const { world } = this;
    this.oracle = new Oracle(() => world.now, plan.optIn === 'namespace');
    this.pods = new Pods(this.oracle, () => world.now);
    this.server = createSimulatedServer({
      podOutcome: this.pods.outcome,
      wallTime: () => new Date(world.time),
      random: world.random.fork().next,
      refuses: (write) => this.#refusal(write),
      onWrite: (write) => this.#see(write),
    });
    const kubectl = new Kubectl(this.server);
    const { optIn } = plan;
    this.user = { kubectl, optIn, operators: new Map(), time: () => world.time };
    this.fleet = new Fleet(this);
  }

  /** Records a violation. */
  blame(text: string): void {
    this.violations.push(text);
    this.world.log(`violation: ${text}`);
  }

  reject({ what, status }: Extract<ProcessStep, { do: 'reject' }>): void {
    const resources = {
      workloads: ['deployments', 'statefulsets', 'daemonsets'],
      sources: ['configmaps', 'secrets'],
      events: ['events'],
    } as const;
    this.harmedAt = this.world.now;
    for (const each of resources[what]) this.rejected.set(each, status);
  }

  /** Runs the steps of controllers in a random order until nothing is left to do. */
  #wakeControllers(): void {
    if (this.#areControllersDue) return;
    this.#areControllersDue = true;
    const { world } = this;
    world.after(1 + world.random.next() * 200, () => {
      this.#areControllersDue = false;
      const { server } = this;
      const steps = server.pending().filter((each) => !this.#idleSteps.has(each));
      if (steps.length === 0) return this.#lookAgain();
      const step = world.random.of(steps);
      world.log(`controller: ${step}`);
      this.#idleSteps.add(step);
      server.run(step);
      this.#wakeControllers();
    });
  }

  /**
   * A rollout fails at its deadline without a change of an object. So controllers check unfinished
   * rollouts again later.
   */
  #lookAgain(): void {
    const { oracle, world } = this;
    const isUnfinished = oracle.live.some(
      ({ object }) => isActive(object, oracle) && !isComplete(object),
    );
    if (!isUnfinished || this.#isLookingAgain) return;
    this.#isLookingAgain = true;
    world.after(lookAgainMs, () => {
      this.#isLookingAgain = false;
      this.#idleSteps.clear();
      this.#wakeControllers();
    });
  }

  get areControllersDone(): boolean {
    return !this.#areControllersDue;
  }

  #refusal({ resource, by }: SimulatedWrite) {
    const status = by === account ? this.rejected.get(resource) : undefined;
    if (status === undefined) return undefined;
    const reason = status === 403 ? 'Forbidden' : 'Invalid';
    return { status, reason, message: 'a policy of the cluster denies it' };
  }

  #see(write: SimulatedWrite): void {
    const object = objectOf(write);
    const { resource, verb, by } = write;
    const { name, namespace = '', resourceVersion } = object.metadata;
    this.world.log(`${by} ${verb} ${resource} ${namespace}/${name} ${resourceVersion}`);
    const tracked = this.oracle.see(write);
    this.#idleSteps.clear();
    this.#wakeControllers();
    if (by === account) this.#judge(write, object, tracked);
    else if (sourceResources.has(resource) && verb === 'delete') this.#seeDeletion(write, object);
  }

  #judge(write: SimulatedWrite, object: KubernetesObject, tracked: Tracked | undefined): void {
    const { resource } = write;
    if (resource === 'leases') {
      this.fleet.seeLease(object);
      return;
    }
    if (resource === 'events') {
      const leaks = leaksIn(JSON.stringify(object['note'] ?? object['message'] ?? ''));
      if (leaks.length > 0) this.blame(`an Event contains a value of a Secret: ${leaks.join()}`);
      return;
    }
    const writer = this.fleet.current;
    if (writer === undefined) return;
    const { world, oracle } = this;
    const harmedAt = this.rejected.size > 0 ? world.now : this.harmedAt;
    const judged = { write, writer, oracle, now: world.now, time: world.time, harmedAt };
    if (sourceResources.has(resource)) {
      for (const text of wrongWithSourceWrite(judged)) this.blame(text);
    } else if (tracked !== undefined) {
      const hashes = tracked.notes.length;
      for (const text of wrongWithWorkloadWrite(judged, tracked)) this.blame(text);
      if (tracked.notes.length === hashes) return;
      this.tally.hashes += 1;
      this.#operate(tracked, resource);
    }
  }

  /** A controller may delete a source only together with its namespace. */
  #seeDeletion({ by }: SimulatedWrite, { kind, metadata }: KubernetesObject): void {
    const namespace = this.oracle.find('namespaces', '', metadata.namespace ?? '');
    const isTerminating = namespace?.metadata['deletionTimestamp'] !== undefined;
    if (by === 'admin' || isTerminating || namespace === undefined) return;
    this.blame(`${kind}/${metadata.namespace}/${metadata.name} is lost: ${by} deleted it`);
  }

  #operate(tracked: Tracked, resource: string): void {
    const where = pathOf(tracked, resource);
    const operator = this.user.operators.get(where);
    if (operator === undefined || operator.times === 0) return;
    operator.times -= 1;
    this.world.after(this.world.random.of([0, 10, 3_000]), () => {
      this.world.log(`operator restores ${tracked.label}`);
      revert(this.user.kubectl, where, operator.whole);
    });
  }
}
