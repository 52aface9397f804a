/** The image that the Dockerfile builds: its files, and a pass of the shipped CronJob with it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { path } from '../../tools/control-plane/api.ts';
import { hasKubectl, randomName, testCluster } from '../../tools/control-plane/testing.ts';
import type { Image } from '../../tools/node-agent/images.ts';
import { skipWithoutNodeAgent, toolFolders } from '../../tools/node-agent/support.ts';
import { logLines } from '../jobs/run-program.ts';
import { application } from '../manifests/application.ts';
import { install } from '../manifests/installation.ts';
import { runKubectl } from '../manifests/kustomize.ts';
import { type BuiltImage, buildImage, revision, skipWithoutBuild, source } from './built-image.ts';
import { addedFiles, filesOf } from './files.ts';

const skip = skipWithoutBuild();
const skipRun = skipWithoutNodeAgent() || (hasKubectl() ? false : 'there is no kubectl');

suite('the image', { skip }, () => {
  let image: BuiltImage;
  before(async () => {
    image = await buildImage();
  });

  test('adds only Node, libatomic and the program to its base', (t) => {
    const files = addedFiles(image.root, image.base.root);
    const names = files.map(({ name }) => name);
    const isPart = (name: string) =>
      /^\/app\/dist\/(chunks\/[\w-]+\.js|compile-cache\/[\w.-]+\/\w+)$/.test(name);
    assert.deepEqual(
      names.filter((name) => !isPart(name)),
      [
        ...['/app/LICENSE', '/app/dist/THIRD-PARTY-NOTICES.txt'],
        ...['favicon.svg', 'index.html', 'page.js', 'style.css'].map(
          (it) => `/app/dist/page/${it}`,
        ),
        ...['/app/dist/sbom.cdx.json', '/app/dist/wave-cron.js'],
        ...['/app/package.json', '/usr/lib/libatomic.so.1'],
        ...['/usr/local/bin/kubectl-wave_cron', '/usr/local/bin/kubectl_complete-wave_cron'],
        '/usr/local/bin/node',
      ],
    );
    const count = (folder: string) => names.filter((name) => name.includes(folder)).length;
    assert.equal(
      count('/compile-cache/'),
      count('/chunks/'),
      'each file of the program is compiled',
    );
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    t.diagnostic(`${Math.round(bytes / 2 ** 20)} MiB on top of its base`);
    assert.ok(bytes < 180 * 2 ** 20, `${bytes} bytes`);
  });

  test('has no shell, and no file that its user can change', () => {
    const shells = filesOf(image.root).filter(({ name }) =>
      /\/((b|d|z|k|c|tc|fi)?a?sh|busybox)$/.test(name),
    );
    assert.deepEqual(shells, []);
    for (const { name, uid, mode } of addedFiles(image.root, image.base.root)) {
      assert.equal(uid, 0, name);
      assert.equal(mode & 0o022, 0, name);
    }
  });

  test('has labels with its version, source and base, and a user that is not root', () => {
    const { User, Labels = {} } = image.config;
    assert.equal(User, '65532:65532');
    const prefix = 'org.opencontainers.image.';
    const labels = Object.entries(Labels).filter(([name]) => name.startsWith(prefix));
    const { version } = JSON.parse(readFileSync(join(image.root, 'app/package.json'), 'utf8'));
    assert.deepEqual(
      Object.fromEntries(labels.map(([name, value]) => [name.slice(prefix.length), value])),
      {
        ...{ title: 'wave-cron', licenses: 'Apache-2.0', version, revision, source },
        description:
          'Restarts Kubernetes workloads when a ConfigMap or Secret that they use changes',
        'base.name': image.base.name,
      },
    );
    assert.match(image.base.name, /@sha256:[0-9a-f]{64}$/);
  });

  test('starts the program, which knows the time zones', () => {
    const { version } = JSON.parse(readFileSync(join(image.root, 'app/package.json'), 'utf8'));
    assert.equal(run(image, '--version').stdout, `${version}\n`);
    // The first command fails because no cluster is configured, the second one because of its time zone.
    assert.equal(run(image, 'once', '--time-zone', 'Asia/Kathmandu').status, 3);
    assert.equal(run(image, 'once', '--time-zone', 'Asia/Nowhere').status, 2);
  });

  test('has the files in which kubectl finds the plugin and its completion', () => {
    const plugin = '/usr/local/bin/kubectl-wave_cron';
    assert.match(runFile(image, plugin, '--help').stdout, /^Usage: kubectl wave-cron /);
    const completion = '/usr/local/bin/kubectl_complete-wave_cron';
    assert.match(runFile(image, completion, 'expl').stdout, /^explain\t.+\n:4\n$/);
  });

  test('does a pass as the shipped CronJob, with the compiled code that it contains', {
    skip: skipRun,
  }, async (t) => {
    const prefix = `${randomName('prefix')}.example.com`;
    const web = await application(t, prefix);
    const suspend = { op: 'add', path: '/spec/suspend', value: true };
    const { namespace, name, agent } = await install(t, {
      ...{ form: 'cronjob', image: imageForAgent(image), namespaces: [web.namespace] },
      settings: { annotationPrefix: prefix },
      overlay: { patches: [{ target: { kind: 'CronJob' }, patch: JSON.stringify([suspend]) }] },
    });
    const pass = async (job: string) => {
      await runKubectl('-n', namespace, 'create', 'job', job, `--from=cronjob/${name}`);
      await testCluster().api.waitFor<Job>(path('Job', namespace, job), hasEnded, {
        ...{ what: `the end of the Job ${job}`, timeoutMs: 60_000 },
      });
      return agent.jobLogs(namespace, job);
    };

    const log = await pass('first');
    assert.deepEqual(logLines(log).at(-1)?.['counts'], { FirstSeen: 1 }, log);
    const hash = await web.hash();
    assert.equal(await web.rollouts(), 2);

    // With this variable, Node writes how it uses compiled code, between the lines of the log.
    await runKubectl(
      ...['-n', namespace, 'set', 'env', `cronjob/${name}`, 'NODE_DEBUG_NATIVE=COMPILE_CACHE'],
    );
    await web.change('green');
    const lines = (await pass('second')).split('\n');
    const ofNode = lines.filter((line) => !line.startsWith('{'));
    const ours = logLines(lines.filter((line) => line.startsWith('{')).join('\n'));
    assert.deepEqual(ours.at(-1)?.['counts'], { ConfigChanged: 1 });
    await web.hash(hash);
    assert.equal(await web.rollouts(), 3);
    const count = (words: RegExp) => ofNode.filter((line) => words.test(line)).length;
    assert.ok(count(/ reading cache from \/app\/dist\/compile-cache\//) > 4, ofNode.join('\n'));
    assert.equal(count(/ was accepted/), count(/ reading cache from /), ofNode.join('\n'));
    assert.equal(count(/ writing cache /), 0, ofNode.join('\n'));
  });
});

/** Runs the entry point of the image as its user, in a copy of its files. */
function run(image: BuiltImage, ...args: string[]) {
  const { Entrypoint = [] } = image.config;
  return runFile(image, ...Entrypoint, ...args);
}

function runFile({ root, config: { User = '' } }: BuiltImage, ...args: string[]) {
  const command = [`--userspec=${User}`, root, ...args];
  return spawnSync('chroot', command, { encoding: 'utf8', env: { PATH: toolFolders } });
}

function imageForAgent({ root, config }: BuiltImage): Image {
  const { User = '0', Env = [], Entrypoint = [], Cmd = [], WorkingDir } = config;
  const variables = Env.map((it) => [it.slice(0, it.indexOf('=')), it.slice(it.indexOf('=') + 1)]);
  return {
    ...{ root, entrypoint: Entrypoint, cmd: Cmd, env: Object.fromEntries(variables) },
    user: Number(User.split(':', 1)[0]),
    ...(WorkingDir ? { workingDir: WorkingDir } : {}),
  };
}

type Job = { status?: { conditions?: { type: string; status: string }[] } };

function hasEnded(job: Job | undefined): boolean {
  const conditions = job?.status?.conditions ?? [];
  return conditions.some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}
