import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  changesAnything,
  finalizerChange,
  givenUpInWords,
  noOwnershipChanges,
  type OwnershipChanges,
  plannedChanges,
  stateOfIdlePlan,
  wantsFinalizer,
  withOwnership,
} from '../../../../lib/rules/ownership/changes.ts';
import { nothingOwned, type OwnershipPlan } from '../../../../lib/rules/ownership/plan.ts';
import type { Reason } from '../../../../lib/rules/reason.ts';
import { present, someWorkload } from '../some-workload.ts';

const changes = (more: Partial<OwnershipChanges>): OwnershipChanges => ({
  ...noOwnershipChanges,
  ...more,
});
const plan = (more: Partial<OwnershipPlan> = {}): OwnershipPlan => ({
  ...{ owned: new Map(), stale: new Set(), ...nothingOwned, search: false, complete: true },
  ...{ letGo: false, recordIsOurs: true, notes: [] },
  ...more,
});
const source = (name: string, hasReferences: boolean) => {
  const { uid, owners } = present();
  return [`ConfigMap/${name}`, { kind: 'ConfigMap', name, uid, owners, hasReferences }] as const;
};
const withFinalizer = (finalizer: boolean) =>
  someWorkload({ ownership: { ...someWorkload().ownership, finalizer } });

test('owner references and the finalizer are changes, and notes are not', () => {
  assert.equal(changesAnything(noOwnershipChanges), false);
  assert.equal(changesAnything(changes({ problems: ['a'], warnings: ['b'], notes: ['c'] })), false);
  assert.equal(changesAnything(changes({ referencesAdded: ['ConfigMap/a'] })), true);
  assert.equal(changesAnything(changes({ referencesRemoved: ['ConfigMap/a'] })), true);
  assert.equal(changesAnything(changes({ finalizer: 'added' })), true);
});

suite('a workload needs the finalizer', () => {
  const record = (complete: boolean, ...names: readonly string[]) => ({
    names: new Set(names),
    complete,
  });
  const cases: readonly (readonly [string, boolean, Parameters<typeof wantsFinalizer>])[] = [
    [
      'while it owns anything',
      true,
      [withFinalizer(false), { finalizer: 'while owning' }, record(true, 'Secret/a'), true],
    ],
    [
      'while it may own anything',
      true,
      [withFinalizer(false), { finalizer: 'while owning' }, record(false), true],
    ],
    [
      'unless it owns nothing',
      false,
      [withFinalizer(true), { finalizer: 'while owning' }, record(true), true],
    ],
    [
      'that is to go, until nothing is left to be done',
      true,
      [withFinalizer(true), { finalizer: 'until settled' }, record(true), false],
    ],
    [
      'that is to go, until all is known',
      true,
      [withFinalizer(true), { finalizer: 'until settled' }, record(false), true],
    ],
    [
      'unless all is done',
      false,
      [withFinalizer(true), { finalizer: 'until settled' }, record(true), true],
    ],
    [
      'unless it never had it',
      false,
      [withFinalizer(false), { finalizer: 'until settled' }, record(false, 'Secret/a'), false],
    ],
  ];
  for (const [what, expected, args] of cases) {
    test(what, () => assert.equal(wantsFinalizer(...args), expected));
  }

  test('and the finalizer is added, removed or kept', () => {
    const state = (finalizer: boolean) => ({
      record: { names: new Set<string>(), complete: true },
      ...{ finalizer, keepsPutBack: false },
    });
    const of = (has: boolean, wanted: boolean | undefined) =>
      finalizerChange(withFinalizer(has), wanted === undefined ? undefined : state(wanted));
    assert.deepEqual(
      [of(false, true), of(true, false), of(true, true), of(false, false), of(true, undefined)],
      ['added', 'removed', 'kept', 'kept', 'kept'],
    );
  });
});

suite('what a pass would change', () => {
  test('is the plan', () => {
    const owned = new Map([source('new', false), source('old', true)]);
    const made = plan({ owned, stale: new Set(['Secret/b', 'Secret/a']), notes: ['a note'] });
    assert.deepEqual(plannedChanges(someWorkload(), made), {
      referencesAdded: ['ConfigMap/new'],
      referencesRemoved: ['Secret/a', 'Secret/b'],
      ...{ finalizer: 'kept', problems: [], warnings: [], notes: ['a note'] },
    });
  });

  test('is also the finalizer', () => {
    const owned = new Map([source('new', false)]);
    const made = plan({ owned, finalizer: 'while owning' });
    assert.equal(plannedChanges(someWorkload(), made).finalizer, 'added');
    assert.equal(plannedChanges(withFinalizer(true), plan()).finalizer, 'removed');
  });

  test('does not include references that are given up, which is a warning', () => {
    const made = plan({ givenUp: new Set(['Secret/b', 'Secret/a']) });
    const { warnings, referencesAdded } = plannedChanges(someWorkload(), made);
    assert.deepEqual([warnings, referencesAdded], [givenUpInWords(made), []]);
    assert.match(
      warnings.join(),
      /^another client removed .* Secret\/a, Secret\/b after each of 3 /,
    );
    assert.deepEqual(givenUpInWords(plan()), []);
  });
});

suite('the sentence about ownership', () => {
  const said = (reason: Reason, more: Partial<OwnershipChanges>, hashWritten = false) =>
    withOwnership({ reason, sentence: 'decided' }, changes(more), hashWritten);
  const cases: readonly (readonly [string, ReturnType<typeof said>, Reason, string])[] = [
    ['is the decision', said('UpToDate', {}), 'UpToDate', 'decided'],
    [
      'also has the added references',
      said('UpToDate', { referencesAdded: ['ConfigMap/a'] }),
      'UpToDate',
      'decided; it owns ConfigMap/a',
    ],
    [
      'also has the removed references, the finalizer and notes',
      said('OptedOut', {
        referencesRemoved: ['Secret/a'],
        finalizer: 'removed',
        notes: ['a note'],
      }),
      'OptedOut',
      'decided; it no longer owns Secret/a, its finalizer is removed; a note',
    ],
    [
      'is the problem, which is a failure',
      said('UpToDate', { problems: ['403'] }),
      'Failed',
      '403',
    ],
    [
      'also says that the hash was written',
      said('ConfigChanged', { problems: ['403'] }, true),
      'Failed',
      '403; the hash was written: decided',
    ],
    ['also has another warning', said('Reverted', { problems: ['403'] }), 'Failed', '403; decided'],
    [
      'is a warning that the owner can fix, which is not a failure',
      said('UpToDate', { warnings: ['a warning'] }),
      'OwnershipLimited',
      'a warning',
    ],
    [
      'has another warning and the one that the owner can fix',
      said('Reverted', { warnings: ['a warning'], notes: ['a note'] }),
      'Reverted',
      'a warning; decided; a note',
    ],
  ];
  for (const [what, actual, reason, sentence] of cases) {
    test(what, () => assert.deepEqual(actual, { reason, sentence }));
  }
});

suite('a plan that changes no source', () => {
  test('has a state to record', () => {
    const owned = new Map([source('a', true)]);
    const it = plan({ owned, finalizer: 'while owning', keepsPutBack: true });
    assert.deepEqual(stateOfIdlePlan(withFinalizer(false), it), {
      record: { names: new Set(['ConfigMap/a']), complete: true },
      ...{ finalizer: true, keepsPutBack: true },
    });
  });

  test('records the sources that it no longer owns', () => {
    const state = stateOfIdlePlan(someWorkload(), plan({ givenUp: new Set(['ConfigMap/b']) }));
    assert.deepEqual(state?.record.names, new Set(['ConfigMap/b']));
  });

  const changing: readonly [string, Partial<OwnershipPlan>][] = [
    ['adds a reference', { owned: new Map([source('a', false)]) }],
    ['removes a reference', { stale: new Set(['ConfigMap/a']) }],
    ['has to search for references', { search: true }],
  ];
  for (const [what, more] of changing) {
    test(`does not exist if it ${what}`, () => {
      assert.equal(stateOfIdlePlan(someWorkload(), plan(more)), undefined);
    });
  }
});
