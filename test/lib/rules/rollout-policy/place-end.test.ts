import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeEnd } from '../../../../lib/rules/rollout-policy/place-end.ts';
import { minutes, now } from './rules.ts';

test('a place ends with the deadline, or a minute later if its controller reports the failure at that time', () => {
  const end = (ownDeadlineMs?: number) => {
    const state = { phase: 'unfinished', failure: 'not known' } as const;
    return placeEnd(
      now,
      ownDeadlineMs === undefined ? state : { ...state, ownDeadlineMs },
      600_000,
    );
  };
  assert.equal(end(), minutes(10));
  assert.equal(end(600_000), minutes(11));
  assert.equal(end(1_000), minutes(11));
  assert.equal(end(600_001), minutes(10));
});
