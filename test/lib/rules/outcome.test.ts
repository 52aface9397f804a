import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import type { Decision } from '../../../lib/rules/decision.ts';
import { outcomeOf, plannedOutcome, unhandledOutcome } from '../../../lib/rules/outcome.ts';
import { noOwnershipChanges } from '../../../lib/rules/ownership/changes.ts';
import type { OwnershipPlan } from '../../../lib/rules/ownership/plan.ts';
import { readAnyWorkload } from '../../../lib/rules/workload.ts';

const rules = {
  annotations: annotationKeysOf('wave.pusher.com'),
  crossNamespaceReferences: [],
  adoption: 'stamp',
} as const;
const web = readAnyWorkload('Deployment', { metadata: { namespace: 'shop', name: 'web' } }, rules);
const named = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;

const changed: Decision = {
  reason: 'ConfigChanged',
  sentence: 'ConfigMap/settings changed',
  notes: [],
  changed: ['ConfigMap/settings'],
  hashAnnotations: { hash: 'a'.repeat(64), sources: '{}' },
  schedulingHold: undefined,
  ownership: undefined,
};
const upToDate: Decision = {
  ...changed,
  reason: 'UpToDate',
  sentence: 'it is current',
  changed: [],
  hashAnnotations: undefined,
};
const written = { written: true, ownership: noOwnershipChanges };
const nothing = { written: false, ownership: noOwnershipChanges };

suite('the outcome of a decision', () => {
  test('is the decision with its notes, if all of it was done', () => {
    const decision = { ...changed, notes: ['one note', 'another'] };
    assert.deepEqual(outcomeOf(web, decision, written), {
      ...named,
      reason: 'ConfigChanged',
      sentence: 'ConfigMap/settings changed; one note; another',
      changed: ['ConfigMap/settings'],
      written: true,
    });
  });

  test('says since when a change is held, and until when if that is known', () => {
    const [since, until] = ['2026-11-30T07:00:00Z', '2026-11-30T08:00:00Z'].map(Date.parse);
    const held = (more: object) =>
      outcomeOf(web, { ...upToDate, held: { since: since ?? 0, ...more } }, nothing).held;
    assert.deepEqual(held({}), { since: '2026-11-30T07:00:00Z' });
    assert.deepEqual(held({ until }), {
      since: '2026-11-30T07:00:00Z',
      until: '2026-11-30T08:00:00Z',
    });
  });

  test('says which owner references changed', () => {
    const ownership = {
      ...noOwnershipChanges,
      referencesAdded: ['ConfigMap/settings'],
      finalizer: 'added',
    } as const;
    const outcome = outcomeOf(web, upToDate, { written: false, ownership });
    assert.deepEqual(outcome.ownership, {
      referencesAdded: ['ConfigMap/settings'],
      referencesRemoved: [],
      finalizer: 'added',
    });
    assert.match(outcome.sentence, /^it is current; it owns ConfigMap\/settings/);
  });

  for (const [list, decision, done, reason, sentence] of [
    ['problems', upToDate, nothing, 'Failed', 'refused'],
    ['problems', changed, written, 'Failed', /^refused; the hash was written: Conf/],
    ['warnings', upToDate, nothing, 'OwnershipLimited', 'refused'],
    [
      'warnings',
      { ...upToDate, reason: 'MissingSource', sentence: 'Secret/s is missing' },
      nothing,
      'MissingSource',
      'refused; Secret/s is missing',
    ],
  ] as const) {
    test(`is ${reason} if ownership has ${list} and the decision was ${decision.reason}`, () => {
      const ownership = { ...noOwnershipChanges, [list]: ['refused'] };
      const outcome = outcomeOf(web, decision, { ...done, ownership });
      assert.equal(outcome.reason, reason);
      if (typeof sentence === 'string') assert.equal(outcome.sentence, sentence);
      else assert.match(outcome.sentence, sentence);
      assert.equal(outcome.written, done.written);
    });
  }

  test('is SchedulingDisabled if upstream Wave keeps its Pods from being scheduled', () => {
    const decision = { ...changed, schedulingHold: 'no Pod of it is scheduled' };
    const outcome = outcomeOf(web, decision, written);
    assert.equal(outcome.reason, 'SchedulingDisabled');
    assert.equal(outcome.sentence, 'no Pod of it is scheduled; ConfigMap/settings changed');
  });

  test('says why its Pods do not follow', () => {
    const decision = { ...upToDate, blockers: ['it is paused'] };
    assert.deepEqual(outcomeOf(web, decision, nothing).blockers, ['it is paused']);
  });
});

suite('the outcome in a plan', () => {
  test('is that of a pass in which everything succeeds', () => {
    assert.deepEqual(plannedOutcome(web, changed), outcomeOf(web, changed, written));
    assert.deepEqual(plannedOutcome(web, upToDate), outcomeOf(web, upToDate, nothing));
  });

  test('has the owner references that would change', () => {
    const ownership: OwnershipPlan = {
      owned: new Map(),
      stale: new Set(['Secret/old']),
      lost: new Set(),
      givenUp: new Set(),
      keepsPutBack: false,
      finalizer: 'until settled',
      search: false,
      complete: true,
      letGo: false,
      recordIsOurs: true,
      notes: ['a note'],
    };
    const outcome = plannedOutcome(web, { ...upToDate, ownership });
    assert.deepEqual(outcome.ownership?.referencesRemoved, ['Secret/old']);
    assert.match(outcome.sentence, /^it is current; .*Secret\/old.*; a note$/);
  });
});

test('of a workload that could not be handled has no write, but still has what was removed before', () => {
  const said = { reason: 'Conflict', sentence: 'it was changed' } as const;
  const outcome = { ...named, ...said, changed: [], written: false };
  assert.deepEqual(unhandledOutcome(web, said), outcome);
  const ownership = { ...noOwnershipChanges, referencesRemoved: ['Secret/old'] };
  const { referencesAdded, referencesRemoved, finalizer } = ownership;
  assert.deepEqual(unhandledOutcome(web, said, ownership), {
    ...outcome,
    ownership: { referencesAdded, referencesRemoved, finalizer },
  });
});
