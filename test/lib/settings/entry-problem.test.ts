import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryProblem } from '../../../lib/settings/entry-problem.ts';

const error = {
  ...{ keyword: 'type', params: {} },
  parentSchema: { type: 'string', allowed: 'the path of a file' },
};

test('a fault in a list of mappings names the setting, the entry and the member', () => {
  assert.deepEqual(entryProblem(error, ['notifications', '1', 'caFile']), {
    path: 'notifications',
    problem: 'has a fault in entry 2: caFile must be the path of a file',
  });
});

test('faults of other settings are not described here', () => {
  assert.equal(entryProblem(error, ['lease', 'name']), undefined);
  assert.equal(entryProblem(error, ['rollouts', 'windows', '0']), undefined);
});
