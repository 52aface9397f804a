/** Sources with the largest data, the longest names and the most unusual keys that the API accepts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { configMap, deployment, secret, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  outcomeOf,
  prefix,
  requestsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from '../handler/run-pass.ts';

const { api, cluster } = testCluster();

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/**
 * The hash of one ConfigMap by its definition. The text is assembled by hand, because a JavaScript object
 * would treat some of these keys differently.
 */
function hashOf(name: string, data: readonly (readonly [string, string])[]): string {
  const content = [...data]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, value]) => `${JSON.stringify(key)}:"${base64(value)}"`);
  const text = `[["ConfigMap","",${JSON.stringify(name)},{${content.join(',')}}]]`;
  return createHash('sha256').update(text).digest('hex');
}

const usesAll = (name: string) => using({ configMap: name });

suite('a source', { concurrency: true }, () => {
  test('whose keys are names of built-in properties in JavaScript counts each of them as a key', async (t) => {
    const namespace = await testNamespace(t);
    const keys = [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '10',
      '9',
      '01',
      '-',
      'a',
    ];
    const data = keys.map((key) => [key, `value of ${key}`] as const);
    await api.create(configMap({ namespace, name: 'odd', data: Object.fromEntries(data) }));
    await api.create(
      deployment({ namespace, name: 'all', annotations: optedIn, pod: usesAll('odd') }),
    );
    const pod = using(
      { configMap: 'odd', key: '__proto__', as: 'A' },
      { configMap: 'odd', key: 'valueOf', as: 'B', optional: true },
    );
    await api.create(deployment({ namespace, name: 'one', annotations: optedIn, pod }));
    await runPass(namespace);
    const all = await templateAnnotations(namespace, 'all');
    const one = await templateAnnotations(namespace, 'one');
    assert.equal(all[hashAnnotation], hashOf('odd', data));
    assert.equal(one[hashAnnotation], hashOf('odd', data.slice(0, 1)));

    const changed = Object.fromEntries([['__proto__', 'another']]);
    await api.patch(path('ConfigMap', namespace, 'odd'), { data: changed });
    const second = await runPass(namespace);
    assert.equal(outcomeOf(second, 'all').reason, 'ConfigChanged');
    assert.equal(outcomeOf(second, 'one').reason, 'ConfigChanged');
    await api.patch(path('ConfigMap', namespace, 'odd'), { data: { constructor: 'another' } });
    const third = await runPass(namespace);
    assert.equal(outcomeOf(third, 'all').reason, 'ConfigChanged');
    assert.equal(outcomeOf(third, 'one').reason, 'UpToDate');
  });

  test('with 20,000 keys and the maximum size is read once and recorded in one line', async (t) => {
    const namespace = await testNamespace(t);
    const data = Array.from(
      { length: 20_000 },
      (_, i) => [`key-${i}`, `${i} `.padEnd(42, 'x')] as const,
    );
    await api.create(configMap({ namespace, name: 'large', data: Object.fromEntries(data) }));
    for (const name of ['a', 'b']) {
      await api.create(
        deployment({ namespace, name, annotations: optedIn, pod: usesAll('large') }),
      );
    }
    const audit = await auditFromHere(cluster);
    await runPass(namespace);
    const asked = { ...requestsIn(namespace), verb: 'get', resource: 'configmaps' };
    const reads = await audit.entries(asked);
    assert.equal(reads.length, 1);
    for (const name of ['a', 'b']) {
      const annotations = await templateAnnotations(namespace, name);
      assert.equal(annotations[hashAnnotation], hashOf('large', data));
      assert.match(
        annotations[sourcesAnnotation] ?? '',
        /^\{"hash":"[0-9a-f]{12}","ConfigMap\/large":"[0-9a-f]{12}"\}$/,
      );
    }
    await api.patch(path('ConfigMap', namespace, 'large'), { data: { 'key-19999': 'changed' } });
    assert.equal(outcomeOf(await runPass(namespace), 'a').reason, 'ConfigChanged');
  });

  test('and a workload, both with the longest possible name, are handled and recorded', async (t) => {
    const namespace = await testNamespace(t);
    const long = (first: string): string => `${first}.${'n'.repeat(251)}`;
    const workload = 'w'.repeat(253);
    await api.create(configMap({ namespace, name: long('c'), data: { a: '1' } }));
    await api.create(secret({ namespace, name: long('s'), data: { a: '1' } }));
    const volumes = [{ name: 'v', secret: { secretName: long('s') } }];
    const pod = { ...usesAll(long('c')), volumes };
    await api.create(deployment({ namespace, name: workload, annotations: optedIn, pod }));

    const settings = { ownership: 'finalizer' } as const;
    assert.equal(outcomeOf(await runPass(namespace, { settings }), workload).reason, 'FirstSeen');
    const annotations = await templateAnnotations(namespace, workload);
    assert.deepEqual(Object.keys(JSON.parse(annotations[sourcesAnnotation] ?? '')).sort(), [
      `ConfigMap/${long('c')}`,
      `Secret/${long('s')}`,
      'hash',
    ]);
    const { metadata } = await api.get(path('Secret', namespace, long('s')));
    assert.deepEqual(
      metadata.ownerReferences?.map(({ name }) => name).sort(),
      ['kube-system', workload].sort(),
    );
    const [event] = await eventsAbout(namespace, workload);
    assert.equal(event?.reason, 'FirstSeen');
    assert.equal(outcomeOf(await runPass(namespace, { settings }), workload).reason, 'UpToDate');

    const off = { [`${prefix}/update-on-config-change`]: 'false' };
    await api.patch(path('Deployment', namespace, workload), { metadata: { annotations: off } });
    await runPass(namespace, { settings });
    const left = await api.get(path('Deployment', namespace, workload));
    assert.equal(left.metadata.finalizers, undefined);
  });
});
