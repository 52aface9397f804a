/** The editor's configuration refers only to files, flags and commands that exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../jobs/run-program.ts';

const root = join(import.meta.dirname, '../..');
const read = <T>(file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;

type Launch = {
  configurations: {
    name: string;
    runtimeExecutable: string;
    program: string;
    args?: string[];
    envFile?: string;
  }[];
};

const scripts = read<{ scripts: Record<string, string> }>('package.json').scripts;
const { configurations } = read<Launch>('.vscode/launch.json');
const inFolder = (path: string) => path.replace(/^\$\{workspaceFolder\}\//, '');

test('the programs that the editor debugs exist, with the Node of the project', () => {
  assert.ok(configurations.length > 1);
  for (const { name, runtimeExecutable, program } of configurations) {
    assert.ok(existsSync(join(root, inFolder(runtimeExecutable))), name);
    if (program !== '$' + '{file}') assert.ok(existsSync(join(root, inFolder(program))), name);
  }
});

test('the commands that the editor debugs have the flags that it passes to them', async () => {
  for (const { name, args: [command = '', ...args] = [] } of configurations) {
    if (command === '') continue;
    const { stdout } = await runProgram([command, '--help']);
    for (const flag of args.filter((each) => each.startsWith('--')))
      assert.match(stdout, new RegExp(`${flag}[ ,]`), `${name}: ${flag}`);
  }
});

test('the editor reads the file of variables that a running cluster writes', () => {
  const source = readFileSync(join(root, 'tools/control-plane/running-cluster.ts'), 'utf8');
  const files = new Set(configurations.flatMap(({ envFile }) => envFile ?? []).map(inFolder));
  assert.equal(files.size, 1);
  for (const file of files) {
    assert.ok(source.includes(`/${file}'`), file);
    assert.match(readFileSync(join(root, '.gitignore'), 'utf8'), new RegExp(`^${file}$`, 'm'));
  }
});

test('tasks of the editor are commands of the project', () => {
  const { tasks } = read<{ tasks: { command: string }[] }>('.vscode/tasks.json');
  assert.ok(tasks.length > 1);
  for (const { command } of tasks) {
    const [, script, program] = /^(?:npm run ([a-z:]+)|npx (\w+))( |$)/.exec(command) ?? [];
    if (program === undefined) assert.ok(script !== undefined && script in scripts, command);
    else assert.ok(existsSync(join(root, 'node_modules/.bin', program)), command);
  }
});

test('the editor formats with the formatter of the project, and checks with its compiler', () => {
  const settings = read<Record<string, unknown>>('.vscode/settings.json');
  const { recommendations } = read<{ recommendations: string[] }>('.vscode/extensions.json');
  assert.ok(recommendations.includes(String(settings['editor.defaultFormatter'])));
  for (const path of ['biome.lsp.bin', 'typescript.native-preview.tsdk'])
    assert.ok(existsSync(join(root, String(settings[path]))), path);
});
