/**
 * Runs the program itself in a walk: the operating system kills or stops one process, and another one
 * follows.
 */
import type { Run } from '../../jobs/run-program.ts';
import { fastEnough, type Once, startOnce, starts, TooSlow } from '../program.ts';
import { type Channel, openChannel, type Process } from './channel.ts';
import { flagsOf } from './policies.ts';
import type { Fate, Step } from './steps.ts';
import type { Walk } from './walk.ts';

type ProgramStep = Extract<Step, { do: 'program' }>;

/**
 * Runs a step of the program. Only a few steps run at once: too many starts would starve the
 * processes that hold a Lease.
 */
export const runProgramStep = (here: Walk, step: ProgramStep): Promise<void> =>
  starts(() => run(here, step));

async function run(here: Walk, { end }: ProgramStep): Promise<void> {
  here.ledger.model.beginPasses();
  const first = await start(here, { faults: [], end, wallHours: 0 });
  await Promise.race([first.program.ended, first.ended]);
  const second = await start(here, { faults: [], end: null, wallHours: 0 });
  const { status, stdout, stderr } = await second.program.ended;
  here.said.push(stdout, stderr);
  if (status !== 0 && !wasTooSlow({ status, stdout, stderr }))
    here.ledger.violations.push(
      `a program without a fault ended with ${status}: ${stdout}${stderr}`,
    );
  first.thaw();
  const ended = await first.program.ended;
  here.said.push(ended.stdout, ended.stderr);
  if (ended.status !== null && ![0, 1, 3].includes(ended.status)) {
    here.ledger.violations.push(`a program ended with ${ended.status}: ${ended.stderr}`);
  }
  for (const { channel } of [first, second]) channel.process = undefined;
}

/** Whether the program lost its Lease because the machine gave it no time for the renewal. */
function wasTooSlow(run: Run): boolean {
  try {
    fastEnough(run);
    return false;
  } catch (error) {
    if (error instanceof TooSlow) return true;
    throw error;
  }
}

type Started = { program: Once; channel: Channel; ended: Promise<void>; thaw(): void };

async function start(here: Walk, fate: Fate): Promise<Started> {
  const { ledger, namespace, t, user } = here;
  const rollouts = user.policies.settings;
  here.passes += 1;
  const name = `program-${here.passes}`;
  const channel = await openChannel(t, ledger);
  const hasEnded = Promise.withResolvers<void>();
  const thawed = Promise.withResolvers<void>();
  let program: Once | undefined;
  const process: Process = {
    name,
    fate,
    sent: 0,
    state: 'running',
    awake: () => thawed.promise,
    underWay: new Set(),
    identity: undefined,
    rollouts,
    listed: undefined,
    sends: async () => {},
    halt(how) {
      process.state = how === 'kill' ? 'dead' : 'frozen';
    },
    async halted(how) {
      await (how === 'kill' ? program?.kill() : program?.freeze());
      hasEnded.resolve();
      if (how === 'freeze') await thawed.promise;
    },
  };
  channel.process = process;
  const own = ['--ownership', ledger.model.ownership, '--opt-in', 'namespace'];
  const flags = [...own, ...flagsOf(rollouts)];
  const kubeconfig = channel.proxy.kubeconfig();
  program = await startOnce(t, name, { namespace, kubeconfig, flags });
  const running = program;
  return {
    program,
    channel,
    ended: hasEnded.promise,
    thaw() {
      if (process.state !== 'frozen') return;
      process.state = 'running';
      running.thaw();
      thawed.resolve();
    },
  };
}
