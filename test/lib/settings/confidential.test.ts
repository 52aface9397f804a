import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingAt } from '../../../lib/settings/all-settings.ts';
import { confidentialMasked, hasConfidentialPart } from '../../../lib/settings/confidential.ts';

test('the URL of a sink is masked, and the rest of it is shown', () => {
  const { schema } = settingAt('notifications');
  assert.equal(hasConfidentialPart(schema), true);
  const sinks = [{ format: 'slack', url: 'https://example.com/secret' }, { urlFile: '/run/url' }];
  assert.deepEqual(confidentialMasked(sinks, schema), [
    { format: 'slack', url: '***' },
    { urlFile: '/run/url' },
  ]);
});

test('other settings have no secret parts', () => {
  for (const path of ['kinds', 'rollouts.windows', 'lease.name']) {
    const { schema } = settingAt(path);
    assert.equal(hasConfidentialPart(schema), false);
    assert.deepEqual(confidentialMasked(['a'], schema), ['a']);
  }
});
