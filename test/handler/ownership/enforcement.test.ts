/**
 * A cluster with the admission plugin OwnerReferencesPermissionEnforcement, which some distributions enable by
 * default: an account may change the owner references of an object only if it may delete the object.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { connectWith, path } from '../../../tools/control-plane/api.ts';
import {
  type ControlPlane,
  startControlPlane,
} from '../../../tools/control-plane/control-plane.ts';
import { controlPlaneVariable } from '../../../tools/control-plane/running-cluster.ts';
import {
  type Rule,
  type ServiceAccount,
  serviceAccount,
  testCluster,
} from '../../../tools/control-plane/testing.ts';
import { type Check, notGranted, runCheck } from '../../jobs/run-check.ts';
import {
  getting,
  hashAnnotation,
  outcomeOf,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnRevisions,
  permissionsOnWorkloads,
  reasonsIn,
  templateAnnotations,
} from '../run-pass.ts';
import { ownershipShop, type Stage } from './stage.ts';

const onSources = (...verbs: string[]): Rule => ({
  apiGroups: [''],
  resources: ['configmaps', 'secrets'],
  verbs,
});

/** All permissions that the settings need in a cluster without the plugin. */
const usual: readonly Rule[] = [
  ...permissionsOnWorkloads,
  permissionsOnRevisions,
  permissionsOnEvents,
  getting('configmaps', 'secrets'),
  ...permissionsOfOwnership,
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['create', 'get', 'patch'],
  },
];

async function shop(t: TestContext): Promise<Stage> {
  const stage = await ownershipShop(t);
  const sample = path('ConfigMap', stage.namespace, 'kube-root-ca.crt');
  await testCluster().api.waitFor(sample, (it) => it !== undefined);
  return stage;
}

const accountWith = (t: TestContext, { namespace }: Stage, rules: readonly Rule[]) =>
  serviceAccount(t, { namespace, rules });

const check = (
  { namespace }: Stage,
  { kubeconfig }: ServiceAccount,
  flags: Record<string, string> = {},
): Promise<Check> =>
  runCheck(kubeconfig, {
    namespaces: namespace,
    'lease.namespace': namespace,
    ownership: 'references',
    ...flags,
  });

suite('if owner references are enforced', () => {
  let controlPlane: ControlPlane;
  before(async () => {
    const admissionPlugins = ['OwnerReferencesPermissionEnforcement'];
    controlPlane = await startControlPlane({ admissionPlugins });
    // From now on, this process uses this cluster.
    process.env[controlPlaneVariable] = controlPlane.folder;
  });
  after(() => controlPlane.stop());

  test('an account without delete still writes the hash, and the message names the permission or setting', async (t) => {
    const stage = await shop(t);
    const { kubeconfig } = await accountWith(t, stage, usual);
    const report = await stage.pass({}, { kubeconfig });
    const { reason, sentence, written } = outcomeOf(report, 'web');
    assert.deepEqual([reason, written, isComplete(report)], ['Failed', true, false]);
    assert.match(
      sentence,
      /got no owner reference: .*; this cluster requires the permission to delete an object for setting its owner references: grant delete on it, or set ownership: off.*; the hash was written/,
    );
    const annotations = await templateAnnotations(stage.namespace, 'web');
    assert.match(annotations[hashAnnotation] ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
    assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
  });

  test('check reports that delete is missing, and an account with the rules from check lacks nothing', async (t) => {
    const stage = await shop(t);
    const found = await check(stage, await accountWith(t, stage, usual));
    assert.deepEqual(
      [found.status, found.ok, found.ownerReferences],
      [1, false, { state: 'needsDelete' }],
    );
    assert.deepEqual(notGranted(found), ['missing: delete configmaps', 'missing: delete secrets']);
    assert.match(
      found.problems[0] ?? '',
      /^missing permission: delete configmaps in namespace \S+ It is needed to change owner references if the admission plugin OwnerReferencesPermissionEnforcement is enabled \(.*ownership: off/,
    );
    const rules = found.missingRules.flatMap((role) => role.rules) as Rule[];
    assert.deepEqual(rules, [onSources('delete')]);
    const granted = await check(stage, await accountWith(t, stage, [...usual, ...rules]));
    assert.deepEqual(
      [granted.status, granted.problems, granted.ownerReferences],
      [0, [], { state: 'allowed' }],
    );
    const sample = await stage.get('ConfigMap', 'kube-root-ca.crt');
    assert.equal(sample.metadata.ownerReferences, undefined);
  });

  test('check finds no problem with ownership: off', async (t) => {
    const stage = await shop(t);
    const found = await check(stage, await accountWith(t, stage, usual), { ownership: 'off' });
    assert.deepEqual([found.status, found.problems, found.ownerReferences], [0, [], undefined]);
  });

  test('an account with delete adds and removes owner references, and needs no permission on the finalizers of a workload', async (t) => {
    const stage = await shop(t);
    const { kubeconfig, token } = await accountWith(t, stage, [...usual, onSources('delete')]);
    assert.deepEqual(reasonsIn(await stage.pass({}, { kubeconfig })), {
      'Deployment/web': 'FirstSeen',
    });
    for (const [kind, name] of [
      ['ConfigMap', 'settings'],
      ['Secret', 'credentials'],
    ] as const) {
      assert.deepEqual(await stage.owners(kind, name), ['Deployment/web', 'Namespace']);
      const { metadata } = await stage.get(kind, name);
      for (const reference of metadata.ownerReferences ?? [])
        assert.deepEqual({ blockOwnerDeletion: false, ...reference }, reference);
    }

    // This request must be rejected. Otherwise, the plugin was not active, and the assertions above prove
    // nothing.
    const { url, caFile } = testCluster().cluster;
    const authority = readFileSync(caFile, 'utf8');
    const account = connectWith({ url, authority, credentials: { token } });
    const { uid } = (await stage.get('Deployment', 'web')).metadata;
    const blocking = { uid, blockOwnerDeletion: true };
    await assert.rejects(
      account.patch(path('ConfigMap', stage.namespace, 'settings'), {
        metadata: { ownerReferences: [blocking] },
      }),
      /cannot set blockOwnerDeletion/,
    );

    await stage.pass({ ownership: 'off' }, { kubeconfig });
    assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
    assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
    assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
  });
});
