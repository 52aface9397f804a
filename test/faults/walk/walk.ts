/** One walk: it runs a list of steps in its own namespace, and collects everything that is wrong. */
import type { TestContext } from 'node:test';
import type { Report } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { type NodeAgent, startNodeAgent } from '../../../tools/node-agent/node-agent.ts';
import { nodeAgentSupport } from '../../../tools/node-agent/support.ts';
import { optedIn } from '../../handler/run-pass.ts';
import { type Channel, freeChannel, Ledger } from './channel.ts';
import { check } from './check.ts';
import { crashes } from './crashes.ts';
import { lift } from './lift.ts';
import { Model } from './model.ts';
import { hear, startPass } from './passes.ts';
import { Policies, takePolicyStep } from './policies.ts';
import { wrongWithWrite } from './policy-check.ts';
import { isPolicyStep } from './policy-steps.ts';
import { runProgramStep } from './program-step.ts';
import { RolloutRecord } from './rollout-record.ts';
import type { Step } from './steps.ts';
import { act, operate, type User } from './user.ts';
import { WorldClock } from './world-clock.ts';

export type Walk = {
  readonly namespace: string;
  readonly t: Pick<TestContext, 'after'>;
  readonly clock: WorldClock;
  readonly ledger: Ledger;
  readonly user: User;
  /** Runs the Pods; undefined if this machine cannot run an agent. Then there are no Pods. */
  readonly agent: NodeAgent | undefined;
  /** The report of the last pass without a fault. */
  lastReport: Report | undefined;
  /**
   * The times at which the last pass began and ended, by the clock of the walk, and the time at
   * which it began by the clock of this machine.
   */
  lastPass: { from: number; to: number; beganAt: number };
  /** All output since the last search for values of Secrets. */
  readonly said: string[];
  /** The number of passes so far, for the names of processes. */
  passes: number;
  /** How many notes of the ledger were checked. */
  checkedWrites: number;
};

export type Tally = {
  steps: number;
  passes: number;
  /** The passes over only the workloads of a change. */
  partialPasses: number;
  requests: number;
  checks: number;
  faults: Map<string, number>;
  /** The number of hashes that were written. */
  writes: number;
  /** How many workloads passes have held, by reason code. */
  holds: Map<string, number>;
};

export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * Runs the steps and a final check.
 *
 * @throws Violation at the first step after which something is wrong
 */
export async function walk(steps: readonly Step[], tally: Tally): Promise<void> {
  const undo: (() => unknown)[] = [];
  const t = { after: (what: () => unknown) => void undo.push(what) } as Pick<TestContext, 'after'>;
  const here = await begin(t, steps.some(isPolicyStep));
  const { ledger, user } = here;
  const channels: Channel[] = [];
  const said = (at: number): void => {
    if (ledger.violations.length === 0) return;
    throw new Violation(
      `after step ${at + 1} (${JSON.stringify(steps[at])}):\n  ${ledger.violations.join('\n  ')}`,
    );
  };
  try {
    for (const [at, step] of steps.entries()) {
      await take(here, channels, step, tally);
      tally.steps += 1;
      await checkWrites(here);
      said(at);
    }
    if (user.policies.wasOn) await lift(here, channels);
    await check(here, channels);
    await checkWrites(here);
    tally.checks += 1;
    said(steps.length - 1);
  } finally {
    tally.requests += ledger.requests;
    tally.partialPasses += ledger.partialPasses;
    tally.writes += ledger.notes.length;
    for (const kind of ['faults', 'holds'] as const) {
      for (const [what, count] of ledger[kind]) {
        tally[kind].set(what, (tally[kind].get(what) ?? 0) + count);
      }
    }
    for (const what of undo.reverse()) await what();
  }
}

/** The progress deadline of Deployments whose Pods may never become Ready. */
const progressDeadlineSeconds = 3;

/** @param policies whether values can be bad, so that rollouts must fail soon */
async function begin(t: Pick<TestContext, 'after'>, policies: boolean): Promise<Walk> {
  const namespace = await testNamespace(t);
  const { api } = testCluster();
  await api.patch(path('Namespace', undefined, namespace), { metadata: { annotations: optedIn } });
  const clock = new WorldClock();
  const ledger = new Ledger(new Model(), clock);
  const agent = nodeAgentSupport().ok
    ? await startNodeAgent({
        ...{ cluster: testCluster().cluster, namespaces: [namespace], images: {} },
        readsSources: true,
        crashesWith: crashes,
      })
    : undefined;
  t.after(() => agent?.stop());
  const tolerations = agent === undefined ? [] : [agent.toleration];
  const record = await RolloutRecord.begin(namespace);
  t.after(() => record.stop());
  const user: User = {
    ...{ namespace, model: ledger.model, tolerations, clock, record },
    policies: new Policies(clock),
    progressDeadline: policies ? progressDeadlineSeconds : undefined,
  };
  ledger.onHash = (workload) => operate(user, workload);
  return {
    namespace,
    t,
    clock,
    ledger,
    agent,
    lastReport: undefined,
    lastPass: { from: 0, to: 0, beganAt: 0 },
    checkedWrites: 0,
    user,
    said: [],
    passes: 0,
  };
}

async function take(here: Walk, channels: Channel[], step: Step, tally: Tally): Promise<void> {
  switch (step.do) {
    case 'ownership':
      here.ledger.model.ownership = step.on ? 'finalizer' : 'off';
      return;
    case 'passes':
      tally.passes += step.fates.length;
      return await takePasses(here, channels, step);
    case 'program':
      tally.passes += 2;
      return await runProgramStep(here, step);
    case 'lift':
      return await lift(here, channels);
    case 'limits':
    case 'time':
    case 'rest':
      return await takePolicyStep(here.user, step);
    case 'check':
      tally.checks += 1;
      return await check(here, channels);
    default:
      return await act(here.user, step);
  }
}

/** Checks whether each hash since the last step was written as the policies allow. */
async function checkWrites(here: Walk): Promise<void> {
  const { notes, violations } = here.ledger;
  const { policies, record } = here.user;
  if (!policies.wasOn || here.checkedWrites === notes.length) return;
  await record.catchUp();
  for (; here.checkedWrites < notes.length; here.checkedWrites++) {
    const note = notes[here.checkedWrites];
    const earlier = notes.slice(0, here.checkedWrites);
    if (note !== undefined) violations.push(...wrongWithWrite(note, earlier, policies, record));
  }
}

async function takePasses(
  here: Walk,
  channels: Channel[],
  { fates, meanwhile }: Extract<Step, { do: 'passes' }>,
): Promise<void> {
  here.ledger.model.beginPasses();
  const taken: Channel[] = [];
  for (const _ of fates) {
    const others = channels.filter((each) => !taken.includes(each));
    const channel = await freeChannel(here.t, here.ledger, others);
    if (!channels.includes(channel)) channels.push(channel);
    taken.push(channel);
  }
  let isDone = meanwhile === null;
  const running = fates.map((fate, index) => {
    here.passes += 1;
    const channel = taken[index];
    if (channel === undefined) throw new Error('a pass without a channel');
    const frozen = Promise.withResolvers<void>();
    const pass = startPass(here, channel, `pass-${here.passes}`, {
      fate,
      onFrozen: frozen.resolve,
      sends: async (nth) => {
        if (index !== 0 || isDone || nth !== meanwhile?.nth) return;
        isDone = true;
        await act(here.user, meanwhile.step);
      },
    });
    return { ...pass, frozen: frozen.promise };
  });
  // Frozen passes continue after all others have ended. Each of them then finds that it has lost the Lease.
  await Promise.all(running.map(({ ended, frozen }) => Promise.race([ended, frozen])));
  for (const { process, thaw, ended } of running) {
    if (process.state === 'frozen') {
      here.clock.leap(4_000 * (process.fate.end?.nth ?? 0));
      thaw();
    }
    hear(here, await ended);
  }
}
