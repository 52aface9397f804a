import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { amountOf, parseAmount } from '../../../lib/text/amount.ts';

suite('an amount of workloads', () => {
  test('is a number from 1, or a share in percent', () => {
    assert.deepEqual(parseAmount('5'), { count: 5 });
    assert.deepEqual(parseAmount('100000'), { count: 100_000 });
    assert.deepEqual(parseAmount('10%'), { percent: 10 });
    assert.deepEqual(parseAmount('100%'), { percent: 100 });
    for (const other of [
      '',
      '0',
      '0%',
      '101%',
      '-1',
      '1.5',
      '1e3',
      '%',
      '5 %',
      ' 5',
      '100001',
      'all',
    ]) {
      assert.equal(parseAmount(other), undefined, other);
    }
  });

  test('that is a share is rounded up, and at least 1', () => {
    assert.equal(amountOf({ percent: 10 }, 60), 6);
    assert.equal(amountOf({ percent: 10 }, 61), 7);
    assert.equal(amountOf({ percent: 7 }, 100), 7);
    assert.equal(amountOf({ percent: 1 }, 3), 1);
    assert.equal(amountOf({ percent: 50 }, 0), 1);
    assert.equal(amountOf({ count: 5 }, 2), 5);
  });
});
