import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { addSettingFlags, flagsGiven, type GivenFlags } from '../../../jobs/cli/setting-flags.ts';
import { runCommand, throwUsageErrors } from '../../../jobs/cli/usage-errors.ts';
import { UsageError } from '../../../lib/errors.ts';
import { allSettings } from '../../../lib/settings/all-settings.ts';
import { loadSettings } from '../../../lib/settings/load.ts';

interface Run {
  readonly given: GivenFlags | undefined;
  readonly stdout: string;
}

async function run(...args: string[]): Promise<Run> {
  let given: GivenFlags | undefined;
  let stdout = '';
  const program = new Command('wave-cron').version('1.2.3');
  throwUsageErrors(program);
  program.configureOutput({
    writeOut: (text) => {
      stdout += text;
    },
  });
  const once = program.command('once').description('One pass.');
  addSettingFlags(once);
  once.action(() => {
    given = flagsGiven(once);
  });
  program.command('plan');
  await runCommand(program, args);
  return { given, stdout };
}

describe('flags of the settings', () => {
  it('are collected by the path of their setting', async () => {
    const { given } = await run(
      'once',
      '--config=settings.yaml',
      '--lease-namespace',
      'ops',
      '--concurrency-reads',
      '4',
    );
    assert.deepEqual(given, {
      configFile: 'settings.yaml',
      flags: { 'lease.namespace': 'ops', 'concurrency.reads': '4' },
    });
  });

  it('that were not given have no value, so they do not hide a variable or the file', async () => {
    assert.deepEqual((await run('once')).given, { flags: {} });
  });

  it('are not read from the environment by commander', async () => {
    process.env['WAVE_LEASE_NAME'] = 'x';
    try {
      assert.deepEqual((await run('once')).given, { flags: {} });
    } finally {
      delete process.env['WAVE_LEASE_NAME'];
    }
  });

  it('can be repeated: a list gets all parts, and a single value the last one', async () => {
    const args = [
      '--namespaces',
      'a',
      '--namespaces',
      'b,c',
      '--lease-name',
      'x',
      '--lease-name=y',
    ];
    assert.deepEqual((await run('once', ...args)).given?.flags, {
      namespaces: 'a,b,c',
      'lease.name': 'y',
    });
  });

  it('exist for every setting, and keep their text even if it is invalid', async () => {
    const args = allSettings.flatMap(({ flag }) => [flag, '-1 %']);
    const { given } = await run('once', ...args);
    assert.deepEqual(Object.keys(given?.flags ?? {}).sort(), allSettings.map((s) => s.path).sort());
    assert.throws(() => loadSettings({ flags: given?.flags ?? {}, env: {} }), {
      name: 'UsageError',
      message: /^\d+ problems in the settings:/,
    });
  });

  it('show in the help with group, default, choices and variable', async () => {
    const stdout = (await run('once', '--help')).stdout.replaceAll(/\n {20,}/g, ' ');
    for (const { flag, variable, schema } of allSettings) {
      assert.ok(stdout.includes(`  ${flag} <${schema.placeholder}>`), flag);
      assert.ok(stdout.includes(variable), variable);
      assert.ok(stdout.includes(`\n${schema.group}:\n`), schema.group);
    }
    assert.match(stdout, /--config <file>[^)]*\(WAVE_CONFIG\)/);
    assert.match(stdout, /default wave-cron; WAVE_LEASE_NAME\b/);
    assert.match(
      stdout,
      /trace, debug, info, warn, error, fatal, silent; default info; WAVE_LOG_LEVEL/,
    );
    assert.match(stdout, /default Deployment,StatefulSet,DaemonSet; WAVE_KINDS/);
  });
});

describe('invalid usage is an error of one line with exit status 2', () => {
  for (const [args, message] of [
    [[], 'a command is required: once, plan; see wave-cron --help'],
    [['onse'], "unknown command 'onse' (Did you mean once?)"],
    [['once', '--namespace', 'a'], "unknown option '--namespace' (Did you mean --namespaces?)"],
    [['once', 'now'], "too many arguments for 'once'. Expected 0 arguments but got 1: now."],
    [['once', '--listen'], "option '--listen <host:port>' argument missing"],
  ] as const) {
    it(`wave-cron ${args.join(' ')}`, async () => {
      await assert.rejects(run(...args), (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.exit, 2);
        assert.equal(error.message, message);
        return true;
      });
    });
  }

  it('except --version and --help', async () => {
    assert.equal((await run('--version')).stdout, '1.2.3\n');
    assert.match((await run('--help')).stdout, /^Usage: wave-cron/);
    assert.match((await run('help', 'once')).stdout, /^Usage: wave-cron once/);
  });
});
