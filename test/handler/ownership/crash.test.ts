import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { rollouts, testCluster } from '../../../tools/control-plane/testing.ts';
import { runKilledAfter } from '../../jobs/killed-program.ts';
import { ownershipShop, type SourceKind, type Stage } from './stage.ts';

const { api } = testCluster();

const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const satisfies readonly (readonly [SourceKind, string])[];

/** Runs `once`, and kills it after write number `n`. Returns the number of writes. */
async function onceKilledAfter(t: TestContext, stage: Stage, n?: number): Promise<number> {
  const { status, writes } = await runKilledAfter(t, n, (kubeconfig) => [
    'once',
    ...['--kubeconfig', kubeconfig, '--namespaces', stage.namespace, '--ownership', 'finalizer'],
    ...['--lease-namespace', stage.namespace, '--concurrency-writes', '1'],
    ...['--lease-name', `attempt-${n ?? 'whole'}`],
  ]);
  assert.equal(status, n === undefined ? 0 : null);
  return writes;
}

/**
 * Fails unless the record of the workload names each source with an owner reference to it, and the finalizer is
 * there as long as one source has such a reference.
 */
async function assertRecorded(stage: Stage): Promise<void> {
  const workload = await stage.find('Deployment', 'web');
  const carriers: string[] = [];
  for (const [kind, name] of sources) {
    const { metadata } = await stage.get(kind, name);
    const carries = metadata.ownerReferences?.some(({ kind }) => kind === 'Deployment') === true;
    if (carries) carriers.push(`${kind}/${name}`);
    if (carries) {
      assert.ok(
        metadata.ownerReferences?.some(({ kind }) => kind === 'Namespace'),
        `${kind}/${name} is protected`,
      );
    }
  }
  if (carriers.length === 0) return;
  assert.ok(workload !== undefined, 'the workload is there as long as a source carries its mark');
  const { finalizer, record } = await stage.carried('Deployment', 'web');
  assert.equal(finalizer, true);
  assert.deepEqual(
    carriers.filter((each) => !record?.includes(each)),
    [],
  );
}

async function shop(t: TestContext): Promise<Stage> {
  const stage = await ownershipShop(t);
  await rollouts('Deployment', stage.namespace, 'web');
  return stage;
}

const ways = {
  'being opted in': {
    prepare: async () => {},
    async done(stage: Stage) {
      for (const [kind, name] of sources) {
        assert.deepEqual(await stage.owners(kind, name), ['Deployment/web', 'Namespace']);
      }
      assert.deepEqual(await stage.carried('Deployment', 'web'), {
        finalizer: true,
        record: ['ConfigMap/settings', 'Secret/credentials'],
      });
      assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
    },
  },
  'being deleted': {
    async prepare(stage: Stage) {
      await stage.pass();
      await api.delete(path('Deployment', stage.namespace, 'web'), {
        propagationPolicy: 'Foreground',
      });
    },
    async done(stage: Stage) {
      assert.equal(await stage.find('Deployment', 'web'), undefined);
      for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
    },
  },
  'being opted out': {
    async prepare(stage: Stage) {
      await stage.pass();
      await api.patch(
        path('Deployment', stage.namespace, 'web'),
        { metadata: { annotations: { 'wave.pusher.com/update-on-config-change': null } } },
        'merge',
      );
    },
    async done(stage: Stage) {
      assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
      for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
      assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
    },
  },
} as const;

for (const [what, { prepare, done }] of Object.entries(ways)) {
  for (const n of [1, 2, 3]) {
    test(`killed after write ${n} of 3 while a workload is ${what}: nothing is lost, and the next pass finishes the work`, async (t) => {
      const stage = await shop(t);
      await prepare(stage);
      await onceKilledAfter(t, stage, n);
      await assertRecorded(stage);
      await stage.pass();
      await done(stage);
    });
  }

  test(`there are three writes while a workload is ${what}`, async (t) => {
    const stage = await shop(t);
    await prepare(stage);
    await rollouts('Deployment', stage.namespace, 'web').catch(() => 0);
    assert.equal(await onceKilledAfter(t, stage), 3);
    await done(stage);
  });
}
