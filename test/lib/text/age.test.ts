import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageText } from '../../../lib/text/age.ts';

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];

/** The texts that `kubectl get` prints for these ages. */
const ages: readonly (readonly [number, string])[] = [
  [-5 * second, '0s'],
  [999, '0s'],
  [second, '1s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [5 * minute + 30 * second, '5m30s'],
  [10 * minute + 59 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [7 * hour + 59 * minute, '7h59m'],
  [8 * hour + 59 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [3 * day + 4 * hour, '3d4h'],
  [8 * day + 23 * hour, '8d'],
  [729 * day, '729d'],
  [2 * 365 * day, '2y'],
  [3 * 365 * day + 30 * day, '3y30d'],
  [9 * 365 * day + 30 * day, '9y'],
];

test('an age is written as in kubectl', () => {
  for (const [ms, text] of ages) assert.equal(ageText(ms), text, `${ms} ms`);
});
