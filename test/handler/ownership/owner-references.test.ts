import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { using } from '../../../tools/control-plane/objects.ts';
import { rollouts, testCluster } from '../../../tools/control-plane/testing.ts';
import {
  hashAnnotation,
  optedIn,
  outcomeOf,
  prefix,
  reasonsIn,
  requestsIn,
  workloadKinds,
  writeVerbs,
} from '../run-pass.ts';
import { finalizer, lasting, ownershipStage, recordAnnotation, usingOptional } from './stage.ts';

const { api, cluster } = testCluster();

const both = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
const owned = ['ConfigMap/settings', 'Secret/credentials'];

for (const kind of workloadKinds) {
  test(`a ${kind} gets a finalizer, and its sources get owner references to it and to kube-system`, async (t) => {
    const stage = await ownershipStage(t);
    await stage.source('ConfigMap', 'settings');
    await stage.source('Secret', 'credentials');
    const uid = await stage.workload(kind, 'web', both);
    const outcome = outcomeOf(await stage.pass(), 'web');
    assert.deepEqual(outcome.ownership, {
      referencesAdded: owned,
      referencesRemoved: [],
      finalizer: 'added',
    });
    assert.match(
      outcome.sentence,
      /; it owns ConfigMap\/settings, Secret\/credentials, its finalizer is added$/,
    );
    assert.deepEqual(await stage.carried(kind, 'web'), { finalizer: true, record: owned });
    for (const [sourceKind, name] of [
      ['ConfigMap', 'settings'],
      ['Secret', 'credentials'],
    ] as const) {
      const { metadata } = await stage.get(sourceKind, name);
      const passive = { controller: false, blockOwnerDeletion: false };
      assert.deepEqual(metadata.ownerReferences, [
        { apiVersion: 'apps/v1', kind, name: 'web', uid, ...passive },
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          name: 'kube-system',
          uid: stage.lastingUid,
          ...passive,
        },
      ]);
    }
    assert.equal(await rollouts(kind, stage.namespace, 'web'), 2);
  });
}

test('once all owner references are there, a pass writes nothing and sends no more requests', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.source('Secret', 'credentials');
  await stage.workload('Deployment', 'web', both);
  await stage.pass();
  const audit = await auditFromHere(cluster);
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'UpToDate' });
  assert.equal(outcomeOf(report, 'web').ownership, undefined);
  const requests = await audit.entries(requestsIn(stage.namespace));
  assert.deepEqual(requests.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`).sort(), [
    'get configmaps',
    'get secrets',
    'list daemonsets',
    'list deployments',
    'list statefulsets',
  ]);
});

test('the finalizer and the record are written before any owner reference, in one patch with the hash', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  await rollouts('Deployment', stage.namespace, 'web');
  const audit = await auditFromHere(cluster);
  await stage.pass();
  const writes = await audit.entries({ ...requestsIn(stage.namespace), verb: writeVerbs });
  assert.deepEqual(
    writes
      .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`)
      .filter((it) => !it.endsWith('events')),
    ['patch deployments', 'patch configmaps'],
  );
});

test('a workload that references nothing gets no finalizer and no record', async (t) => {
  const stage = await ownershipStage(t);
  await stage.workload('Deployment', 'web', usingOptional({}));
  await stage.pass();
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

test('a plan names the owner references that a pass would add, and adds none', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  const report = await stage.pass({}, { write: false });
  assert.deepEqual(outcomeOf(report, 'web').ownership, {
    referencesAdded: ['ConfigMap/settings'],
    referencesRemoved: [],
    finalizer: 'added',
  });
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
});

test('if two workloads share a source, the deletion of the last one also removes the reference to kube-system', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'one', usingOptional({ configMaps: ['settings'] }));
  await stage.workload('StatefulSet', 'two', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), [
    'Deployment/one',
    'Namespace',
    'StatefulSet/two',
  ]);

  await api.delete(path('Deployment', stage.namespace, 'one'));
  const report = await stage.pass();
  assert.equal(outcomeOf(report, 'one').reason, 'Deleting');
  assert.equal(
    outcomeOf(report, 'one').sentence,
    'it is being deleted; it no longer owns ConfigMap/settings, its finalizer is removed',
  );
  assert.equal(await stage.find('Deployment', 'one'), undefined);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Namespace', 'StatefulSet/two']);

  await api.delete(path('StatefulSet', stage.namespace, 'two'));
  await stage.pass();
  assert.equal(await stage.find('StatefulSet', 'two'), undefined);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
});

test('all workloads that share a source can be deleted in one pass', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('Secret', 'credentials');
  const names = Array.from({ length: 8 }, (_, index) => `web-${index}`);
  for (const name of names)
    await stage.workload('Deployment', name, usingOptional({ secrets: ['credentials'] }));
  await stage.pass();
  for (const name of names) await api.delete(path('Deployment', stage.namespace, name));
  const report = await stage.pass();
  assert.deepEqual(new Set(Object.values(reasonsIn(report))), new Set(['Deleting']));
  for (const name of names) assert.equal(await stage.find('Deployment', name), undefined);
  assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
});

test('a source that is no longer referenced loses its owner references, and is removed from the record', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.source('Secret', 'credentials');
  await stage.workload('Deployment', 'web', both);
  await stage.pass();
  const [container] = usingOptional({ secrets: ['credentials'] }).containers;
  await api.patch(
    path('Deployment', stage.namespace, 'web'),
    [
      {
        op: 'replace',
        path: '/spec/template/spec/containers/0/envFrom',
        value: container.envFrom,
      },
    ],
    'json',
  );
  const outcome = outcomeOf(await stage.pass(), 'web');
  assert.equal(outcome.reason, 'ConfigChanged');
  assert.deepEqual(outcome.ownership, {
    referencesAdded: [],
    referencesRemoved: ['ConfigMap/settings'],
    finalizer: 'kept',
  });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
  assert.deepEqual(await stage.carried('Deployment', 'web'), {
    finalizer: true,
    record: ['Secret/credentials'],
  });
});

test('a source that was created again gets its owner references again, without a rollout if its data is the same', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  await api.delete(path('ConfigMap', stage.namespace, 'settings'));
  await stage.source('ConfigMap', 'settings');
  const outcome = outcomeOf(await stage.pass(), 'web');
  assert.equal(outcome.reason, 'UpToDate');
  assert.deepEqual(outcome.ownership?.referencesAdded, ['ConfigMap/settings']);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Deployment/web', 'Namespace']);
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
});

test('an immutable source gets owner references too; a source that is in another namespace, ignored or being deleted does not', async (t) => {
  const stage = await ownershipStage(t);
  const other = await ownershipStage(t);
  await api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: stage.namespace, name: 'fixed' },
    data: { a: '1' },
    immutable: true,
  });
  await stage.source('ConfigMap', 'ignored', { annotations: { [`${prefix}/ignore`]: 'true' } });
  await stage.source('ConfigMap', 'going', { finalizers: ['example.com/keep'] });
  await api.delete(path('ConfigMap', stage.namespace, 'going'));
  await other.source('ConfigMap', 'elsewhere');
  await stage.workload(
    'Deployment',
    'web',
    usingOptional({ configMaps: ['fixed', 'ignored', 'going'] }),
    {
      annotations: { ...optedIn, [`${prefix}/extra-configmaps`]: `${other.namespace}/elsewhere` },
    },
  );
  const report = await stage.pass({ crossNamespaceReferences: [other.namespace] });
  assert.deepEqual(outcomeOf(report, 'web').ownership?.referencesAdded, ['ConfigMap/fixed']);
  assert.deepEqual(await stage.owners('ConfigMap', 'fixed'), ['Deployment/web', 'Namespace']);
  assert.deepEqual(await stage.owners('ConfigMap', 'ignored'), []);
  assert.deepEqual(await stage.owners('ConfigMap', 'going'), []);
  assert.deepEqual(await other.owners('ConfigMap', 'elsewhere'), []);
  await api.patch(
    path('ConfigMap', stage.namespace, 'going'),
    { metadata: { finalizers: null } },
    'merge',
  );
});

for (const [how, away] of [
  [
    'opting out',
    async (namespace: string) => {
      await api.patch(path('Deployment', namespace, 'web'), {
        metadata: { annotations: { [`${prefix}/update-on-config-change`]: 'false' } },
      });
      return {};
    },
  ],
  ['ownership: off', async () => ({ ownership: 'off' as const })],
] as const) {
  test(`${how} leaves everything as it was, except for the hash and its records`, async (t) => {
    const stage = await ownershipStage(t);
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent' };
    await stage.source('ConfigMap', 'parent');
    const uid = (await stage.get('ConfigMap', 'parent')).metadata.uid ?? '';
    await stage.source('ConfigMap', 'settings', {
      ownerReferences: [{ ...foreign, uid }],
      finalizers: ['example.com/keep'],
    });
    await stage.source('Secret', 'credentials');
    await stage.workload('Deployment', 'web', both, {
      annotations: { ...optedIn, 'example.com/note': 'x' },
      finalizers: ['example.com/keep'],
    });
    const all = async () => [
      lasting(await stage.get('ConfigMap', 'settings')),
      lasting(await stage.get('Secret', 'credentials')),
      withoutHash(lasting(await stage.get('Deployment', 'web'))),
    ];
    await rollouts('Deployment', stage.namespace, 'web');
    const before = await all();
    await stage.pass();
    assert.deepEqual(await stage.owners('ConfigMap', 'settings'), [
      'ConfigMap/parent',
      'Deployment/web',
      'Namespace',
    ]);
    const { metadata } = await stage.get('Deployment', 'web');
    assert.deepEqual(new Set(metadata.finalizers), new Set(['example.com/keep', finalizer]));

    const outcome = outcomeOf(await stage.pass(await away(stage.namespace)), 'web');
    assert.deepEqual(outcome.ownership, {
      referencesAdded: [],
      referencesRemoved: owned,
      finalizer: 'removed',
    });
    await rollouts('Deployment', stage.namespace, 'web');
    assert.deepEqual(await all(), before);
    assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
    for (const [kind, name] of [
      ['ConfigMap', 'settings'],
      ['Deployment', 'web'],
    ] as const) {
      await api.patch(
        path(kind, stage.namespace, name),
        { metadata: { finalizers: null } },
        'merge',
      );
    }
  });
}

/**
 * A Deployment without the hash, which wave-cron leaves in place, and without the fields that its controller
 * counts.
 */
function withoutHash({ metadata, spec, ...object }: KubernetesObject) {
  const { status: _, ...rest } = object;
  const { annotations = {}, ...kept } = metadata;
  const {
    'deployment.kubernetes.io/revision': __,
    [`${prefix}/update-on-config-change`]: ___,
    [`${prefix}/written-hash`]: ____,
    [`${prefix}/rollout-history`]: _____,
    ...own
  } = annotations;
  const { template, ...others } = spec as {
    template: { metadata: { annotations?: Record<string, string> } };
  };
  const { annotations: written = {}, ...templateMetadata } = template.metadata;
  assert.deepEqual(
    Object.keys(written).filter((key) => !key.startsWith(`${prefix}/config-`)),
    [],
  );
  return {
    ...rest,
    metadata: { ...kept, annotations: own },
    spec: { ...others, template: { ...template, metadata: templateMetadata } },
  };
}

test('the owner references and finalizers of other programs survive, even a reference to kube-system', async (t) => {
  const stage = await ownershipStage(t);
  const namespaceReference = {
    apiVersion: 'v1',
    kind: 'Namespace',
    name: 'kube-system',
    uid: stage.lastingUid,
  };
  await stage.source('ConfigMap', 'settings', { ownerReferences: [namespaceReference] });
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Deployment/web', 'Namespace']);
  await stage.pass({ ownership: 'off' });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Namespace']);
});

test("another controller's reference to another Deployment does not keep wave-cron's reference to kube-system", async (t) => {
  const stage = await ownershipStage(t);
  const uid = await stage.workload('Deployment', 'other', usingOptional({}), { annotations: {} });
  await stage.source('ConfigMap', 'settings', {
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'other', uid }],
  });
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), [
    'Deployment/other',
    'Deployment/web',
    'Namespace',
  ]);
  await stage.pass({ ownership: 'off' });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Deployment/other']);
});

test('a workload that was created again owns its sources again, and the deleted one does not', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  await api.patch(
    path('Deployment', stage.namespace, 'web'),
    { metadata: { finalizers: null } },
    'merge',
  );
  await api.delete(path('Deployment', stage.namespace, 'web'));
  await api.waitFor(path('Deployment', stage.namespace, 'web'), (it) => it === undefined);
  const uid = await stage.workload(
    'Deployment',
    'web',
    usingOptional({ configMaps: ['settings'] }),
  );
  await stage.pass();
  await api.waitFor(
    path('ConfigMap', stage.namespace, 'settings'),
    (it) => it?.metadata.ownerReferences?.length === 2,
    { what: 'the garbage collector to take the reference to the former one away' },
  );
  const { metadata } = await stage.get('ConfigMap', 'settings');
  assert.deepEqual(
    new Set(metadata.ownerReferences?.map((each) => each.uid)),
    new Set([uid, stage.lastingUid]),
  );
});

test('a workload with the finalizer is found and cleaned up, even if it has lost its annotations', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  await api.patch(
    path('Deployment', stage.namespace, 'web'),
    { metadata: { annotations: null } },
    'merge',
  );
  const outcome = outcomeOf(await stage.pass(), 'web');
  assert.equal(outcome.reason, 'OptedOut');
  assert.deepEqual(outcome.ownership, {
    referencesAdded: [],
    referencesRemoved: ['ConfigMap/settings'],
    finalizer: 'removed',
  });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
  const { metadata } = await stage.get('Deployment', 'web');
  assert.equal(metadata.finalizers, undefined);
  assert.equal(metadata.annotations?.[recordAnnotation], undefined);
});

test('a workload without a decision keeps its owner references', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  const pod = using({ configMap: 'settings' });
  await stage.workload('Deployment', 'web', pod);
  await stage.pass();
  await api.delete(path('ConfigMap', stage.namespace, 'settings'));
  const report = await stage.pass();
  assert.equal(outcomeOf(report, 'web').reason, 'MissingSource');
  assert.deepEqual(await stage.carried('Deployment', 'web'), {
    finalizer: true,
    record: ['ConfigMap/settings'],
  });
  assert.equal(typeof (await stage.get('Deployment', 'web')).metadata.uid, 'string');
  const { spec } = await stage.get('Deployment', 'web');
  assert.ok(JSON.stringify(spec).includes(hashAnnotation));
});
