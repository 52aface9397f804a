import { Argument, Command, Option } from 'commander';
import { describeError, type ExitStatus, exitStatus, WaveCronError } from '../lib/errors.ts';
import { anyForm } from '../lib/installation/installation.ts';
import type { Connection } from '../lib/kubernetes/credentials/connection.ts';
import { allSources, anySource } from '../lib/kubernetes/kinds.ts';
import { givenShard, shardText } from '../lib/rules/shards.ts';
import { installationVariable } from '../lib/settings/all-settings.ts';
import { type LoadedSettings, loadSettingsWithOrigins } from '../lib/settings/load.ts';
import { createLog } from '../lib/telemetry/log.ts';
import { printableLines } from '../lib/text/printable.ts';
import { version } from '../lib/version.ts';
import { completeArgument, programName } from './cli/invocation.ts';
import type { Ask } from './cli/question.ts';
import { addSettingFlagsOnDemand, flagsGiven, type GivenFlags } from './cli/setting-flags.ts';
import { stopSignal } from './cli/signals.ts';
import { runCommand, throwUsageErrors } from './cli/usage-errors.ts';
import type { CommandContext } from './command-context.ts';
import type { ApproveOptions } from './commands/approve.ts';
import type { CheckOptions } from './commands/check.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { HistoryOptions } from './commands/history.ts';
import { once } from './commands/once.ts';
import type { PlanOptions } from './commands/plan.ts';
import type { ReleaseOptions } from './commands/release.ts';
import type { StatusOptions } from './commands/status.ts';
import type { UiOptions } from './commands/ui.ts';
import { completionScript, type Shell, shells } from './completion/scripts.ts';
import { connectBy, wire } from './wiring.ts';

let status: ExitStatus = exitStatus.done;

/** Loads the settings, connects, runs the command, and always closes the connection. */
async function start(
  command: Command,
  destination: 1 | 2,
  run: (context: CommandContext) => Promise<ExitStatus>,
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
      const wiring = await wire(loaded.settings, env, connection);
      status = await run({ ...loaded, wiring, log, print: printLine, signal: stopSignal() });
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof WaveCronError) || error.exit === exitStatus.usage) throw error;
    log.fatal(error.message);
    status = error.exit;
  }
}

/**
 * Whether the process runs in the cluster. Such a process has its own settings and need not look
 * for an installation.
 */
function isAPod({ ofPod }: Connection): boolean {
  return ofPod === true || process.env['POD_NAMESPACE'] !== undefined;
}

async function besideInstallation(
  given: GivenFlags & { readonly env: NodeJS.ProcessEnv },
  own: LoadedSettings,
  connection: Connection,
): Promise<LoadedSettings> {
  const { settingsBeside } = await import('./commands/terminal.ts');
  const terminal = process.stderr.isTTY === true;
  const color = process.env['NO_COLOR'] === undefined;
  const { logLevel: level } = own.settings;
  // Notes must not mix with the output of the command.
  const note = await createLog({ level, terminal, color, destination: 2 });
  return await settingsBeside(given, own, connection, note);
}

/** Only passes have a shard index. The other commands handle all shards. */
function ofShard(context: CommandContext): CommandContext {
  const shard = givenShard(context.settings.shard);
  if (shard === undefined) return context;
  return { ...context, log: context.log.child({ shard: shardText(shard) }) };
}

function showAtTerminal(): ((line: string) => void) | undefined {
  const { stderr } = process;
  return stderr.isTTY === true ? (line) => stderr.write(`${line}\n`) : undefined;
}

/** Undefined without a terminal. */
async function askAtTerminal(): Promise<Ask | undefined> {
  const { askOn } = await import('./commands/terminal.ts');
  const { stdin, stderr } = process;
  return stdin.isTTY && stderr.isTTY ? askOn(stdin, stderr) : undefined;
}

function printLine(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`);
}

const program = new Command(programName(process.argv[1]))
  .description(`Restarts Kubernetes workloads when a ${anySource} that they use changes.`)
  .version(version)
  .addHelpText(
    'after',
    `
Exit status: 0 done, 1 some workloads could not be handled, 2 invalid usage or settings,
3 the cluster could not be reached or denied access, 4 something would change (plan --exit-code).`,
  );
throwUsageErrors(program);
// Commands and their flags are loaded on demand, so that the Pod of a pass does not wait for other
// commands to load.
addSettingFlagsOnDemand(program);

const onceCommand = program
  .command('once')
  .description('Run one pass, then exit.')
  .action(() =>
    start(onceCommand, 1, async (context) => {
      return await once(ofShard(context));
    }),
  );

const scheduleCommand = program
  .command('schedule')
  .description('Run passes on a schedule until stopped; serve health and metrics.')
  .action(() =>
    start(scheduleCommand, 1, async (context) => {
      const { schedule } = await import('./commands/schedule.ts');
      return await schedule(ofShard(context));
    }),
  );

const planCommand = program
  .command('plan')
  .description('Show what a pass would do. Writes nothing.')
  .addOption(
    new Option('-o, --output <format>', 'Output format.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .option('--all', 'Also show the workloads with nothing to do.', false)
  .option('--exit-code', 'Exit with status 4 if something would change.', false)
  .action(() =>
    start(planCommand, 2, async (context) => {
      const { plan } = await import('./commands/terminal.ts');
      return await plan(ofShard(context), planCommand.opts<PlanOptions>());
    }),
  );

const ofShownNamespace = () =>
  new Option(
    '-n, --namespace <name>',
    "Only this namespace; the default is that of the kubeconfig's context, unless --namespaces or --namespace-selector is given.",
  ).conflicts(['namespaces', 'namespaceSelector', 'allNamespaces']);

const statusCommand = program
  .command('status')
  .description(
    'Show the state of every opted-in workload, what needs a person first, with your permissions. Writes nothing.',
  )
  .addOption(ofShownNamespace())
  .option('-A, --all-namespaces', 'All namespaces of the settings.')
  .addOption(
    new Option('-o, --output <format>', 'Output format.')
      .choices(['table', 'wide', 'json', 'name'])
      .default('table'),
  )
  .option('-w, --watch', 'Show each change until interrupted.', false)
  .option('--interval <duration>', 'The time between two reads with --watch.', '5s')
  .action(() =>
    start(statusCommand, 2, async (context) => {
      const { status: show } = await import('./commands/terminal.ts');
      const { stdout } = process;
      const terminal = stdout.isTTY ? stdout : undefined;
      return await show(context, statusCommand.opts<StatusOptions>(), terminal);
    }),
  );

const uiCommand = program
  .command('ui')
  .description(
    'Show the state of every opted-in workload as a local web page, with your permissions. Runs until interrupted. Writes nothing.',
  )
  .addOption(ofShownNamespace())
  .option('-A, --all-namespaces', 'All namespaces of the settings.')
  .option('--port <number>', 'The port on 127.0.0.1; 0: any free port.', '0')
  .option('--open', 'Open the page in your browser.', false)
  .action(() =>
    start(uiCommand, 2, async (context) => {
      const { ui } = await import('./commands/terminal.ts');
      return await ui(context, uiCommand.opts<UiOptions>());
    }),
  );

const checkCommand = program
  .command('check')
  .description('Check settings, connection and permissions. Changes nothing.')
  .option('--notify', 'Also send a test message to each sink of the setting notifications.', false)
  .addOption(
    new Option('-o, --output <format>', 'Output format.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .action(() =>
    start(checkCommand, 2, async (context) => {
      const { check } = await import('./commands/terminal.ts');
      return await check(context, checkCommand.opts<CheckOptions>());
    }),
  );

const releaseCommand = program
  .command('release')
  .description(
    `Remove what wave-cron has written: its owner references on ${allSources}, and its finalizer and record on workloads. For uninstalling; safe to repeat.`,
  )
  .argument('[KIND/NAME]', 'Only this workload, such as deployment/web.')
  .addOption(
    new Option(
      '-n, --namespace <name>',
      "Only this namespace; for KIND/NAME, the default is the namespace of the kubeconfig's context.",
    ).conflicts(['namespaces', 'namespaceSelector']),
  )
  .option(
    '--annotations',
    'Also remove the hash from the pod templates, which RESTARTS each of these workloads once. Annotations of their owners, such as the opt-in, stay.',
    false,
  )
  .option('--dry-run', 'Show what would be removed. Writes nothing.', false)
  .option('--yes', 'Do not ask for confirmation.', false)
  .addOption(
    new Option(
      '--keep-lease <seconds>',
      'If everything was removed, keep the Lease held for this time, so that no pass runs while you delete wave-cron; at most half of passTimeoutSeconds.',
    ),
  )
  .addOption(
    new Option('-o, --output <format>', 'Output format.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .addHelpText(
    'after',
    `
Delete the ${anyForm} of wave-cron first: a pass would add owner references again. Or
prevent passes with --keep-lease, and delete it within that time.
Everything in the namespaces of the settings is released. kinds, workloadSelector and ignoreNamespaces
are ignored, because they may have included more before. The command holds the Lease of wave-cron while
it runs: set --lease-namespace if the Lease is in another namespace.`,
  )
  .action((workload: string | undefined) =>
    start(releaseCommand, 2, async (context) => {
      const { release } = await import('./commands/terminal.ts');
      const options = releaseCommand.opts<Omit<ReleaseOptions, 'workload'>>();
      return await release({ ...context, ask: await askAtTerminal() }, { ...options, workload });
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
    'Explain why a workload did, did not or will restart, with your permissions. Writes nothing.',
  )
  .argument('<KIND/NAME>', 'The workload, such as deployment/web.')
  .addOption(ofOneNamespace())
  .addOption(
    new Option('-o, --output <format>', 'Output format.').choices(['text', 'json']).default('text'),
  )
  .action((workload: string) =>
    start(explainCommand, 2, async (context) => {
      const { explain } = await import('./commands/terminal.ts');
      const options = explainCommand.opts<Omit<ExplainOptions, 'workload'>>();
      return await explain(context, { ...options, workload });
    }),
  );

const historyCommand = program
  .command('history')
  .description('Show the revisions of a workload, and what changed from each to the next.')
  .argument('<KIND/NAME>', 'The workload, such as deployment/web.')
  .addOption(ofOneNamespace())
  .addOption(
    new Option('-o, --output <format>', 'Output format.')
      .choices(['table', 'json'])
      .default('table'),
  )
  .action((workload: string) =>
    start(historyCommand, 2, async (context) => {
      const { history } = await import('./commands/terminal.ts');
      const options = historyCommand.opts<Omit<HistoryOptions, 'workload'>>();
      return await history(context, { ...options, workload });
    }),
  );

const approveCommand = program
  .command('approve')
  .description(
    'Approve the configuration that a workload is held with, after showing what changes. Needs your permissions to get and patch the workload, and no hash key.',
  )
  .argument('<KIND/NAME>', 'The workload, such as deployment/web.')
  .addOption(ofOneNamespace())
  .option(
    '--now',
    'Let this configuration pass all holds at once, such as windows, pauses and limits.',
    false,
  )
  .option('--yes', 'Do not ask for confirmation.', false)
  .addOption(
    new Option('-o, --output <format>', 'Output format.').choices(['text', 'json']).default('text'),
  )
  .action((workload: string) =>
    start(approveCommand, 2, async (context) => {
      const { approve } = await import('./commands/terminal.ts');
      const options = approveCommand.opts<Omit<ApproveOptions, 'workload'>>();
      return await approve({ ...context, ask: await askAtTerminal() }, { ...options, workload });
    }),
  );

program
  .command('completion')
  .description(
    'Print the script that completes commands, options and names in a shell. kubectl completes its plugin without one.',
  )
  .addArgument(new Argument('<SHELL>', 'The shell.').choices(shells))
  .action((shell: Shell) => printLine(completionScript(shell)));

/** Answers a shell, and ends the process even if a login program still runs. */
async function answerShell(words: readonly string[]): Promise<void> {
  const { complete } = await import('./commands/terminal.ts');
  const answer = await complete(program, words, process.env);
  process.stdout.write(answer, () => process.exit());
}

/**
 * Prints the error. For an unexpected error, it prints only the type, because the message could
 * quote the content of an object. Each problem of the settings gets its own line.
 */
function complain(error: unknown): ExitStatus {
  const isUsage = error instanceof WaveCronError && error.exit === exitStatus.usage;
  const text = isUsage ? printableLines(error.message) : describeError(error);
  process.stderr.write(`wave-cron: ${text}\n`);
  return error instanceof WaveCronError ? error.exit : exitStatus.incomplete;
}

// The reader of the output may close the pipe, like head does. A closed pipe is not an error, and
// work in progress continues.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
// Without this handler, Node would print the message of an unhandled error, which could quote the
// content of an object.
process.on('uncaughtException', (error) => process.exit(complain(error)));
const args = process.argv.slice(2);
try {
  if (args[0] === completeArgument) await answerShell(args.slice(1));
  else await runCommand(program, args);
} catch (error) {
  status = complain(error);
}
process.exitCode = status;
