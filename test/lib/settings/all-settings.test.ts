import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allSettings, settingAt } from '../../../lib/settings/all-settings.ts';

test('flag and variable are the path of the setting, each in its own spelling', () => {
  const { flag, variable } = settingAt('lease.durationSeconds');
  assert.equal(flag, '--lease-duration-seconds');
  assert.equal(variable, 'WAVE_LEASE_DURATION_SECONDS');
});

test('no two settings share a flag or a variable', () => {
  for (const name of ['flag', 'variable'] as const) {
    assert.equal(new Set(allSettings.map((each) => each[name])).size, allSettings.length);
  }
});

test('no setting has a variable that Kubernetes could make for a Service', () => {
  for (const { variable } of allSettings) {
    assert.doesNotMatch(variable, /_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)/);
  }
});

test('each description is short enough for a table', () => {
  for (const { schema } of allSettings) {
    assert.match(schema.description, /^[A-Z][^\n|]*\.$/);
    assert.ok(schema.description.length <= 180, schema.description);
  }
});

test('a command in another process does not use the settings for connections, addresses and reports of this process', () => {
  const ofProcess = allSettings.filter(({ schema }) => schema.ofProcess).map(({ path }) => path);
  assert.deepEqual(ofProcess, [
    ...['kubeconfig', 'context', 'triggers.http.tokenFile', 'shard.count', 'shard.index'],
    ...['logLevel', 'listen', 'metricsPushUrl', 'notifications'],
  ]);
});
