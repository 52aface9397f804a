import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOrder } from '../../../../lib/rules/rollout-policy/rollout-order.ts';

test('an order is a whole number, 0 if there is none, and anything else is refused', () => {
  assert.equal(parseOrder(undefined), 0);
  for (const [text, order] of [
    ['0', 0],
    ['7', 7],
    ['-3', -3],
    ['007', 7],
    ['1000000', 1_000_000],
  ] as const) {
    assert.equal(parseOrder(text), order);
  }
  for (const text of ['', ' 1', '1.5', 'first', '1e2', '+1', '1000001', '99999999999']) {
    assert.deepEqual(parseOrder(text), {
      problem: `is "${text}": it must be a whole number from -1000000 to 1000000`,
    });
  }
});
