/** The scripts of `completion` in real shells, with keystrokes as from a person. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { completionScript, type Shell, shells } from '../../../jobs/completion/scripts.ts';
import { canRun } from '../../../tools/control-plane/can-run.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { installedPath } from '../installed-program.ts';
import { runProgram } from '../run-program.ts';

const { api } = testCluster();

interface Terminal {
  type(keys: string): void;
  /** Resolves when the terminal shows this text. */
  shows(text: string): Promise<void>;
}

interface Stage {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Creates a folder with the script and a file, and a context whose namespace has Deployment web. */
async function stage(t: TestContext, shell: Shell): Promise<Stage> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', pod }));
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] }],
  });
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-shell-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'script'), `${completionScript(shell)}\n`);
  writeFileSync(join(folder, 'settings.yaml'), '');
  const env = { PATH: installedPath(), HOME: folder, KUBECONFIG: kubeconfig, TERM: 'dumb' };
  return { folder, env };
}

/** Starts a shell on a terminal of its own. Every Debian has the program `script`. */
function terminal(t: TestContext, command: string, { folder, env }: Stage): Terminal {
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  let look = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    look();
  });
  return {
    type: (keys) => child.stdin.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (!shown.includes(text)) return;
          clearTimeout(late);
          shown = '';
          resolve();
        };
        const late = setTimeout(
          () => reject(new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(shown)}`)),
          60_000,
        );
        look();
      }),
  };
}

const killLine = '\u0015';

/** The text before the Tab key, and the text after it. */
const completions: readonly (readonly [typed: string, completed: string])[] = [
  ['wave-cron expl', 'wave-cron explain '],
  ['true; wave-cron hist', 'wave-cron history '],
  ['wave-cron explain dep', 'wave-cron explain deployment/'],
  ['wave-cron explain deployment/', 'wave-cron explain deployment/web '],
  ['wave-cron status --output=j', 'wave-cron status --output=json '],
  ['wave-cron status --all-n', 'wave-cron status --all-namespaces '],
  ['wave-cron plan --config sett', 'wave-cron plan --config settings.yaml '],
  ['wave-cron plan --config=sett', 'wave-cron plan --config=settings.yaml '],
];

const interactive = {
  bash: { command: 'bash --norc --noprofile -i', load: 'source ./script' },
  zsh: { command: 'zsh -f -i', load: 'autoload -U compinit; compinit -u; source ./script' },
};

suite('the script of completion', () => {
  for (const shell of ['bash', 'zsh'] as const) {
    const { command, load } = interactive[shell];
    const skip = canRun(shell, '--version') ? false : `there is no ${shell}: NOT tested`;
    test(`completes in ${shell}`, { skip }, async (t) => {
      const screen = terminal(t, command, await stage(t, shell));
      screen.type(`${load}; echo rea''dy\n`);
      await screen.shows('ready');
      for (const [typed, completed] of completions) {
        screen.type(`${typed}\t`);
        await screen.shows(completed.slice(typed.length - 3));
        screen.type(killLine);
      }
    });
  }

  const skip = canRun('fish', '--version') ? false : 'there is no fish: NOT tested';
  test('completes in fish', { skip }, async (t) => {
    const { folder, env } = await stage(t, 'fish');
    for (const [typed, completed] of completions) {
      const asked = `source script; complete -C '${typed}'`;
      const found = execFileSync('fish', ['--no-config', '-c', asked], { cwd: folder, env });
      const [word] = found.toString().split(/[\t\n]/);
      assert.equal(word, completed.trim().split(' ').at(-1), typed);
    }
  });

  test('is printed for each shell and no other', async () => {
    for (const shell of shells) {
      const { status, stdout } = await runProgram(['completion', shell]);
      assert.deepEqual([status, stdout], [0, `${completionScript(shell)}\n`]);
    }
    const unknown = await runProgram(['completion', 'cmd']);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /bash, zsh, fish/);
  });
});
