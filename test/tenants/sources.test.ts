/** A tenant with many or large sources does not affect other tenants, under the shipped memory limit. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pLimit from 'p-limit';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../tools/control-plane/objects.ts';
import { randomName, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { memoryLimit, runInLittleMemory } from '../jobs/little-memory.ts';
import type { LogLine } from '../jobs/run-program.ts';

const { api, cluster } = testCluster();

type Scene = { prefix: string; optedIn: Record<string, string>; namespaces: string[] };

/** An annotation prefix of this test alone, and the namespaces of tenants. */
async function scene(t: TestContext, tenants: number): Promise<Scene> {
  const prefix = `${randomName('tenants')}.example.com`;
  const namespaces = [];
  for (let i = 0; i < tenants; i += 1) namespaces.push(await testNamespace(t));
  return { prefix, optedIn: { [`${prefix}/update-on-config-change`]: 'true' }, namespaces };
}

/** Runs one pass over the namespaces, with the memory of the shipped Pods. */
async function pass({ prefix, namespaces }: Scene, ...flags: string[]) {
  const [first = ''] = namespaces;
  const { status, stdout, stderr, peak } = await runInLittleMemory([
    ...['once', '--kubeconfig', cluster.kubeconfig, '--annotation-prefix', prefix],
    ...['--ownership', 'off', '--lease-namespace', first, '--log-level', 'debug', ...flags],
    ...['--namespaces', namespaces.join(',')],
  ]);
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
  const reasons = Object.fromEntries(
    lines.flatMap((line) =>
      typeof line['reason'] === 'string'
        ? [[`${String(line['namespace'])}/${String(line['name'])}`, line['reason']]]
        : [],
    ),
  ) as Record<string, string>;
  assert.ok((peak ?? Number.POSITIVE_INFINITY) < memoryLimit, `${peak} MiB: ${stderr}`);
  return { status, lines, reasons, peak };
}

async function victim(namespace: string, annotations: Record<string, string>) {
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations, pod }));
}

test('large sources of a tenant do not end a pass: they are hashed one after the other, up to a limit', async (t) => {
  const stage = await scene(t, 2);
  const [tenant = '', other = ''] = stage.namespaces;
  const { optedIn: annotations } = stage;
  await victim(other, annotations);
  const names = Array.from({ length: 60 }, (_, i) => `large-${i}`);
  await pLimit(4).map(names, (name) =>
    api.create(
      secret({ namespace: tenant, name, data: { key: randomBytes(740_000).toString('base64') } }),
    ),
  );
  const make = (name: string, uses: readonly string[]) =>
    api.create(
      deployment({
        namespace: tenant,
        name,
        annotations,
        pod: using(...uses.map((name) => ({ secret: name }))),
      }),
    );
  await make('within', names.slice(0, 20));
  await make('beyond', names);
  await make('each', names.slice(10, 30));

  const { status, reasons, lines, peak } = await pass(stage);
  t.diagnostic(`peak ${peak?.toFixed(0)} MiB`);
  assert.equal(status, 0);
  assert.deepEqual(reasons, {
    [`${tenant}/within`]: 'FirstSeen',
    [`${tenant}/each`]: 'FirstSeen',
    [`${tenant}/beyond`]: 'TooLarge',
    [`${other}/web`]: 'FirstSeen',
  });
  const told = lines.find(({ reason }) => reason === 'TooLarge');
  assert.equal(told?.level, 'warn');
  assert.match(told?.msg ?? '', /larger than 32 MiB together/);

  // A source has the same hash no matter how the pass read it.
  assert.deepEqual((await pass(stage)).reasons[`${tenant}/within`], 'UpToDate');
  await api.patch(path('Secret', tenant, 'large-19'), { data: { key: 'bmV3' } });
  const changed = await pass(stage);
  assert.equal(changed.reasons[`${tenant}/within`], 'ConfigChanged');
  assert.equal(changed.reasons[`${tenant}/each`], 'ConfigChanged');
});

test('a tenant with a thousand sources per workload does not delay others: namespaces take turns with places and reads', async (t) => {
  const stage = await scene(t, 2);
  const { prefix, namespaces, optedIn } = stage;
  // The namespace of the tenant comes first by name.
  const [tenant = '', other = ''] = namespaces.sort();
  await victim(other, optedIn);
  const absent = (i: number) => Array.from({ length: 1000 }, (_, n) => `absent-${i}-${n}`);
  for (let i = 0; i < 12; i += 1) {
    const annotations = { ...optedIn, [`${prefix}/extra-secrets`]: absent(i).join(',') };
    await api.create(deployment({ namespace: tenant, name: `hungry-${i}`, annotations }));
  }
  const { lines, status } = await pass(stage);
  assert.equal(status, 0);
  const order = lines.flatMap(({ reason, name }) => (reason === undefined ? [] : [name]));
  assert.equal(order.length, 13);
  assert.equal(order[0], 'web', order.join(', '));
});

test('a pass that is cut short records its position in its Lease, and the next pass begins there', async (t) => {
  const stage = await scene(t, 1);
  const { prefix, namespaces, optedIn } = stage;
  const [tenant = ''] = namespaces;
  const absent = Array.from({ length: 900 }, (_, n) => `absent-${n}`).join(',');
  const names = Array.from({ length: 80 }, (_, i) => `hungry-${String(i).padStart(2, '0')}`);
  for (const name of names) {
    const annotations = { ...optedIn, [`${prefix}/extra-secrets`]: absent };
    await api.create(deployment({ namespace: tenant, name, annotations }));
  }
  const cursor = async () => {
    const { metadata } = await api.get(path('Lease', tenant, 'wave-cron'));
    return metadata.annotations?.['wave.pusher.com/cursor'];
  };
  const limits = ['--pass-timeout-seconds', '10', '--lease-duration-seconds', '5'];
  const few = ['--concurrency-reads', '2', '--concurrency-writes', '1'];
  const first = await pass(stage, ...limits, ...few);
  assert.equal(first.status, 1);
  const next = await cursor();
  assert.match(next ?? '', new RegExp(`^${tenant}/Deployment/hungry-`));
  const begun = names.filter((name) => `${tenant}/Deployment/${name}` < (next ?? ''));
  assert.ok(begun.length > 0 && begun.length < names.length);

  const second = await pass(stage, ...limits, ...few);
  // The pass may reach the end of the list and continue at its start.
  const [, , name] = next?.split('/') ?? [];
  assert.ok(second.reasons[`${tenant}/${name}`] !== undefined, `${next} was not handled`);
  assert.notEqual(await cursor(), next);

  // A pass that reaches its end removes the position.
  for (const name of names.slice(1)) await api.delete(path('Deployment', tenant, name));
  await pass(stage);
  assert.equal(await cursor(), undefined);
});
