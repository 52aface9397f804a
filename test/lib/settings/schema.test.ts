import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { withDefaultKinds } from '../../../lib/kubernetes/kinds.ts';
import { defaultSettings, settingsSchema } from '../../../lib/settings/schema.ts';

test('the schema is a JSON Schema of draft 2020-12', () => {
  const ajv = new Ajv2020({ allErrors: true });
  assert.ok(ajv.validateSchema(settingsSchema), ajv.errorsText());
});

test('the defaults are those of the contract and cannot be changed', () => {
  assert.deepEqual(defaultSettings, {
    namespaces: [],
    ignoreNamespaces: [],
    namespaceSelector: '',
    workloadSelector: '',
    kinds: ['Deployment', 'StatefulSet', 'DaemonSet'],
    annotationPrefix: 'wave.pusher.com',
    compatibility: [],
    adoption: 'stamp',
    restart: 'always',
    clockTolerance: '10s',
    optIn: 'annotation',
    sourceKinds: ['ConfigMap', 'Secret'],
    sourceSelector: '',
    namePatterns: [],
    ownership: 'off',
    crossNamespaceReferences: [],
    schedule: '* * * * *',
    timeZone: 'UTC',
    jitterSeconds: 0,
    triggers: { http: {}, watch: [] },
    lease: { name: 'wave-cron', durationSeconds: 15 },
    shard: { count: 1 },
    rollouts: {
      paused: false,
      windows: [],
      approval: 'none',
      settle: '0s',
      cooldown: '0s',
      limit: { count: 10, period: '1h' },
      progressDeadline: '10m',
      waitSeconds: 0,
      onFailure: 'stop',
      namespaceAnnotations: 'read',
    },
    passTimeoutSeconds: 300,
    concurrency: { reads: 16, writes: 8 },
    logLevel: 'info',
    listen: ':8080',
    notifications: [],
  });
  assert.deepEqual(defaultSettings.kinds, withDefaultKinds([]));
  for (const part of [
    defaultSettings,
    defaultSettings.lease,
    defaultSettings.shard,
    defaultSettings.rollouts,
    defaultSettings.rollouts.limit,
    defaultSettings.concurrency,
    defaultSettings.kinds,
    defaultSettings.namespaces,
  ]) {
    assert.ok(Object.isFrozen(part));
  }
});
