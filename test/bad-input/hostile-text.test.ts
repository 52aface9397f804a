/**
 * A tenant may write any text that the API server accepts into its own objects. An administrator then reads
 * these texts on a terminal.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { canRun } from '../../tools/control-plane/can-run.ts';
import { configMap, deployment, mainContainer, using } from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  prefix,
  reasonsIn,
  requestsIn,
  runPass,
  templateAnnotations,
} from '../handler/run-pass.ts';
import { runExplain, runHistory } from '../jobs/run-explain.ts';
import { linesOf, logLines, runProgram } from '../jobs/run-program.ts';

const { api, cluster } = testCluster();

/**
 * Clears the screen, shows a forged line about a successful pass, changes the title of the window, and
 * starts another forged line.
 */
const attack =
  'x\u001b[2J\u001b[1;1H\u001b[32mINFO pass Completed: 3 workloads\u001b]0;owned\u0007\nINFO made up\u2028\u202e\u009b1m';
const steers = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u;

function assertHarmless(what: string, text: string): void {
  const [found] = steers.exec(text) ?? [];
  assert.equal(found, undefined, `${what}: ${JSON.stringify(text)}`);
  for (const line of linesOf(text)) {
    assert.doesNotMatch(line, /^\s*INFO made up/, `${what}: ${JSON.stringify(text)}`);
  }
}

const volume = (secretName: string, optional = false) => ({
  volumes: [{ name: 'v', secret: { secretName, optional } }],
  ...using(),
});

/** Deployments with the attack in every field in which the API server accepts the attack. */
async function hostileTenant(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  const extra = `${prefix}/extra-secrets`;
  const objects = [
    configMap({ namespace, name: 'settings', data: { level: 'info' } }),
    deployment({ namespace, name: 'named', annotations: optedIn, pod: volume(attack) }),
    deployment({
      namespace,
      name: 'keyed',
      annotations: optedIn,
      pod: {
        volumes: [
          { name: 'v', configMap: { name: 'settings', items: [{ key: attack, path: 'p' }] } },
        ],
        containers: [
          {
            ...mainContainer,
            env: [
              {
                name: `"${'E'.repeat(3000)}\\`,
                valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } },
              },
            ],
          },
        ],
      },
    }),
    deployment({
      namespace,
      name: 'opting',
      annotations: { [Object.keys(optedIn)[0] ?? '']: attack },
    }),
    deployment({ namespace, name: 'listing', annotations: { ...optedIn, [extra]: attack } }),
    deployment({
      namespace,
      name: 'stamped',
      annotations: { ...optedIn, [`${prefix}/owned-sources`]: JSON.stringify([attack]) },
      podAnnotations: { [hashAnnotation]: attack, [`${prefix}/config-sources`]: attack },
    }),
  ];
  for (const object of objects) await api.create(object);
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: attack, uid: attack };
  await api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'owned', ownerReferences: [owner] },
  });
  await rollouts('Deployment', namespace, 'stamped');
  return namespace;
}

const workloads = ['named', 'keyed', 'opting', 'listing', 'stamped'];

test('no command shows a control character or a forged line from the texts of a tenant', async (t) => {
  const namespace = await hostileTenant(t);
  const where = ['--kubeconfig', cluster.kubeconfig];
  const passing = [...where, '--namespaces', namespace, '--lease-namespace', namespace];
  const commands: (readonly string[])[] = [
    ['plan', '--all', ...passing],
    ['plan', '-o', 'json', ...passing],
    ['release', '--dry-run', '--annotations', ...where, '-n', namespace],
    ['release', '--dry-run', '-o', 'json', '--annotations', ...where, '-n', namespace],
    ['once', '--log-level', 'debug', ...passing],
  ];
  for (const command of commands) {
    const run = await runProgram(command);
    assertHarmless(command.slice(0, 2).join(' '), run.stdout);
    assertHarmless(`${command.slice(0, 2).join(' ')}, stderr`, run.stderr);
    assert.notEqual(run.stdout, '', command.join(' '));
  }
  for (const name of workloads) {
    const asked = { workload: `deployment/${name}`, namespace };
    assertHarmless(`explain ${name}`, (await runExplain(asked)).text);
    assertHarmless(`explain ${name}, JSON`, (await runExplain(asked, 'json')).text);
    assertHarmless(`history ${name}`, (await runHistory(asked)).text);
    assertHarmless(`history ${name}, JSON`, (await runHistory(asked, 'json')).text);
    for (const { note } of await eventsAbout(namespace, name))
      assertHarmless('an event', `${note}\n`);
  }
});

test('no text in the JSON log of a pass contains a control character or a forged line', async (t) => {
  const namespace = await hostileTenant(t);
  const flags = ['--namespaces', namespace, '--lease-namespace', namespace];
  const run = await runProgram(['once', '--kubeconfig', cluster.kubeconfig, ...flags]);
  const texts: string[] = [];
  for (const line of logLines(run.stdout)) {
    JSON.stringify(line, (_, value: unknown) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
  }
  assert.ok(
    texts.some((text) => text.includes('made up')),
    run.stdout,
  );
  for (const text of texts) assert.doesNotMatch(text, /[\p{C}\p{Zl}\p{Zp}]/u);
});

test('a pass on a terminal shows no control character or forged line', {
  skip: canRun('script', '--version') ? false : 'script, which makes a terminal, is not here',
}, async (t) => {
  const namespace = await hostileTenant(t);
  const program = [process.execPath, join(import.meta.dirname, '../../jobs/main.ts'), 'once'];
  const flags = ['--kubeconfig', cluster.kubeconfig, '--namespaces', namespace];
  const command = [...program, ...flags, '--lease-namespace', namespace].join(' ');
  const run = promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], NO_COLOR: '1', WAVE_INSTALLATION: 'none' },
  });
  const stdout = await run.then(
    (it) => it.stdout,
    (error: { stdout: string }) => error.stdout,
  );
  assert.match(stdout, /MissingSource Deployment .*\/named: .*made up/);
  const shown = stdout.replaceAll('\r\n', '\n');
  assertHarmless('once on a terminal', shown);
});

test('a source whose name Kubernetes does not allow is not requested, and does not make the pass fail', async (t) => {
  const namespace = await testNamespace(t);
  const audit = await auditFromHere(cluster);
  const names = {
    slash: 'a/b',
    dots: '..',
    percent: '%2e%2e%2fkube-system',
    question: 'a?watch=true',
    upper: 'Foo_Bar',
    nul: 'a\u0000b',
    long: 'x'.repeat(5_000),
    huge: 'y'.repeat(1_100_000),
  };
  for (const [name, secretName] of Object.entries(names)) {
    for (const optional of [false, true]) {
      await api.create(
        deployment({
          namespace,
          name: optional ? `${name}-optional` : name,
          annotations: optedIn,
          pod: volume(secretName, optional),
        }),
      );
    }
  }
  const passing = ['--namespaces', namespace, '--lease-namespace', namespace];
  const run = await runProgram(['once', '--kubeconfig', cluster.kubeconfig, ...passing]);
  assert.equal(run.status, 0, run.stdout);
  const lines = logLines(run.stdout);
  for (const name of Object.keys(names)) {
    const required = lines.find((line) => line['name'] === name);
    assert.equal(required?.['reason'], 'MissingSource', name);
    assert.match(required.msg, /^Secret ".*" cannot exist: Kubernetes does not allow this name$/);
    // None of its references can ever exist. So the workload is not changed, and the log does not contain
    // it.
    assert.equal(
      lines.find((line) => line['name'] === `${name}-optional`),
      undefined,
    );
  }
  for (const line of linesOf(run.stdout)) assert.ok(line.length < 8_000, line.slice(0, 1_000));
  const reads = await audit.entries({ ...requestsIn(namespace), resource: 'secrets' });
  assert.deepEqual(reads, []);

  const again = reasonsIn(await runPass(namespace));
  for (const name of Object.keys(names)) {
    assert.equal(again[`Deployment/${name}-optional`], 'UpToDate', name);
  }
  const annotations = await templateAnnotations(namespace, 'slash-optional');
  assert.equal(annotations[`${prefix}/config-sources`], undefined);
});

test('a pass logs at most twenty of a thousand changed sources, in a line of less than 8 kB', async (t) => {
  const namespace = await testNamespace(t);
  const names = Array.from({ length: 1000 }, (_, i) => `${'n'.repeat(249)}.${i + 100}`.slice(-253));
  const envFrom = names.map((name) => ({ configMapRef: { name, optional: true } }));
  const pod = { containers: [{ ...mainContainer, envFrom }] };
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  await rollouts('Deployment', namespace, 'web');

  const passing = ['--namespaces', namespace, '--lease-namespace', namespace];
  const run = await runProgram(['once', '--kubeconfig', cluster.kubeconfig, ...passing]);
  for (const line of linesOf(run.stdout)) assert.ok(line.length < 8_000, line.slice(0, 1_000));
  const line = logLines(run.stdout).find(({ name }) => name === 'web');
  const { changed, changedLeftOut } = line as unknown as {
    changed: string[];
    changedLeftOut: number;
  };
  assert.ok(changed.length > 0 && changed.length <= 20);
  assert.equal(changed.length + changedLeftOut, 1000);
});
