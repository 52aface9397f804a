import { Command, Option } from 'commander';
import { describeError, type ExitStatus, exitStatus, WaveCronError } from '../lib/errors.ts';
import type { Connection } from '../lib/kubernetes/credentials/connection.ts';
import { givenShard, shardText } from '../lib/rules/shards.ts';
import { installationVariable } from '../lib/settings/all-settings.ts';
import { type LoadedSettings, loadSettingsWithOrigins } from '../lib/settings/load.ts';
import type { Settings } from '../lib/settings/schema.ts';
import { createLog, type Log } from '../lib/telemetry/log.ts';
import { printableLines } from '../lib/text/printable.ts';
import { version } from '../lib/version.ts';
import { addSettingFlagsOnDemand, flagsGiven, type GivenFlags } from './cli/setting-flags.ts';
import { stopSignal } from './cli/signals.ts';
import { runCommand, throwUsageErrors } from './cli/usage-errors.ts';
import type { ReleaseOptions } from './commands/release.ts';
import { connectBy, type Wiring, wire } from './wiring.ts';

interface Start {
  readonly settings: Settings;
  readonly loaded: LoadedSettings;
  readonly wiring: Wiring;
  readonly log: Log;
  readonly signal: AbortSignal;
}

let status: ExitStatus = exitStatus.done;

/** Loads the settings, connects, runs the command, and closes whatever happened. */
async function start(
  command: Command,
  destination: 1 | 2,
  run: (start: Start) => Promise<ExitStatus>,
): Promise<void> {
  const { env } = process;
  const given = {
    installation: env[installationVariable] || undefined,
    ...flagsGiven(command),
    env,
  };
  const own = loadSettingsWithOrigins(given);
  const { logLevel: level } = own.settings;
  const terminal = (destination === 1 ? process.stdout : process.stderr).isTTY === true;
  const color = process.env['NO_COLOR'] === undefined;
  const log = await createLog({ level, terminal, color, destination });
  try {
    const connection = await connectBy(own.settings, env, showAtTerminal());
    try {
      const loaded = isAPod(connection) ? own : await besideInstallation(given, own, connection);
      const { settings } = loaded;
      const wiring = await wire(settings, env, connection);
      status = await run({ settings, loaded, wiring, log, signal: stopSignal() });
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof WaveCronError) || error.exit === exitStatus.usage) throw error;
    log.fatal(error.message);
    status = error.exit;
  }
}

/** What is in the cluster has its settings, and is not to wait for others. */
function isAPod({ ofPod }: Connection): boolean {
  return ofPod === true || process.env['POD_NAMESPACE'] !== undefined;
}

async function besideInstallation(
  given: GivenFlags & { readonly env: NodeJS.ProcessEnv },
  own: LoadedSettings,
  connection: Connection,
): Promise<LoadedSettings> {
  const { settingsBeside } = await import('./cli/installation.ts');
  const terminal = process.stderr.isTTY === true;
  const color = process.env['NO_COLOR'] === undefined;
  const { logLevel: level } = own.settings;
  // Never among what is printed.
  const note = await createLog({ level, terminal, color, destination: 2 });
  return await settingsBeside(given, own, connection, note);
}

/** For passes: the other commands have to do with all shards. */
function logOfShard(log: Log, settings: Settings): Log {
  const shard = givenShard(settings.shard);
  return shard === undefined ? log : log.child({ shard: shardText(shard) });
}

function showAtTerminal(): ((line: string) => void) | undefined {
  const { stderr } = process;
  return stderr.isTTY === true ? (line) => stderr.write(`${line}\n`) : undefined;
}

function printLine(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`);
}

const program = new Command('wave-cron')
  .description('Rolls Kubernetes workloads when a ConfigMap or Secret that they use changes.')
  .version(version)
  .addHelpText(
    'after',
    `
Exit status: 0 done, 1 some workloads could not be handled, 2 wrong usage or settings,
3 the cluster could not be reached or refused us, 4 something would change (plan --exit-code).`,
  );
throwUsageErrors(program);
// A command is loaded, and gets its flags, once it is asked for: the Pod of a single pass should not
// wait for what the others need.
addSettingFlagsOnDemand(program);

const onceCommand = program
  .command('once')
  .description('Do one pass, then exit.')
  .action(() =>
    start(onceCommand, 1, async ({ settings, wiring, log, signal }) => {
      const { once } = await import('./commands/once.ts');
      return await once(settings, wiring, logOfShard(log, settings), signal);
    }),
  );

const scheduleCommand = program
  .command('schedule')
  .description('Do passes on a schedule until told to stop; serve health and metrics.')
  .action(() =>
    start(scheduleCommand, 1, async ({ settings, wiring, log, signal }) => {
      const { schedule } = await import('./commands/schedule.ts');
      return await schedule(settings, wiring, logOfShard(log, settings), signal);
    }),
  );

const planCommand = program
  .command('plan')
  .description('Show what a pass would do, and write nothing.')
  .addOption(
    new Option('-o, --output <format>', 'How to print the plan.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .option('--all', 'Show also the workloads with nothing to do.', false)
  .option('--exit-code', 'Exit with status 4 where something would change.', false)
  .action(() =>
    start(planCommand, 2, async ({ settings, wiring, log, signal }) => {
      const { plan } = await import('./commands/plan.ts');
      const { output, all, exitCode } = planCommand.opts<{
        output: 'table' | 'json';
        all: boolean;
        exitCode: boolean;
      }>();
      const own = logOfShard(log, settings);
      return await plan(settings, wiring, own, { output, all, exitCode }, printLine, signal);
    }),
  );

const checkCommand = program
  .command('check')
  .description('Check settings, connection and permissions, and change nothing.')
  .addOption(
    new Option('-o, --output <format>', 'How to print what was found.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .action(() =>
    start(checkCommand, 2, async ({ loaded, wiring, log, signal }) => {
      const { check } = await import('./commands/check.ts');
      const { output } = checkCommand.opts<{ output: 'table' | 'json' }>();
      return await check(loaded, wiring, log, { output }, printLine, signal);
    }),
  );

const releaseCommand = program
  .command('release')
  .description(
    'Take off the cluster what wave-cron has written: its owner references on ConfigMaps and Secrets, and on workloads its finalizer and record. For uninstalling; safe to repeat.',
  )
  .argument('[KIND/NAME]', 'Only this workload, such as deployment/web.')
  .addOption(
    new Option(
      '-n, --namespace <name>',
      "Only this namespace; for KIND/NAME the default is the kubeconfig context's.",
    ).conflicts(['namespaces', 'namespaceSelector']),
  )
  .option(
    '--annotations',
    'Also take the hash off the pod templates, which ROLLS each of these workloads once. What their owners have set, such as the opt-in, stays.',
    false,
  )
  .option('--dry-run', 'Show what would be taken off, and write nothing.', false)
  .option('--yes', 'Do not ask.', false)
  .addOption(
    new Option(
      '--keep-lease <seconds>',
      'Where all was taken off, leave the Lease held for so long, so that no pass runs while you delete wave-cron; at most half of passTimeoutSeconds.',
    ),
  )
  .addOption(
    new Option('-o, --output <format>', 'How to print what was taken off.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .addHelpText(
    'after',
    `
Delete the CronJob or Deployment of wave-cron first: a pass marks again what is opted in. Or keep
passes out with --keep-lease, and delete it within that time.
Everything in the namespaces of the settings is released, whatever kinds, workloadSelector and
ignoreNamespaces say, since they may have been wider once. It holds the Lease of wave-cron
meanwhile: --lease-namespace says where that is.`,
  )
  .action((workload: string | undefined) =>
    start(releaseCommand, 2, async ({ loaded, wiring, log, signal }) => {
      const [{ release }, { askOn }] = await Promise.all([
        import('./commands/release.ts'),
        import('./cli/question.ts'),
      ]);
      const options = releaseCommand.opts<Omit<ReleaseOptions, 'workload'>>();
      const { namespace, annotations, dryRun, yes, output, keepLease } = options;
      const given = { workload, namespace, annotations, dryRun, yes, output, keepLease };
      const { stdin, stderr } = process;
      const ask = stdin.isTTY && stderr.isTTY ? askOn(stdin, stderr) : undefined;
      return await release(loaded, wiring, log, given, ask, printLine, signal);
    }),
  );
const ofOneNamespace = () =>
  new Option(
    '-n, --namespace <name>',
    "The namespace of the workload; the default is that of the kubeconfig's context, else default.",
  );

const explainCommand = program
  .command('explain')
  .description(
    'Say why a workload did, did not or will restart, with the permissions that you have. Writes nothing.',
  )
  .argument('<KIND/NAME>', 'The workload, such as deployment/web.')
  .addOption(ofOneNamespace())
  .addOption(
    new Option('-o, --output <format>', 'How to print it.')
      .choices(['text', 'json'])
      .default('text'),
  )
  .action((workload: string) =>
    start(explainCommand, 2, async ({ settings, wiring, log, signal }) => {
      const { explain } = await import('./commands/explain.ts');
      const { namespace, output } = explainCommand.opts<{
        namespace: string | undefined;
        output: 'text' | 'json';
      }>();
      const asked = { workload, namespace, output };
      return await explain(settings, wiring, log, asked, printLine, signal);
    }),
  );

const historyCommand = program
  .command('history')
  .description('Show the revisions of a workload, and what changed from each to the next.')
  .argument('<KIND/NAME>', 'The workload, such as deployment/web.')
  .addOption(ofOneNamespace())
  .addOption(
    new Option('-o, --output <format>', 'How to print it.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .action((workload: string) =>
    start(historyCommand, 2, async ({ settings, wiring, log, signal }) => {
      const { history } = await import('./commands/history.ts');
      const { namespace, output } = historyCommand.opts<{
        namespace: string | undefined;
        output: 'table' | 'json';
      }>();
      const asked = { workload, namespace, output };
      return await history(settings, wiring, log, asked, printLine, signal);
    }),
  );

/**
 * A fault of ours is shown by its kind only: its message could quote what was read. What is wrong with
 * the settings has a line for each.
 */
function complain(error: unknown): ExitStatus {
  const isUsage = error instanceof WaveCronError && error.exit === exitStatus.usage;
  const text = isUsage ? printableLines(error.message) : describeError(error);
  process.stderr.write(`wave-cron: ${text}\n`);
  return error instanceof WaveCronError ? error.exit : exitStatus.incomplete;
}

// Whoever reads may have read enough, as head does: that is no fault, and what is under way goes on.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
// What nobody waits for would else be shown by Node, with its message.
process.on('uncaughtException', (error) => process.exit(complain(error)));
try {
  await runCommand(program, process.argv.slice(2));
} catch (error) {
  status = complain(error);
}
process.exitCode = status;
