import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectMeta, OwnerReference } from '../../../../lib/kubernetes/objects.ts';
import {
  addReferencesPatch,
  carriedReferences,
  growth,
  hasLastingOwner,
  hasManyOwners,
  hasOwner,
  hasReferencesTo,
  isOwnerByUs,
  maxOwners,
  ownersOf,
  planRemoval,
  removeReferencesPatch,
  type Whose,
} from '../../../../lib/rules/ownership/owner-references.ts';

const namespace: OwnerReference = {
  apiVersion: 'v1',
  kind: 'Namespace',
  name: 'kube-system',
  uid: 'ns',
};
/** The owner reference that earlier versions added instead of kube-system. */
const former: OwnerReference = { ...namespace, name: 'shop', uid: 'shop' };
const web: OwnerReference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'web' };
const other: OwnerReference = { ...web, name: 'other', uid: 'other' };
const asWave = { controller: false, blockOwnerDeletion: true };

/** A source with these owner references. `written` has the uids of the references that each field manager wrote. */
function source(
  ownerReferences: readonly OwnerReference[],
  written: Readonly<Record<string, readonly string[]>>,
): ObjectMeta {
  return {
    ...{ name: 'login', namespace: 'shop', uid: 'login', resourceVersion: '7' },
    ownerReferences,
    managedFields: Object.entries(written).map(([manager, uids]) => ({
      manager,
      fieldsV1: {
        'f:metadata': {
          'f:ownerReferences': Object.fromEntries(
            ['.', ...uids.map((uid) => `k:{"uid":"${uid}"}`)].map((key) => [key, {}]),
          ),
        },
      },
    })),
  };
}

const us = 'wave-cron';
/** The plan to remove the owner references to Deployment `web`, in short. */
const letGo = (metadata: ObjectMeta, whose: Whose = 'ours') => {
  const { gone, left, unsafe } = planRemoval(metadata, new Set(['web']), whose);
  return { gone: gone.map(({ uid }) => uid), left, unsafe };
};

test("wave-cron's reference to the own namespace is replaced by one to kube-system, in one patch for the version that was read", () => {
  const workload = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'web' } as const;
  const metadata = source([web, former], { [us]: ['web', 'shop'] });
  const owners = ownersOf(metadata);
  assert.equal(hasReferencesTo(owners, 'web'), false);
  assert.equal(growth(owners, 'web'), 0);
  assert.deepEqual(addReferencesPatch({ uid: 'login', owners }, workload, 'ns'), {
    metadata: {
      uid: 'login',
      resourceVersion: '7',
      ownerReferences: [
        { $patch: 'delete', uid: 'shop' },
        { ...namespace, controller: false, blockOwnerDeletion: false },
      ],
    },
  });
  const done = ownersOf(source([web, namespace], { [us]: ['web', 'ns'] }));
  assert.equal(hasReferencesTo(done, 'web'), true);
  const theirs = ownersOf(
    source([web, namespace, former], { [us]: ['web', 'ns'], helm: ['shop'] }),
  );
  assert.equal(hasReferencesTo(theirs, 'web'), true);
});

test("with wave-cron's last reference, both the one to kube-system and the one to the own namespace are removed", () => {
  const all = source([web, namespace, former], { [us]: ['web', 'ns', 'shop'] });
  assert.deepEqual(letGo(all), { gone: ['web', 'ns', 'shop'], left: false, unsafe: false });
});

test('in kube-system, its own namespace is not a former owner', () => {
  const metadata = {
    ...source([web, namespace], { [us]: ['web', 'ns'] }),
    namespace: 'kube-system',
  };
  assert.equal(hasReferencesTo(ownersOf(metadata), 'web'), true);
});

test('both references are removed if wave-cron wrote both', () => {
  const all = source([web, namespace], { [us]: ['web', 'ns'] });
  assert.deepEqual(letGo(all), { gone: ['web', 'ns'], left: false, unsafe: false });
});

test('in a pass, a reference to the workload that others manage too stays, and so does the one to the namespace', () => {
  const stays = { gone: [], left: true, unsafe: false };
  for (const written of [
    { helm: ['web'], [us]: ['ns'] },
    { [us]: ['web', 'ns'], helm: ['web'] },
    { [us]: ['ns'] },
  ]) {
    assert.deepEqual(letGo(source([web, namespace], written)), stays);
  }
});

test('without a reference to a namespace that certainly exists, the remaining references are unsafe', () => {
  const unsafe = { gone: [], left: true, unsafe: true };
  assert.deepEqual(letGo(source([web], { helm: ['web'] })), unsafe);
  assert.deepEqual(letGo(source([web, namespace], { helm: ['web', 'ns'] })), unsafe);
});

test("a uid of two references is not removed, because both would be removed, and one of them is another client's", () => {
  const twice = source([web, { ...web, kind: 'StatefulSet' }, namespace], { [us]: ['web', 'ns'] });
  assert.deepEqual(letGo(twice), { gone: [], left: true, unsafe: false });
  const under = source([web, { ...other, uid: 'ns' }, namespace], { [us]: ['web', 'ns'] });
  assert.deepEqual(letGo(under), { gone: ['web'], left: false, unsafe: false });
});

test("the reference to the namespace stays for another workload's reference by wave-cron, by upstream Wave or without a manager", () => {
  const ours = { gone: ['web'], left: false, unsafe: false };
  const last = { gone: ['web', 'ns'], left: false, unsafe: false };
  const both = [web, other, namespace];
  assert.deepEqual(letGo(source(both, { [us]: ['web', 'other', 'ns'] })), ours);
  assert.deepEqual(letGo(source(both, { [us]: ['web', 'ns'] })), ours);
  assert.deepEqual(letGo(source(both, { [us]: ['web', 'ns'], helm: ['other'] })), last);
  const ofWave = [web, { ...other, ...asWave }, namespace];
  assert.deepEqual(letGo(source(ofWave, { [us]: ['web', 'ns'], manager: ['other'] })), ours);
});

test('a release also removes references by upstream Wave and without a manager, but not those of other programs', () => {
  const taken = { gone: ['web', 'ns'], left: false, unsafe: false };
  const whose = 'ours or of Wave';
  const ofWave = [{ ...web, ...asWave }, namespace];
  assert.deepEqual(letGo(source(ofWave, { [us]: ['ns'], manager: ['web'] }), whose), taken);
  assert.deepEqual(letGo(source([web, namespace], {}), whose), taken);
  const controlled = [{ ...web, controller: true, blockOwnerDeletion: true }, namespace];
  for (const references of [[web, namespace], controlled]) {
    const written = { [us]: ['ns'], helm: ['web'] };
    assert.deepEqual(letGo(source(references, written), whose), { ...taken, gone: ['ns'] });
  }
});

test('the patch that removes references is for the version that was read, and adds the namespace on request', () => {
  const metadata = source([web], { helm: ['web'] });
  assert.equal(removeReferencesPatch(metadata, { gone: [] }, undefined), undefined);
  assert.deepEqual(removeReferencesPatch(metadata, { gone: [other] }, 'ns'), {
    metadata: {
      uid: 'login',
      resourceVersion: '7',
      ownerReferences: [
        { $patch: 'delete', uid: 'other' },
        { ...namespace, controller: false, blockOwnerDeletion: false },
      ],
    },
  });
});

test('the patch only removes references if the namespace is not requested', () => {
  const patch = removeReferencesPatch(source([web], {}), { gone: [web] }, undefined);
  assert.deepEqual(patch, {
    metadata: {
      ...{ uid: 'login', resourceVersion: '7' },
      ownerReferences: [{ $patch: 'delete', uid: 'web' }],
    },
  });
});

test('a reference without a uid belongs to no workload, and stays', () => {
  const odd = { ...web, uid: null };
  const metadata = source([odd, web, namespace], { [us]: ['web', 'ns'] });
  assert.deepEqual(letGo(metadata), { gone: ['web'], left: false, unsafe: false });
});

test('a source without a namespace has no former reference to its namespace', () => {
  const { former: uids } = ownersOf({ ownerReferences: [namespace, former] });
  assert.equal(uids, '');
});

test("only the references that no other client wrote are wave-cron's", () => {
  const owners = ownersOf(
    source([web, other, namespace], { [us]: ['web', 'ns'], helm: ['other'] }),
  );
  assert.deepEqual(
    [owners.ours, isOwnerByUs(owners, 'web'), isOwnerByUs(owners, 'other')],
    ['web ns', true, false],
  );
});

test('no reference to the namespace replaces another one with its uid', () => {
  const workload = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'web' } as const;
  const owners = ownersOf(source([{ ...other, uid: 'ns' }], { helm: ['ns'] }));
  assert.equal(addReferencesPatch({ uid: 'login', owners }, workload, 'ns'), undefined);
});

test('a source without an owner gets both references, with any version', () => {
  const workload = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'web' } as const;
  const owners = ownersOf({});
  assert.deepEqual([owners.count, growth(owners, 'web')], [0, 2]);
  const passive = { controller: false, blockOwnerDeletion: false };
  assert.deepEqual(addReferencesPatch({ uid: 'login', owners }, workload, 'ns'), {
    metadata: {
      uid: 'login',
      ownerReferences: [
        { ...web, ...passive },
        { ...namespace, ...passive },
      ],
    },
  });
});

test('a source that another workload uses only gets the reference to the workload, for the version that was read', () => {
  const workload = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'web' } as const;
  const owners = ownersOf(source([other, namespace], { [us]: ['other', 'ns'] }));
  assert.equal(growth(owners, 'web'), 1);
  assert.deepEqual(addReferencesPatch({ uid: 'login', owners }, workload, 'ns'), {
    metadata: {
      ...{ uid: 'login', resourceVersion: '7' },
      ownerReferences: [{ ...web, controller: false, blockOwnerDeletion: false }],
    },
  });
});

test('nothing is removed from a source without owner references, and there is no patch', () => {
  assert.deepEqual(letGo({}), { gone: [], left: false, unsafe: false });
  assert.equal(removeReferencesPatch({}, { gone: [] }, undefined), undefined);
});

test('invalid uids, and owners beyond the limit, name no owner', () => {
  const odd = ownersOf(
    source(
      [
        { ...web, uid: null },
        { ...web, uid: 'a b' },
      ],
      {},
    ),
  );
  assert.deepEqual([odd.uids, odd.count, isOwnerByUs(odd, 'a')], ['', 2, false]);
  const crowd = (count: number) =>
    source(
      Array.from({ length: count }, (_, i) => ({ ...web, uid: `u${i}` })),
      {},
    );
  assert.equal(ownersOf(crowd(2 * maxOwners)).uids.split(' ').length, 2 * maxOwners);
  assert.equal(ownersOf(crowd(2 * maxOwners + 1)).uids, '');
  assert.deepEqual(
    [hasManyOwners(crowd(2 * maxOwners)), hasManyOwners(crowd(2 * maxOwners + 1))],
    [false, true],
  );
});

test('the owners of a source are read', () => {
  const all = source([web, namespace], { [us]: ['web', 'ns'] });
  assert.deepEqual(
    [hasOwner(all, 'web'), hasOwner(all, 'other'), hasOwner({}, 'web')],
    [true, false, false],
  );
  assert.deepEqual(
    [hasLastingOwner(all, 'ns'), hasLastingOwner(all, 'invented'), hasLastingOwner({}, 'ns')],
    [true, false, false],
  );
  assert.equal(hasManyOwners({}), false);
});

test('a source has references to workloads, each with its writer', () => {
  const job: OwnerReference = { apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid: 'job' };
  const set: OwnerReference = { ...web, kind: 'ReplicaSet', uid: 'set' };
  const ofWave = { ...other, kind: 'StatefulSet', ...asWave };
  const daemon: OwnerReference = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
  const metadata = source([job, set, web, ofWave, daemon, namespace], {
    [us]: ['web', 'ns'],
    wave: ['other'],
  });
  assert.deepEqual(carriedReferences(metadata), {
    workloads: [
      { kind: 'Deployment', name: 'web', uid: 'web', ours: true, released: true },
      { kind: 'StatefulSet', name: 'other', uid: 'other', ours: false, released: true },
      { kind: 'DaemonSet', name: '', uid: '', ours: false, released: true },
    ],
    lastingByUs: true,
  });
  const theirs = source([{ ...web, controller: true }, former], { helm: ['web', 'shop'] });
  const { workloads, lastingByUs } = carriedReferences(theirs);
  assert.deepEqual([workloads.map(({ released }) => released), lastingByUs], [[false], false]);
  assert.deepEqual(carriedReferences({}), { workloads: [], lastingByUs: false });
});
