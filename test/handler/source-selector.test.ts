/** The setting sourceSelector: only sources with certain labels count, as with Reloader's --resource-label-selector. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelMatcher } from '../../lib/settings/label-selector.ts';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { runExplain } from '../jobs/run-explain.ts';
import { optedIn, reasonsIn, runPass, sourcesAnnotation, templateAnnotations } from './run-pass.ts';

const { api } = testCluster();
const web = 'Deployment/web';
const settings = { sourceSelector: 'reload=yes' };

async function counted(namespace: string): Promise<string[]> {
  const record = (await templateAnnotations(namespace, 'web'))[sourcesAnnotation] ?? '{}';
  return Object.keys(JSON.parse(record)).filter((name) => name.includes('/'));
}

test('only sources with the labels count, and a change of the others restarts nothing', async (t) => {
  const namespace = await testNamespace(t);
  const labels = { reload: 'yes' };
  await api.create(configMap({ namespace, name: 'counts', labels, data: { a: '1' } }));
  await api.create(configMap({ namespace, name: 'other', data: { a: '1' } }));
  await api.create(secret({ namespace, name: 'password', labels, data: { a: '1' } }));
  const later = { configMap: 'later', optional: true };
  const pod = using({ configMap: 'counts' }, { configMap: 'other' }, { secret: 'password' }, later);
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const pass = async () => reasonsIn(await runPass(namespace, { settings }))[web];
  const change = (name: string, a: string) =>
    api.patch(path('ConfigMap', namespace, name), { data: { a } });
  assert.equal(await pass(), 'FirstSeen');
  assert.deepEqual(await counted(namespace), ['ConfigMap/counts', 'Secret/password']);
  await change('other', '2');
  assert.equal(await pass(), 'UpToDate');
  // A new source without the labels does not restart it either.
  await api.create(configMap({ namespace, name: 'later', data: { a: '1' } }));
  assert.equal(await pass(), 'UpToDate');
  await change('counts', '2');
  assert.equal(await pass(), 'ConfigChanged');
  await api.patch(path('ConfigMap', namespace, 'later'), { metadata: { labels } }, 'merge');
  assert.equal(await pass(), 'ConfigChanged');
  const asked = { workload: 'deployment/web', namespace, flags: settings };
  const { text } = await runExplain(asked, 'json');
  const { references } = JSON.parse(text) as {
    references: { source: string; state: string; sentence: string }[];
  };
  const other = references.find(({ source }) => source === 'ConfigMap/other');
  assert.deepEqual(
    [other?.state, other?.sentence],
    ['ignored', 'its labels do not match the setting sourceSelector'],
  );
});

test('a required source that does not exist is reported as missing, even with a sourceSelector', async (t) => {
  const namespace = await testNamespace(t);
  const pod = using({ configMap: 'absent' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  assert.deepEqual(reasonsIn(await runPass(namespace, { settings })), { [web]: 'MissingSource' });
});

test('selectors match the same objects as in the API server', async (t) => {
  const namespace = await testNamespace(t);
  const all: readonly Record<string, string>[] = [
    {},
    { a: '1' },
    { a: '2', b: 'x' },
    { b: 'x' },
    { a: '', 'example.com/c': '3' },
  ];
  for (const [index, labels] of all.entries()) {
    await api.create(configMap({ namespace, name: `m${index}`, labels }));
  }
  for (const selector of [
    ...['a', '!a', 'a=1', 'a==2', 'a!=1', 'a=', 'a in (1,2)', 'a notin (1, )', 'a in ( ,2)'],
    ...['a,b', '!a,!b', 'example.com/c=3', 'a!=1,b notin (y)', 'a notin (1),b'],
  ]) {
    const at = `${path('ConfigMap', namespace)}?labelSelector=${encodeURIComponent(selector)}`;
    const { items } = await api.get<{ items: { metadata: { name: string } }[] }>(at);
    const listed = items.map(({ metadata }) => metadata.name).filter((name) => /^m\d$/.test(name));
    const isMatch = labelMatcher(selector);
    const expected = all.flatMap((labels, index) => (isMatch(labels) ? [`m${index}`] : []));
    assert.deepEqual(listed.sort(), expected, selector);
  }
});
