import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../lib/rules/report.ts';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  outcomeOf,
  prefix,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from '../handler/run-pass.ts';

const { api } = testCluster();

test('a workload with more sources than its annotations have room for is rolled like any other', async (t) => {
  const namespace = await testNamespace(t);
  const names = Array.from({ length: 900 }, (_, i) => `${'n'.repeat(95)}-${i}`);
  const pod = using(...names.map((name) => ({ configMap: name, optional: true })));
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  await rollouts('Deployment', namespace, 'web');

  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'FirstSeen');
  const annotations = await templateAnnotations(namespace, 'web');
  const hash = annotations[hashAnnotation]?.slice(0, 12);
  assert.equal(annotations[sourcesAnnotation], `{"hash":"${hash}","sources":"900"}`);
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'UpToDate');
  await api.create(configMap({ namespace, name: names[0] ?? '', data: { a: '1' } }));
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'ConfigChanged');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 3);
});

test('a workload with more sources than a pass reads per workload is reported, and none of its sources is read', async (t) => {
  const namespace = await testNamespace(t);
  const names = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
  const annotations = { ...optedIn, [`${prefix}/extra-configmaps`]: names.join(',') };
  await api.create(deployment({ namespace, name: 'web', annotations }));
  const pod = using(...names.map((name) => ({ secret: name, optional: true })));
  await api.create(deployment({ namespace, name: 'template', annotations: optedIn, pod }));
  await api.create(deployment({ namespace, name: 'other', annotations: optedIn }));

  const report = await runPass(namespace);
  const { reason, sentence } = outcomeOf(report, 'web');
  assert.equal(reason, 'TooLarge');
  assert.match(sentence, /extra-configmaps has 20000 entries, and the limit .* is 1000/);
  const template = outcomeOf(report, 'template');
  assert.equal(template.reason, 'TooLarge');
  assert.match(
    template.sentence,
    /references 20000 ConfigMaps and Secrets, and the limit .* is 1000/,
  );
  assert.equal(outcomeOf(report, 'other').reason, 'UpToDate');
  assert.equal(isComplete(report), true);
  assert.ok(report.requests < 20, String(report.requests));
  const [event] = await eventsAbout(namespace, 'web');
  assert.equal(event?.type, 'Warning');
});
