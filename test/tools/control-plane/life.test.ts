/** How a control plane starts and ends. These tests start control planes of their own. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { connect, openCluster } from '../../../tools/control-plane/cluster-folder.ts';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import { configMap } from '../../../tools/control-plane/objects.ts';
import { controlPlaneVariable } from '../../../tools/control-plane/running-cluster.ts';

const root = join(import.meta.dirname, '../../..');
const here = join(root, 'tools/control-plane');
const scratch = mkdtempSync(join(tmpdir(), 'wave-cron-life-'));
after(() => rmSync(scratch, { recursive: true }));

/** The environment without the variables of this test run, which would change the results. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, [controlPlaneVariable]: _shared, ...own } = process.env;
  return own;
}

/** Runs Node without the variables of this test run. */
function node(args: readonly string[]): ChildProcess {
  const env = outerEnvironment();
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: root });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    if (isTrue()) return;
    await sleep(25);
  }
  throw new Error(`waited in vain until ${what}`);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a parent that is killed with -9 leaves no process and no folder behind', async () => {
  const script = `
    import { startControlPlane } from ${JSON.stringify(join(here, 'control-plane.ts'))};
    const { folder, pids } = await startControlPlane();
    console.log(JSON.stringify({ folder, pids: Object.values(pids) }));
    setInterval(() => {}, 60_000);`;
  const child = node(['--input-type=module', '--eval', script]);
  const stdout = collect(child.stdout);
  await until('the child has started one', () => stdout().endsWith('\n'));
  const { folder, pids }: { folder: string; pids: number[] } = JSON.parse(stdout());
  assert.equal(pids.length, 3);
  const supervisor = Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pids[0])]));
  const all = [...pids, supervisor];
  assert.ok(all.every(isRunning) && existsSync(folder));
  child.kill('SIGKILL');
  await until('all are gone', () => !all.some(isRunning) && !existsSync(folder));
});

/** The descendants of a process: their names by their ids. */
function processesBelow(pid: number): Map<number, string> {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' });
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const found = new Map<number, string>();
  const add = (parent: number) => {
    for (const [id, ppid, name = ''] of rows) {
      if (Number(ppid) !== parent) continue;
      found.set(Number(id), name);
      add(Number(id));
    }
  };
  add(pid);
  return found;
}

/**
 * Starts `npm run cluster` and waits until it is ready. Its processes and folders are removed after the
 * test.
 */
async function startCluster(t: TestContext) {
  // npm would read its own settings from the variables that it gives to scripts.
  const env = Object.entries(outerEnvironment()).filter(([name]) => !name.startsWith('npm_'));
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const npm = spawn('npm', ['run', '--silent', 'cluster'], {
    env: { ...Object.fromEntries(env), PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
  });
  const [stdout, stderr] = [collect(npm.stdout), collect(npm.stderr)];
  await until('it is ready', () => stderr().includes('Ctrl-C'));
  const processes = processesBelow(npm.pid ?? 0);
  t.after(() => {
    npm.kill('SIGTERM');
    for (const pid of processes.keys()) if (isRunning(pid)) process.kill(pid, 'SIGTERM');
  });
  const [, folder = ''] = /^export KUBECONFIG=(.*)\/kubeconfig\n$/.exec(stdout()) ?? [];
  assert.ok(folder !== '', stdout());
  return { npm, processes, folder, stderr };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`npm run cluster prints variables for a shell, and leaves no process and no folder after ${signal}`, {
    timeout: 60_000,
  }, async (t) => {
    const { npm, processes, folder, stderr } = await startCluster(t);
    await connect(openCluster(folder)).get(path('Namespace', undefined, 'default'));
    const names = [...processes.values()].join(' ');
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller']) {
      assert.ok(names.includes(name), `${name} is not among ${names}`);
    }
    npm.kill(signal);
    await once(npm, 'exit');
    const left = [...processes].filter(([pid]) => isRunning(pid));
    assert.deepEqual(left, []);
    assert.equal(existsSync(folder), false);
    assert.match(stderr(), /folder are gone\n$/);
  });
}

test('the API server can be stopped, and starts again at the same address with the same objects', async () => {
  const controlPlane = await startControlPlane();
  try {
    const api = connect(controlPlane);
    const namespace = 'default';
    await api.create(configMap({ namespace, name: 'kept', data: { a: '1' } }));
    await controlPlane.stopApiServer();
    await assert.rejects(api.text('/readyz'), { code: 'ECONNREFUSED' });
    await controlPlane.startApiServer();
    assert.deepEqual((await api.get(path('ConfigMap', namespace, 'kept'))).data, { a: '1' });
    assert.equal(controlPlane.auditLogFile, undefined);
  } finally {
    await controlPlane.stop({ keepLogs: join(scratch, 'logs') });
  }
  assert.equal(existsSync(controlPlane.folder), false);
  assert.match(readFileSync(join(scratch, 'logs/kube-apiserver.log'), 'utf8'), /Serving securely/);
});

test('a program that dies at the start is named, with its last output, and nothing is left', async () => {
  const before = controlPlaneFolders();
  await assert.rejects(
    startControlPlane({ apiServerFlags: ['--no-such-flag'] }),
    (error: Error) => {
      assert.match(error.message, /^kube-apiserver ended while .*\(exit status 1\):\n/);
      assert.match(error.message, /unknown flag: --no-such-flag/);
      return true;
    },
  );
  // Folders of other tests may appear and disappear during this test. None of the new folders may be that
  // of the failed start.
  const left = controlPlaneFolders().filter((name) => !before.includes(name));
  for (const name of left) {
    const log = join(tmpdir(), name, 'logs/kube-apiserver.log');
    assert.doesNotMatch(existsSync(log) ? readFileSync(log, 'utf8') : '', /no-such-flag/);
  }
});

test('a test run with a failure keeps the logs of its control plane and prints their path', async () => {
  const file = join(scratch, 'fixture.test.ts');
  writeFileSync(
    file,
    `import { test } from 'node:test';
     import { testCluster } from ${JSON.stringify(join(here, 'testing.ts'))};
     test('fixture', async () => {
       const { api, cluster } = testCluster();
       await api.text('/readyz');
       throw new Error('folder=' + cluster.folder);
     });`,
  );
  const setup = `--test-global-setup=${join(here, 'global-setup.ts')}`;
  const child = node(['--test', '--test-reporter=spec', setup, file]);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  const [, folder = ''] = /folder=(\S+wave-cron-control-plane-\w+)/.exec(stdout()) ?? [];
  const [, logs = ''] = /the logs of the control plane are in (\S+)/.exec(stderr()) ?? [];
  assert.ok(folder !== '' && !existsSync(folder));
  assert.ok(readdirSync(logs).includes('audit.log'));
  rmSync(logs, { recursive: true });
});

function controlPlaneFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('wave-cron-control-plane-'));
}
