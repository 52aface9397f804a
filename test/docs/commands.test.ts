/**
 * Tests every command in the docs. Blocks of `sh` run unchanged, page by page from top to bottom, as for a
 * reader who has a clone, a kubeconfig and everything that the page presupposes. If a block of `text`
 * follows, it must show the output. If a block does not run, a comment on the line above it says why.
 *
 * The pages use the names of namespaces that people use, and some passes cover all of them. So these tests
 * have a control plane of their own.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { hasKubectl } from '../../tools/control-plane/testing.ts';
import { startNodeAgent } from '../../tools/node-agent/node-agent.ts';
import { skipWithoutNodeAgent } from '../../tools/node-agent/support.ts';
import { runProgram } from '../jobs/run-program.ts';
import { packageScripts, type Reader, reader } from './clone.ts';
import { type Block, blocksOf, pages, proseOf, textOf } from './pages.ts';
import { comparable } from './shown-output.ts';
import { stages } from './stages.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const blocks = pages.flatMap(blocksOf);
const shell = blocks.filter(({ language }) => language === 'sh');
const isRun = ({ notRun }: Block): boolean => notRun === undefined;
const at = ({ page, line }: Block): string => `${page}:${line}`;

suite('the commands of the docs', () => {
  test('are in blocks of sh', () => {
    const commands = /^\s*(\$ )?(npm|npx|node|kubectl|helm|docker|git|curl|openssl|wave-cron) /m;
    const unmarked = blocks.filter(
      ({ language, text }) => !['sh', 'yaml'].includes(language) && commands.test(text),
    );
    assert.deepEqual(unmarked.map(at), []);
  });

  test('have a reason if they are not run', () => {
    const silent = shell.filter(({ notRun }) => notRun !== undefined && notRun.length < 10);
    assert.deepEqual(silent.map(at), []);
  });

  test('name scripts that package.json has', () => {
    const texts = [...shell.map(({ text }) => text), ...pages.map(proseOf)];
    const named = texts.flatMap((text) => [...text.matchAll(/\bnpm run ([a-z:]+)/g)]);
    assert.ok(named.length > 0);
    for (const [said, name = ''] of named) assert.ok(packageScripts().includes(name), said);
  });

  test('use commands and flags that wave-cron has, also in the middle of a sentence', async () => {
    const inBlocks = shell.flatMap(({ page, text }) =>
      [...text.matchAll(/(?:^|npx )wave-cron( [^#\n|]*)/gm)].map(([, rest = '']) => ({
        page,
        rest,
      })),
    );
    const inProse = pages.flatMap((page) =>
      [...proseOf(page).matchAll(/`(?:npx )?wave-cron( [^`]*)`/g)].map(([, rest = '']) => ({
        page,
        rest,
      })),
    );
    const help = new Map<string, string>();
    for (const { page, rest } of [...inBlocks, ...inProse]) {
      const [command = '', ...words] = rest.trim().split(/\s+/);
      if (!/^[a-z]/.test(command)) continue;
      if (!help.has(command)) help.set(command, (await runProgram([command, '--help'])).stdout);
      const text = help.get(command) ?? '';
      assert.match(text, new RegExp(`^Usage: wave-cron ${command} `), `${page}: wave-cron${rest}`);
      for (const flag of words.flatMap((word) => /^--?[a-z-]+/.exec(word) ?? [])) {
        assert.match(text, new RegExp(`^  .*${flag}[ ,]`, 'm'), `${page}: wave-cron${rest}`);
      }
    }
    assert.ok(help.size > 5);
  });

  test('each have a row in docs/commands.md', async () => {
    const { stdout } = await runProgram(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z]+)(?: [[<]| {2})/gm)].map(
      ([, name = '']) => name,
    );
    assert.ok(names.includes('once') && names.includes('history'), stdout);
    const rows = textOf('docs/commands.md');
    for (const name of names.filter((each) => each !== 'help'))
      assert.match(rows, new RegExp(`^\\| \`wave-cron ${name}[ \`]`, 'm'));
  });

  suite('work', { skip }, () => {
    let controlPlane: ControlPlane;
    let you: Reader;

    before(async () => {
      controlPlane = await startControlPlane();
      you = reader(controlPlane);
    });
    after(async () => {
      you?.leave();
      await controlPlane?.stop();
    });

    test('on pages for which the cluster is set up', () => {
      const withCommands = new Set(shell.filter(isRun).map(({ page }) => page));
      assert.deepEqual([...withCommands].sort(), Object.keys(stages).sort());
    });

    for (const [page, stage] of Object.entries(stages)) {
      const skip = stage.runs === undefined ? false : skipWithoutNodeAgent();
      test(`one after the other: ${page}`, { skip }, async (t) => {
        const run = shell.filter((block) => block.page === page && isRun(block));
        if (stage.runs !== undefined) {
          const agent = await startNodeAgent({ cluster: controlPlane, ...stage.runs() });
          t.after(() => agent.stop());
        }
        await stage.prepare?.(you, page);
        const outputs = await you.runAll(run, stage.folder);
        for (const [index, block] of run.entries()) {
          const next = blocks[blocks.indexOf(block) + 1];
          if (next?.page !== page || next.language !== 'text') continue;
          assert.deepEqual(comparable(outputs[index] ?? ''), comparable(next.text), at(next));
        }
        await stage.check?.(you, outputs);
      });
    }
  });
});
