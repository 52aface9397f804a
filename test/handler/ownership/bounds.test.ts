/** The annotations that a tenant can write about ownership. They cost a pass little, and never make it fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { type Rule, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { answer, status } from '../../faults/faults.ts';
import { memoryLimit, runInLittleMemory } from '../../jobs/little-memory.ts';
import {
  getting,
  optedIn,
  outcomeOf,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
  requestsIn,
} from '../run-pass.ts';
import { finalizer, ownershipStage, recordAnnotation, type Stage, usingOptional } from './stage.ts';

const { api, cluster } = testCluster();

const shipped: readonly Rule[] = [
  ...[...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')],
  ...permissionsOfOwnership,
];

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `Secret/none-${i}`);

/** Creates Deployment `old`, which uses ConfigMap `settings`. */
async function withRecord(
  stage: Stage,
  record: readonly string[] | undefined,
  { finalizers = [finalizer], annotations = {} as Record<string, string> } = {},
): Promise<void> {
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'old', usingOptional({ configMaps: ['settings'] }), {
    finalizers,
    annotations: {
      ...annotations,
      ...(record === undefined ? {} : { [recordAnnotation]: JSON.stringify(record) }),
    },
  });
}

for (const [what, record, finalizers] of [
  ['the finalizer', undefined, [finalizer]],
  ['the finalizer and a record of sources that are not known', ['*'], [finalizer]],
  ['the finalizer and a record of 3000 names', namesOf(3000), [finalizer]],
  ['a record of 3000 names', namesOf(3000), []],
] as const) {
  test(`a workload that did not opt in and has ${what} from another client is released without a search`, async (t) => {
    const stage = await ownershipStage(t);
    const { namespace } = stage;
    await withRecord(stage, record, { finalizers: [...finalizers] });
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: shipped });
    const audit = await auditFromHere(cluster);
    const report = await stage.pass({}, { kubeconfig });
    assert.deepEqual(reasonsIn(report), { 'Deployment/old': 'OptedOut' });
    assert.ok(isComplete(report));
    assert.deepEqual(await stage.carried('Deployment', 'old'), { finalizer: false });
    const about = ({ objectRef }: { objectRef?: { resource?: string } }) =>
      ['configmaps', 'secrets'].includes(objectRef?.resource ?? '');
    const asked = (await audit.entries(requestsIn(namespace))).filter(about);
    assert.deepEqual(
      asked.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name}`),
      finalizers.length === 0 ? [] : ['get configmaps/settings'],
    );
  });
}

test('a workload that is deleted with a finalizer from another client is gone after the next pass', async (t) => {
  const stage = await ownershipStage(t);
  const { namespace } = stage;
  await withRecord(stage, ['*']);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: shipped });
  await api.delete(path('Deployment', namespace, 'old'));
  const report = await stage.pass({}, { kubeconfig });
  assert.deepEqual(reasonsIn(report), { 'Deployment/old': 'Deleting' });
  assert.match(outcomeOf(report, 'old').sentence, /it has no record of its sources/);
  assert.equal(await stage.find('Deployment', 'old'), undefined);
});

for (const record of [['*'], ['ConfigMap/../secrets/x'], namesOf(1001)]) {
  test(`a record such as ${JSON.stringify(record).slice(0, 30)} on an opted-in workload makes no pass fail, and does not block its deletion`, async (t) => {
    const stage = await ownershipStage(t);
    const { namespace } = stage;
    await withRecord(stage, record, { annotations: optedIn });
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: shipped });
    const first = await stage.pass({}, { kubeconfig });
    assert.deepEqual(reasonsIn(first), { 'Deployment/old': 'FirstSeen' });
    assert.deepEqual(await stage.carried('Deployment', 'old'), {
      finalizer: true,
      record: ['ConfigMap/settings', '*'],
    });
    const off = await stage.pass({ ownership: 'off' }, { kubeconfig });
    assert.deepEqual(reasonsIn(off), { 'Deployment/old': 'OwnershipLimited' });
    assert.ok(isComplete(off));
    assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
    await api.delete(path('Deployment', namespace, 'old'));
    assert.ok(isComplete(await stage.pass({ ownership: 'off' }, { kubeconfig })));
    assert.equal(await stage.find('Deployment', 'old'), undefined);
  });
}

test('if a record that a tenant wrote names a source that may not be read, its workload gets a warning', async (t) => {
  const stage = await ownershipStage(t);
  const { namespace } = stage;
  await withRecord(stage, ['Secret/forbidden'], { annotations: optedIn });
  const rules = [
    ...permissionsOnWorkloads,
    permissionsOnEvents,
    getting('configmaps'),
    ...permissionsOfOwnership,
  ];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const report = await stage.pass({}, { kubeconfig });
  const { reason, sentence, written } = outcomeOf(report, 'old');
  assert.deepEqual([reason, written, isComplete(report)], ['OwnershipLimited', true, true]);
  assert.match(
    sentence,
    /^its owner reference could not be removed from Secret\/forbidden: .*cannot get/,
  );
  assert.match(sentence, /; the hash was written: first seen, 1 source/);
});

const tooLarge = 'etcdserver: request is too large';
for (const [what, code, cause, message] of [
  ['is changed by another client each time', 409, 'Conflict', 'the object has been modified'],
  ['is so large that the API server rejects each update', 413, 'RequestEntityTooLarge', ''],
  ['is so large that etcd rejects each update', 500, 'InternalError', tooLarge],
  ['is such that an update of it is refused', 422, 'Invalid', 'it is invalid'],
] as const) {
  test(`a source that ${what} causes a warning on the workload`, async (t) => {
    const stage = await ownershipStage(t);
    await stage.source('ConfigMap', 'settings');
    await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
    const proxy = await faultProxy(t);
    proxy.on('PATCH', /\/configmaps\/settings/, answer(status(code, cause, message)));
    const report = await stage.pass({}, { kubeconfig: proxy.kubeconfig() });
    const { reason, written } = outcomeOf(report, 'web');
    assert.deepEqual([reason, written, isComplete(report)], ['OwnershipLimited', true, true]);
  });
}

test('a source with 100 owner references gets no more, which is reported, and it still counts for the hash', async (t) => {
  const stage = await ownershipStage(t);
  const { namespace } = stage;
  await stage.source('ConfigMap', 'parent');
  const uid = (await stage.get('ConfigMap', 'parent')).metadata.uid ?? '';
  const parent = { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid };
  // The garbage collector ignores owners whose kind it does not know.
  const unknown = (_: unknown, i: number) => ({
    ...{ apiVersion: 'example.com/v1', kind: 'Unknown', name: `n-${i}` },
    uid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
  });
  const owners = (count: number) => [parent, ...Array.from({ length: count - 1 }, unknown)];
  await stage.source('Secret', 'full', { ownerReferences: owners(100) });
  await stage.source('Secret', 'almost', { ownerReferences: owners(99) });
  const pod = usingOptional({ secrets: ['full', 'almost'] });
  await stage.workload('Deployment', 'web', pod);
  await stage.workload('StatefulSet', 'other', pod);
  const report = await stage.pass();
  assert.ok(isComplete(report));
  const said = /Secret\/full got no owner reference: the limit is 100 owner references per source/;
  for (const name of ['web', 'other']) assert.match(outcomeOf(report, name).sentence, said);
  const changed = ['Secret/almost', 'Secret/full'];
  assert.deepEqual([...outcomeOf(report, 'web').changed].sort(), changed);
  assert.equal((await stage.owners('Secret', 'full')).length, 100);
  // Both workloads read the source with 99 owner references. The limit counts that number, so the second
  // workload adds its reference too.
  assert.equal((await stage.owners('Secret', 'almost')).length, 101);

  await stage.pass();
  const again = await stage.pass();
  assert.deepEqual(reasonsIn(again), {
    'Deployment/web': 'UpToDate',
    'StatefulSet/other': 'UpToDate',
  });
  assert.equal((await stage.owners('Secret', 'almost')).length, 101);
  await api.delete(path('Deployment', namespace, 'web'));
  await api.delete(path('StatefulSet', namespace, 'other'));
  assert.ok(isComplete(await stage.pass()));
  assert.equal((await stage.owners('Secret', 'almost')).length, 99);
});

test('the sources that a record names are read within the limit of concurrent reads, even if there are many', async (t) => {
  const stage = await ownershipStage(t);
  await withRecord(stage, namesOf(1000), { annotations: optedIn });
  const proxy = await faultProxy(t);
  let now = 0;
  let most = 0;
  const asked = new Set<string>();
  proxy.on('GET', /\/secrets\//, async ({ url, forward, reply }) => {
    now += 1;
    asked.add(url);
    most = Math.max(most, now);
    const forwarded = await forward();
    now -= 1;
    reply(forwarded);
  });
  const report = await stage.pass(
    { concurrency: { reads: 4, writes: 2 } },
    { kubeconfig: proxy.kubeconfig() },
  );
  assert.ok(isComplete(report), JSON.stringify(report.outcomes));
  assert.equal(asked.size, 1000);
  assert.ok(most <= 4, `${most} at once`);
  assert.ok(proxy.connections < 20, `${proxy.connections} connections`);
  assert.deepEqual((await stage.carried('Deployment', 'old')).record, ['ConfigMap/settings']);
});

for (const annotations of [{}, optedIn]) {
  const who =
    annotations === optedIn ? 'a workload that opted in' : 'a workload that did not opt in';
  test(`records of 500, 1000, 2000 and 3000 names on ${who} fit into the memory of a pass`, async (t) => {
    const stage = await ownershipStage(t);
    await stage.source('ConfigMap', 'settings');
    const pod = usingOptional({ configMaps: ['settings'] });
    for (const count of [500, 1000, 2000, 3000]) {
      const record = JSON.stringify(namesOf(count));
      const metadata = { annotations: { ...annotations, [recordAnnotation]: record } };
      await stage.workload('Deployment', `old-${count}`, pod, metadata);
    }
    const proxy = await faultProxy(t);
    const { namespace } = stage;
    const { status, stdout, stderr, peak } = await runInLittleMemory([
      ...['once', '--kubeconfig', proxy.kubeconfig(), '--namespaces', namespace],
      ...['--ownership', 'finalizer', '--lease-namespace', namespace],
    ]);
    assert.equal(status, 0, `${stdout.slice(-2000)}${stderr.slice(-2000)}`);
    t.diagnostic(`${peak?.toFixed(0)} MiB, ${proxy.connections} connections`);
    assert.ok((peak ?? Number.POSITIVE_INFINITY) < memoryLimit, `${peak} MiB`);
    assert.ok(proxy.connections < 100, `${proxy.connections} connections`);
    for (const count of [500, 3000]) {
      const { record } = await stage.carried('Deployment', `old-${count}`);
      assert.ok((record?.length ?? 0) <= 2);
    }
  });
}
