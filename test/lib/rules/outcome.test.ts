import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Decision, decisionOf } from '../../../lib/rules/decision.ts';
import { outcomeOf, plannedOutcome, unhandledOutcome } from '../../../lib/rules/outcome.ts';
import { noOwnershipChanges } from '../../../lib/rules/ownership/changes.ts';
import type { Outcome } from '../../../lib/rules/report.ts';
import {
  present,
  readingsOf,
  referencing,
  someHash,
  someProposal,
  someWorkload,
} from './some-workload.ts';

const web = someWorkload({ configuration: referencing('ConfigMap/settings') });
const readings = readingsOf({ 'ConfigMap/settings': present() });
const name = { kind: 'Deployment', namespace: 'shop', name: 'web' };
const ofHash: Decision = decisionOf(
  web,
  someProposal('ConfigChanged', {
    ...{ hashAnnotations: someHash, changed: ['ConfigMap/settings'], notes: ['a note'] },
  }),
  readings,
  'references',
);
const added: NonNullable<Outcome['ownership']> = {
  ...{ referencesAdded: ['ConfigMap/settings'], referencesRemoved: [] },
  finalizer: 'kept',
};

suite('the outcome of a decision', () => {
  test('is what was done, in one sentence', () => {
    const done = { written: true, ownership: { ...noOwnershipChanges, ...added } };
    assert.deepEqual(outcomeOf(web, ofHash, done), {
      ...{ ...name, reason: 'ConfigChanged', written: true, changed: ['ConfigMap/settings'] },
      sentence: 'why it is ConfigChanged; a note; it owns ConfigMap/settings',
      ownership: added,
    });
  });

  test('says nothing of ownership if nothing was changed', () => {
    const outcome = outcomeOf(web, ofHash, { written: true, ownership: noOwnershipChanges });
    assert.equal('ownership' in outcome, false);
  });

  test('is Failed if owner references could not be added, though the hash was written', () => {
    const ownership = { ...noOwnershipChanges, problems: ['403'] };
    const { reason, written, sentence } = outcomeOf(web, ofHash, { written: true, ownership });
    assert.deepEqual([reason, written], ['Failed', true]);
    assert.match(sentence, /^403; the hash was written/);
  });

  test('is SchedulingDisabled if upstream Wave holds the workload back', () => {
    const held = { ...ofHash, schedulingHold: 'it is held' };
    const done = { written: true, ownership: noOwnershipChanges };
    assert.equal(outcomeOf(web, held, done).reason, 'SchedulingDisabled');
  });

  test('has what keeps its Pods from following', () => {
    const stuck = { ...ofHash, blockers: ['it is paused'] };
    const done = { written: false, ownership: noOwnershipChanges };
    assert.deepEqual(outcomeOf(web, stuck, done).blockers, ['it is paused']);
  });
});

test('the outcome in a plan is that of a pass to which nothing happens', () => {
  const done = { written: true, ownership: { ...noOwnershipChanges, ...added } };
  assert.deepEqual(plannedOutcome(web, ofHash), outcomeOf(web, ofHash, done));
  const nothing = decisionOf(web, someProposal('MissingSource'), readings, 'off');
  const { written, ownership } = plannedOutcome(web, nothing);
  assert.deepEqual([written, ownership], [false, undefined]);
});

test('the outcome of a workload that could not be handled has what was done all the same', () => {
  const said = { reason: 'Failed', sentence: 'why' } as const;
  assert.deepEqual(unhandledOutcome(web, said), { ...name, ...said, changed: [], written: false });
  const { ownership } = unhandledOutcome(web, said, { ...noOwnershipChanges, ...added });
  assert.deepEqual(ownership, added);
});
