/** Runs one walk: the steps of a plan in sequence, while processes and controllers continue. */
import { path } from '../../../tools/control-plane/api.ts';
import { namespace as namespaceObject } from '../../../tools/control-plane/objects.ts';
import { namespaces, ownNamespace } from './names.ts';
import { check } from './quiet.ts';
import { Simulation } from './simulation.ts';
import type { Plan, ProcessStep, Step, UserStep } from './steps.ts';
import type { Tally } from './tally.ts';
import { act, createNamespace } from './user.ts';

export interface Walked {
  readonly tally: Tally;
  /** The violations after the first step with a violation. */
  readonly violations: readonly string[];
  /** The number of steps that ran. */
  readonly steps: number;
  /** The digest of the whole log. */
  readonly digest: string;
}

const userSteps: ReadonlySet<string> = new Set([
  ...['write source', 'label source', 'delete source', 'apply workload', 'delete workload'],
  ...['recreate workload', 'revert', 'operate', 'opt', 'edit template', 'scale', 'pause'],
  ...['delete namespace', 'create namespace', 'policy', 'approve'],
]);

const isOfUser = (step: Step): step is UserStep & Step => userSteps.has(step.do);

/** @param onLine called with each line of the log */
export async function walk(plan: Plan, onLine?: (line: string) => void): Promise<Walked> {
  const simulation = new Simulation(plan, onLine);
  const { world, tally, violations } = simulation;
  begin(simulation);
  let steps = 0;
  for (const step of plan.steps) {
    world.log(`step ${JSON.stringify(step)}`);
    await take(simulation, step);
    steps += 1;
    if (violations.length > 0) break;
  }
  tally.steps = steps;
  tally.virtualMs = world.now;
  const digest = world.digest();
  const found = [...violations];
  simulation.fleet.end();
  return { tally, violations: found, steps, digest };
}

function begin({ user, server }: Simulation): void {
  const where = path('Namespace');
  for (const name of ['kube-system', ownNamespace]) {
    if (user.kubectl.get(`${where}/${name}`) === undefined) {
      user.kubectl.create(where, namespaceObject(name));
    }
  }
  for (const namespace of namespaces.keys()) createNamespace(user, namespace);
  for (let steps = server.pending(); steps.length > 0; steps = server.pending()) {
    server.run(steps[0] ?? '');
  }
}

async function take(simulation: Simulation, step: Step): Promise<void> {
  const { world, user, fleet } = simulation;
  if (step.do === 'check') await check(simulation, step.lift);
  else if (isOfUser(step)) act(user, step);
  else fleet.act(step as ProcessStep);
  await world.pass(step.waitMs + (step.do === 'time' ? step.minutes * 60_000 : 0));
}
