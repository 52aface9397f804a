import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldBecause } from '../../../../lib/rules/rollout-policy/hold.ts';

test('a hold says what changed, why nothing is written, and until when', () => {
  assert.equal(
    heldBecause(['ConfigMap/a', 'Secret/b'], 'it rains', 'the sun shines'),
    'its configuration changed (ConfigMap/a, Secret/b), but it rains: nothing is written until the sun shines, then it restarts once with the current configuration',
  );
  assert.match(heldBecause([], 'it rains', 'noon'), /^its hash is to be written, but it rains: /);
  const many = Array.from({ length: 9 }, (_, i) => `Secret/${i}`);
  assert.match(
    heldBecause(many, 'it rains', 'noon'),
    /\(Secret\/0, Secret\/1, Secret\/2 and 6 more\)/,
  );
});
