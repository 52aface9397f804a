import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsJson, jsonMessage } from '../../../lib/notifications/plain-json.ts';
import { entriesShown, entry, frame, longestNames, shown, testMessage } from './examples.ts';

const seeAlso = [
  'wave-cron status',
  'kubectl get events -A --field-selector reportingComponent=wave-cron',
];

test('a message has the fields of the docs', () => {
  const held = entry({ reason: 'OutsideWindow', heldUntil: '2026-12-01T06:00:00Z', sources: [] });
  const counts = { ConfigChanged: 1, OutsideWindow: 1 };
  const made = jsonMessage({
    ...shown({ counts, entries: [held, entry({ sourcesLeftOut: 2 })] }),
    leftOut: 3,
  });
  const { id, time, installation } = frame;
  assert.deepEqual(made, {
    ...{ kind: 'Digest', id, time, sink: 'prod-eu', installation, counts },
    workloads: [
      {
        ...{ kind: 'Deployment', namespace: 'shop', name: 'web', reason: 'OutsideWindow' },
        ...{ sources: [], heldUntil: '2026-12-01T06:00:00Z' },
      },
      {
        ...{ kind: 'Deployment', namespace: 'shop', name: 'web', reason: 'ConfigChanged' },
        ...{ sources: ['ConfigMap/web', 'Secret/login'], sourcesLeftOut: 2 },
      },
    ],
    ...{ leftOut: 3, seeAlso },
  });
});

test('a test message has no workloads', () => {
  const { id, time, installation } = frame;
  assert.deepEqual(jsonMessage({ ...testMessage, name: undefined }), {
    ...{ kind: 'Test', id, time, installation, counts: {}, workloads: [], leftOut: 0, seeAlso },
  });
});

test('500 changes with the longest names are twenty entries within the limit', () => {
  assert.equal(entriesShown(longestNames(500), jsonMessage, fitsJson), 20);
  assert.equal(fitsJson(undefined, 60_001), false);
});
