import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reason, reasons } from '../../../lib/rules/reason.ts';
import { ownStates, urgencyOf } from '../../../lib/status/state.ts';
import { urgencies } from '../../../lib/status/urgency.ts';

test('every reason code and every other state has an urgency, and warnings need a person', () => {
  for (const reason of Object.keys(reasons) as Reason[]) {
    const urgency = urgencyOf(reason);
    assert.ok(urgencies.includes(urgency), reason);
    if (reasons[reason].isWarning) assert.equal(urgency, 'person', reason);
  }
  const own = (Object.keys(ownStates) as (keyof typeof ownStates)[]).map(urgencyOf);
  assert.deepEqual(own, ['person', 'pods', 'unknown', 'moving', 'recent']);
});

test('the other states do not have names of reason codes', () => {
  for (const state of Object.keys(ownStates)) assert.ok(!Object.hasOwn(reasons, state), state);
});
