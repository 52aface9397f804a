/** A reader of the docs with a clone of the repository, a kubeconfig and a shell. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Api } from '../../tools/control-plane/api.ts';
import { type Cluster, connect } from '../../tools/control-plane/cluster-folder.ts';
import { checked } from '../jobs/run-program.ts';
import { type Block, root } from './pages.ts';

export type Reader = {
  api: Api;
  /** Writes files into the parent folder of the clone, by their paths there. */
  write(files: Readonly<Record<string, string>>): void;
  /** Puts a program on the reader's PATH. */
  provide(program: string): void;
  /** Runs a script. If it fails, the error contains its output. */
  run(script: string, folder?: string): Promise<string>;
  /**
   * Runs blocks as one session: each begins in the folder in which the previous one ended.
   *
   * @param folder a folder next to the clone; by default the clone itself
   * @returns the stdout of each block
   */
  runAll(blocks: readonly Block[], folder?: string): Promise<string[]>;
  leave(): void;
};

const clone = 'wave-cron';

type Package = { scripts: Record<string, string> };

export function packageScripts(): string[] {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  return Object.keys((JSON.parse(text) as Package).scripts);
}

export function reader(cluster: Cluster): Reader {
  if (!existsSync(join(root, 'dist/wave-cron.js'))) {
    throw new Error('dist/wave-cron.js is missing: run npm ci, or npm run build');
  }
  // kustomize does not follow links to other folders, so the path must not contain any.
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'wave-cron-docs-')));
  mkdirSync(join(home, clone));
  for (const name of ['package.json', 'dist', 'manifests'])
    cpSync(join(root, name), join(home, clone, name), { recursive: true });
  // The only file of node_modules here is the Node with which npx runs the program.
  mkdirSync(join(home, clone, 'node_modules/.bin'), { recursive: true });
  symlinkSync(process.execPath, join(home, clone, 'node_modules/.bin/node'));

  const env = {
    PATH: [join(home, 'bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    HOME: home,
    KUBECONFIG: cluster.kubeconfig,
    // npx needs no registry for the programs of the clone, so it must work offline.
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };

  async function run(script: string, folder = clone): Promise<string> {
    // There is no terminal. And stdin is not a socket, because with a socket, bash would assume a remote login.
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: join(home, folder),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    checked({ status, stdout, stderr }, [script]);
    if (status !== 0) throw new Error(`${script}\nended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  }

  return {
    api: connect(cluster),
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(home, name)), { recursive: true });
        writeFileSync(join(home, name), text);
      }
    },
    provide(program) {
      mkdirSync(join(home, 'bin'), { recursive: true });
      symlinkSync(program, join(home, 'bin', basename(program)));
    },
    run,
    async runAll(blocks, folder = clone) {
      const outputs: string[] = [];
      let state = `cd ${join(home, folder)}`;
      const kept = join(home, 'session');
      for (const { page, line, text: commands } of blocks) {
        const end = `{ echo "cd '$PWD'"; export -p; } > '${kept}'`;
        try {
          outputs.push(await run(`${state}\n${commands}\n${end}`));
        } catch (error) {
          throw new Error(`${page}:${line}: ${error instanceof Error ? error.message : error}`);
        }
        state = `. '${kept}'`;
      }
      return outputs;
    },
    leave: () => rmSync(home, { recursive: true }),
  };
}
