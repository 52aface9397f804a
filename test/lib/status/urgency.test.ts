import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reason, reasons } from '../../../lib/rules/reason.ts';
import { ownStates, type State, urgencyOf } from '../../../lib/status/state.ts';
import { urgencies } from '../../../lib/status/urgency.ts';

test('each urgency is that of a state, and workloads that need a person come first', () => {
  const states: State[] = [
    ...(Object.keys(reasons) as Reason[]),
    ...(Object.keys(ownStates) as (keyof typeof ownStates)[]),
  ];
  assert.deepEqual(new Set(states.map(urgencyOf)), new Set(urgencies));
  assert.equal(urgencies[0], 'person');
});
