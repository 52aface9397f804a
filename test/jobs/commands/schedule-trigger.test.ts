/** POST /trigger of a real process on a real control plane. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { before } from '../../faults/faults.ts';
import { hashAnnotation, optedIn, templateAnnotations } from '../../handler/run-pass.ts';
import { assertNoLeak, plantedValue } from '../../secrets/planted.ts';
import { type Program, runProgram, startProgram } from '../run-program.ts';

const bounded = { timeout: 120_000 };
const onceAYear = '0 0 1 1 *';
/**
 * A planted value without the characters that a token cannot have. All output is searched for planted values,
 * so a leak of the token is found.
 */
const token = plantedValue('').replaceAll(/[^A-Za-z0-9]/g, '');

async function shop(t: TestContext): Promise<string> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const pod = using({ configMap: 'settings' });
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  return namespace;
}

const change = (namespace: string, level: string) =>
  testCluster().api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });

const hashOf = async (namespace: string) =>
  String((await templateAnnotations(namespace, 'web'))[hashAnnotation]);

function tokenFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'trigger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, `${token}\n`);
  return file;
}

interface Started extends Program {
  readonly address: string;
}

async function started(
  t: TestContext,
  namespace: string,
  { file = tokenFile(t), schedule = onceAYear, kubeconfig = testCluster().cluster.kubeconfig },
): Promise<Started> {
  const program = startProgram([
    'schedule',
    ...['--kubeconfig', kubeconfig, '--namespaces', namespace, '--lease-namespace', namespace],
    ...['--listen', '127.0.0.1:0', '--lease-duration-seconds', '5', '--schedule', schedule],
    ...['--triggers-http-token-file', file, '--log-level', 'debug'],
  ]);
  t.after(() => program.kill('SIGKILL'));
  const line = await program.logged((it) => it['listen'] !== undefined, 'listening');
  return { ...program, address: String(line['listen']) };
}

async function trigger(
  { address }: Started,
  body?: object,
  authorization = `Bearer ${token}`,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${address}/trigger`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assertNoLeak('an answer', text);
  return { status: response.status, text };
}

async function metric({ address }: Started, series: string): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  assertNoLeak('the metrics', text);
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  assert.ok(line !== undefined, `no ${series} in ${text}`);
  return Number(line.slice(series.length));
}

const completed = (program: Program) =>
  program.log().filter(({ pass }) => pass === 'Completed').length;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; ) {
    if (await holds()) return;
    assert.ok(performance.now() < deadline, `not within 60 s: ${what}`);
    await pause(20);
  }
}

async function stopped(program: Program): Promise<void> {
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);
}

test('a trigger starts a pass at once, which rolls out a change', bounded, async (t) => {
  const namespace = await shop(t);
  const program = await started(t, namespace, {});
  await program.logged(({ pass }) => pass === 'Completed', 'the first pass');
  for (const [number, body] of [
    undefined,
    { namespace },
    { kind: 'ConfigMap', namespace, name: 'settings' },
    { specversion: '1.0', subject: `ConfigMap/${namespace}/settings` },
  ].entries()) {
    const previous = await hashOf(namespace);
    await change(namespace, `level-${number}`);
    assert.equal((await trigger(program, body)).status, 202);
    await until('the change is rolled out', async () => (await hashOf(namespace)) !== previous);
  }
  await until('the passes are reported', () => completed(program) === 5);
  assert.equal(await metric(program, 'wave_cron_trigger_passes_total'), 4);
  assert.equal(await metric(program, 'wave_cron_trigger_requests_total{result="Accepted"}'), 4);
  // The trigger did not move the next pass of the schedule.
  const next = await metric(program, 'wave_cron_next_pass_timestamp_seconds');
  assert.equal(new Date(next * 1000).getUTCMonth(), 0);
  assert.equal((await fetch(`http://${program.address}/readyz`)).status, 200);
  await stopped(program);
});

test('without the token of the file, a trigger starts nothing', bounded, async (t) => {
  const namespace = await shop(t);
  const program = await started(t, namespace, {});
  await program.logged(({ pass }) => pass === 'Completed', 'the first pass');
  for (const wrong of ['', 'Bearer x', `Bearer ${token}x`, `Basic ${token}`]) {
    assert.equal((await trigger(program, { namespace }, wrong)).status, 401);
  }
  const tooLarge = { namespace, more: 'x'.repeat(70_000) };
  assert.equal((await trigger(program, tooLarge)).status, 413);
  assert.equal((await trigger(program, { namespace: '*' })).status, 400);
  assert.equal(await metric(program, 'wave_cron_trigger_passes_total'), 0);
  assert.equal(await metric(program, 'wave_cron_trigger_requests_total{result="Invalid"}'), 2);
  await stopped(program);
  assert.equal(completed(program), 1);
});

test('a new token needs no restart, and a missing one is logged once', bounded, async (t) => {
  const namespace = await shop(t);
  const file = tokenFile(t);
  const program = await started(t, namespace, { file });
  const other = `${token}2`;
  writeFileSync(file, other);
  assert.equal((await trigger(program)).status, 401);
  assert.equal((await trigger(program, {}, `Bearer ${other}`)).status, 202);
  rmSync(file);
  for (let each = 0; each < 3; each += 1) assert.equal((await trigger(program)).status, 503);
  writeFileSync(file, token);
  assert.equal((await trigger(program)).status, 202);
  await program.logged(({ msg = '' }) => /is on again/.test(msg), 'that POST /trigger is on again');
  const lines = program.log().filter(({ level, msg }) => level !== 'debug' && /token/.test(msg));
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      ['error', `POST /trigger is off until its token can be read: ${file} does not exist`],
      ['info', 'POST /trigger is on again: its token can be read'],
    ],
  );
  await stopped(program);
});

test('a file without a token ends schedule with status 2, before any pass', bounded, async (t) => {
  const namespace = await shop(t);
  const file = tokenFile(t);
  writeFileSync(file, 'short');
  const { status, stdout, stderr } = await runProgram([
    ...['schedule', '--kubeconfig', testCluster().cluster.kubeconfig, '--listen', '127.0.0.1:0'],
    ...['--namespaces', namespace, '--triggers-http-token-file', file],
  ]);
  assert.equal(status, 2);
  assert.match(
    stdout + stderr,
    /triggers\.http\.tokenFile: .* has a token of less than 16 bytes, which could be guessed/,
  );
  assert.equal(await hashOf(namespace), 'undefined');
});

test(
  'a storm of triggers starts at most one pass per second, and the schedule goes on',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const program = await started(t, namespace, { schedule: '*/2 * * * * *' });
    await program.logged(({ pass }) => pass === 'Completed', 'the first pass');
    const total = 'wave_cron_passes_total{outcome="Completed"}';
    const early = 'wave_cron_trigger_passes_total';
    const began = performance.now();
    const seen = { passes: await metric(program, total), early: await metric(program, early) };
    const answers = new Map<number, number>();
    const client = async (authorization: string): Promise<void> => {
      while (performance.now() - began < 10_000) {
        const { status } = await trigger(program, undefined, authorization);
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
    };
    const right = Array.from({ length: 15 }, () => client(`Bearer ${token}`));
    await Promise.all([...right, ...Array.from({ length: 15 }, () => client('Bearer wrong'))]);
    const seconds = (performance.now() - began) / 1000;
    const passes = (await metric(program, total)) - seen.passes;
    const earlyPasses = (await metric(program, early)) - seen.early;
    t.diagnostic(`${JSON.stringify([...answers])}: ${earlyPasses} early of ${passes} passes`);
    assert.deepEqual([...answers.keys()].sort(), [202, 401]);
    assert.ok(earlyPasses >= 1 && earlyPasses <= seconds + 1, `${earlyPasses} in ${seconds} s`);
    // The schedule has a pass every 2 s. Each of them waits for at most one early pass.
    assert.ok(passes - earlyPasses >= seconds / 2 - 2, `${passes} passes, ${earlyPasses} early`);
    assert.equal(await metric(program, 'wave_cron_ticks_skipped_total'), 0);
    await stopped(program);
  },
);

test(
  'a trigger during the pass of another replica gets a pass after that one',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const proxy = await faultProxy(t);
    const [inPass, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const hold = before(() => {
      inPass.resolve();
      return released.promise;
    });
    proxy.on('PATCH', /\/deployments\//, hold, { times: 1 });
    const file = tokenFile(t);
    const active = await started(t, namespace, { file, kubeconfig: proxy.kubeconfig() });
    await inPass.promise;
    const standby = await started(t, namespace, { file });
    // At this moment, the active replica has already read the old value.
    await change(namespace, 'debug');
    assert.equal((await trigger(standby, { namespace })).status, 202);
    await standby.logged(({ pass }) => pass === 'LeaseHeld', 'a pass that left it to the other');
    released.resolve();
    await active.logged(({ pass }) => pass === 'Completed', 'the pass of the active replica');
    const old = await hashOf(namespace);
    await standby.logged(({ pass }) => pass === 'Completed', 'a pass of the standby replica');
    await standby.logged(({ reason }) => reason === 'ConfigChanged', 'the change');
    assert.notEqual(await hashOf(namespace), old);
    await stopped(standby);
    await stopped(active);
  },
);

test('without the setting there is no POST /trigger', bounded, async (t) => {
  const namespace = await shop(t);
  const program = startProgram([
    ...['schedule', '--kubeconfig', testCluster().cluster.kubeconfig, '--schedule', onceAYear],
    ...['--namespaces', namespace, '--lease-namespace', namespace, '--listen', '127.0.0.1:0'],
  ]);
  t.after(() => program.kill('SIGKILL'));
  const line = await program.logged((it) => it['listen'] !== undefined, 'listening');
  const off = { ...program, address: String(line['listen']) };
  assert.equal((await trigger(off)).status, 405);
  assert.equal((await fetch(`http://${off.address}/trigger`)).status, 404);
  await stopped(program);
});
