/**
 * Runs `explain`, `history` and `approve` in this process, because a start of the program takes longer than all
 * their requests.
 */
import type { Ask } from '../../jobs/cli/question.ts';
import type { CommandContext } from '../../jobs/command-context.ts';
import { type ApproveOptions, approve } from '../../jobs/commands/approve.ts';
import { explain } from '../../jobs/commands/explain.ts';
import { history } from '../../jobs/commands/history.ts';
import { wire } from '../../jobs/wiring.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { loadSettingsWithOrigins } from '../../lib/settings/load.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { withoutLeak } from '../secrets/planted.ts';
import type { Flags } from './run-check.ts';

export type Asked = {
  /** The argument, such as `deployment/web`. */
  workload: string;
  namespace: string | undefined;
  flags?: Flags;
  /** Default: the kubeconfig of the administrator. */
  kubeconfig?: string;
};

export type Answer = {
  status: number;
  /** The output, or the line of the error. */
  text: string;
};

const log = { error: () => undefined } as unknown as Log;
const { signal } = new AbortController();

export function runExplain(asked: Asked, output: 'text' | 'json' = 'text'): Promise<Answer> {
  const { workload, namespace } = asked;
  return run('explain', asked, (context) => explain(context, { workload, namespace, output }));
}

export function runHistory(asked: Asked, output: 'table' | 'json' = 'table'): Promise<Answer> {
  const { workload, namespace } = asked;
  return run('history', asked, (context) => history(context, { workload, namespace, output }));
}

export type Approving = Partial<Pick<ApproveOptions, 'now' | 'yes' | 'output'>> & { ask?: Ask };

/** Confirms the approval with `--yes` unless a test asks otherwise. */
export function runApprove(asked: Asked, how: Approving = {}): Promise<Answer> {
  const { workload, namespace } = asked;
  const { ask, ...options } = { now: false, yes: true, output: 'text' as const, ...how };
  return run('approve', asked, (context) =>
    approve({ ...context, ask }, { workload, namespace, ...options }),
  );
}

function run(what: string, asked: Asked, command: Command): Promise<Answer> {
  return withoutLeak(what, () => answer(asked, command));
}

type Command = (context: CommandContext) => Promise<number>;

async function answer(
  { flags = {}, kubeconfig = testCluster().cluster.kubeconfig }: Asked,
  command: Command,
): Promise<Answer> {
  const loaded = loadSettingsWithOrigins({ flags: { kubeconfig, ...flags }, env: {} });
  const wiring = await wire(loaded.settings, {});
  const printed: string[] = [];
  try {
    const print = (text: string): void => {
      printed.push(text);
    };
    const status = await command({ ...loaded, wiring, log, print, signal });
    return { status, text: printed.join('\n') };
  } catch (error) {
    if (!(error instanceof WaveCronError)) throw error;
    return { status: error.exit, text: error.message };
  } finally {
    wiring.connection.close();
  }
}
