import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment } from '../control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../control-plane/testing.ts';
import {
  optedIn,
  outcomeOf,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from '../handler/run-pass.ts';

const { api } = testCluster();

test('a workload of more sources than its annotations have room for is rolled like any other', async (t) => {
  const namespace = await testNamespace(t);
  const names = Array.from({ length: 2600 }, (_, i) => `${'n'.repeat(95)}-${i}`);
  const envFrom = names.map((name) => ({ configMapRef: { name, optional: true } }));
  const containers = [{ name: 'main', image: 'example.com/main:1', envFrom }];
  await api.create(
    deployment({ namespace, name: 'web', annotations: optedIn, pod: { containers } }),
  );
  await rollouts('Deployment', namespace, 'web');

  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'FirstSeen');
  const annotations = await templateAnnotations(namespace, 'web');
  assert.equal(annotations[sourcesAnnotation], '{"sources":"2600"}');
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'UpToDate');
  await api.create(configMap({ namespace, name: names[0] ?? '', data: { a: '1' } }));
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'ConfigChanged');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 3);
});
