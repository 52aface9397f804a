import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import { onKeptLease, onWatched } from '../../../lib/permissions/watch-permissions.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

const watching = (...watch: Settings['triggers']['watch']): Settings => ({
  ...defaultSettings,
  kinds: ['Deployment'],
  triggers: { http: {}, watch },
});
const lease = { namespace: 'ops', name: 'wave-cron' };
const inWords = (settings: Settings) =>
  [...onWatched(settings, {}, workloadEntry), ...onKeptLease(lease, settings)].map(
    ({ verb, resource }) => `${verb} ${resource}`,
  );

test('each kind needs its own permissions, and without kinds there are none', () => {
  assert.deepEqual(inWords(defaultSettings), []);
  const leases = ['list leases', 'watch leases'];
  assert.deepEqual(inWords(watching('Workload')), ['watch deployments', ...leases]);
  assert.deepEqual(inWords(watching('ConfigMap')), [
    'list configmaps',
    'watch configmaps',
    ...leases,
  ]);
  assert.deepEqual(inWords(watching('Secret')), ['list secrets', 'watch secrets', ...leases]);
});

test('shards keep no Lease', () => {
  assert.deepEqual(onKeptLease(lease, { ...watching('ConfigMap'), shard: { count: 2 } }), []);
});

test('the purpose of watching Secrets names the consequence of a stolen token', () => {
  for (const { purpose } of onWatched(watching('Secret'), {}, workloadEntry)) {
    assert.match(purpose, /a thief of the token can then read every Secret$/);
  }
  for (const { purpose } of onWatched(watching('ConfigMap'), {}, workloadEntry)) {
    assert.doesNotMatch(purpose, /thief/);
  }
});
