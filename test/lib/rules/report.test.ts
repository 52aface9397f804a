import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { byName } from '../../../lib/kubernetes/names.ts';
import type { PassReason, Reason } from '../../../lib/rules/reason.ts';
import {
  boundOutcome,
  countReasons,
  isChange,
  isComplete,
  listName,
  type Outcome,
  type Report,
} from '../../../lib/rules/report.ts';

const outcome = (reason: Reason, more: Partial<Outcome> = {}): Outcome => ({
  ...{ kind: 'Deployment', namespace: 'shop', name: 'web' },
  ...{ reason, sentence: 'a sentence', changed: [], written: false },
  ...more,
});
const ownership = { referencesAdded: [], referencesRemoved: [], finalizer: 'kept' } as const;

suite('an outcome', () => {
  test('is unchanged if it is small', () => {
    const small = outcome('ConfigChanged', {
      changed: ['ConfigMap/a'],
      blockers: ['it is paused'],
      ownership: { ...ownership, referencesAdded: ['ConfigMap/a'] },
    });
    assert.deepEqual(boundOutcome(small), small);
    assert.deepEqual(boundOutcome(outcome('UpToDate')), outcome('UpToDate'));
  });

  test('is limited in size, and says how much is left out', () => {
    const many = Array.from({ length: 23 }, (_, i) => `ConfigMap/c${i}`);
    const bounded = boundOutcome(
      outcome('ConfigChanged', {
        sentence: `\u0007${'x'.repeat(5000)}`,
        changed: many,
        ownership: { ...ownership, referencesAdded: many, referencesRemoved: many.slice(1) },
      }),
    );
    assert.ok(bounded.sentence.startsWith('\\u{7}x') && bounded.sentence.length <= 1024);
    assert.deepEqual([bounded.changed, bounded.changedLeftOut], [many.slice(0, 20), 3]);
    assert.deepEqual(bounded.ownership, {
      referencesAdded: many.slice(0, 20),
      referencesAddedLeftOut: 3,
      referencesRemoved: many.slice(1, 21),
      referencesRemovedLeftOut: 2,
      finalizer: 'kept',
    });
  });

  test('is a change if its template, the workload or its sources were written', () => {
    assert.equal(isChange(outcome('ConfigChanged', { written: true })), true);
    assert.equal(isChange(outcome('Adopted')), true);
    assert.equal(isChange(outcome('UpToDate', { ownership })), true);
    assert.equal(isChange(outcome('UpToDate')), false);
    assert.equal(isChange(outcome('ConfigChanged')), false);
  });
});

suite('a report', () => {
  const report = (
    pass: PassReason,
    reasons: readonly Reason[] = [],
    listProblems: Report['listProblems'] = [],
  ): Report => {
    const outcomes = reasons.map((reason) => outcome(reason));
    const numbers = { unreached: 0, eventsLost: 0, requests: 0, bytesRead: 0, durationMs: 0 };
    return { pass, outcomes, listProblems, counts: countReasons(outcomes), ...numbers };
  };

  test('counts its reasons', () => {
    const { counts } = report('Completed', ['UpToDate', 'Failed', 'UpToDate']);
    assert.deepEqual(counts, { UpToDate: 2, Failed: 1 });
  });

  const cases: readonly (readonly [string, Report, boolean])[] = [
    ['is complete without workloads', report('Completed'), true],
    ['is complete if another process did the pass', report('LeaseHeld'), true],
    [
      'is complete with warnings that owners can mend',
      report('Completed', ['MissingSource']),
      true,
    ],
    ['is incomplete if the pass lost its Lease', report('LeaseLost'), false],
    ['is incomplete if the pass was interrupted', report('Interrupted'), false],
    [
      'is incomplete with a source that could not be read',
      report('Completed', ['UpToDate', 'UnreadableSource']),
      false,
    ],
    [
      'is incomplete with a list that was refused',
      report('Completed', [], [{ what: 'Deployments', why: '403' }]),
      false,
    ],
  ];
  for (const [what, it, expected] of cases) {
    test(what, () => assert.equal(isComplete(it), expected));
  }

  test('names a list by its kind and namespace', () => {
    assert.equal(listName('DaemonSet', undefined), 'DaemonSets');
    assert.equal(listName('DaemonSet', 'shop'), 'DaemonSets of namespace shop');
  });

  test('is sorted by namespace, then kind, then name, by code units', () => {
    const texts = ['a/B/c', 'a/C/a', 'a/C/b', 'b/A/a'];
    const named = texts.map((text) => {
      const [namespace = '', kind = '', name = ''] = text.split('/');
      return { namespace, kind, name };
    });
    fc.assert(
      fc.property(fc.shuffledSubarray(named, { minLength: named.length }), (shuffled) => {
        assert.deepEqual(shuffled.toSorted(byName), named);
      }),
    );
  });
});
