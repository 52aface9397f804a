/** Entries of managedFields in a request. The API server accepts them, and they may be more than 1 MB. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  type Fields,
  type Kind,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import { configMap, secret } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, testCluster } from '../../../tools/control-plane/testing.ts';
import { make, usingOptional } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  optedIn,
  runPass,
  sourcesAnnotation,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { eventOf } from '../random-updates/world.ts';
import { accountOfSuite, assertRefused } from './account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';
const junk = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f:junk-${i}`, {}]));

const entry = (object: KubernetesObject, more: Fields): Fields => ({
  ...{ manager: 'wave-cron', operation: 'Update', apiVersion: object.apiVersion },
  ...{ fieldsType: 'FieldsV1', time: '2026-01-01T00:00:00Z' },
  ...{ fieldsV1: { 'f:metadata': { 'f:annotations': junk } } },
  ...more,
});

suite('the admission policies for managedFields', { skip }, () => {
  const own = accountOfSuite();

  test('deny entries that make an object large, for all kinds', async () => {
    const { account } = own;
    const { namespace } = account;
    const named = { namespace, name: 'wave-cron', annotations: optedIn };
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: named,
      spec: {},
    };
    const objects = [
      ...[configMap({ ...named, data: { a: '1' } }), secret({ ...named, data: { a: '1' } })],
      ...workloadKinds.map((kind) => make[kind](named)),
      ...[lease, eventOf(namespace, 'made')],
    ];
    for (const object of objects) {
      const here = path(object.kind as Kind, namespace, object.metadata.name);
      const rule = object.kind === 'Event' ? 'events' : 'managers';
      const { metadata } = await api.create<KubernetesObject>(object);
      const now = metadata['managedFields'] as Fields[];
      const [first] = now;
      assert.ok(first);
      for (const managedFields of [
        [...now, entry(object, {})],
        [...now, entry(object, { manager: 'x'.repeat(100), fieldsV1: { 'f:data': {} } })],
        [...now, entry(object, { fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': junk } } } })],
        [...now, entry(object, { subresource: 'x'.repeat(200) })],
        [{ ...first, fieldsV1: { ...(first['fieldsV1'] as Fields), ...junk } }, ...now.slice(1)],
      ]) {
        const change = { metadata: { managedFields } };
        await assertRefused(rule, () => account.api.patch(here, change, 'merge'));
      }
    }
    await api.delete(path('Lease', namespace, 'wave-cron'));
    for (const [rule, object] of [
      ['events', eventOf(namespace, 'new')],
      ['managers', lease],
    ] as const) {
      const { name } = object.metadata;
      const metadata = { namespace, name, managedFields: [entry(object, {})] };
      await assertRefused(rule, () => account.api.create({ ...object, metadata }));
    }
  });

  test('let a pass write if other field managers own the annotations of wave-cron', async () => {
    const { namespace, kubeconfig } = own.account;
    await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
    const pod = usingOptional({ configMaps: ['settings'] });
    const podAnnotations = { [hashAnnotation]: '0'.repeat(64), [sourcesAnnotation]: '{}' };
    for (const kind of workloadKinds) {
      const name = 'noted';
      await api.create(make[kind]({ namespace, name, annotations: optedIn, pod, podAnnotations }));
      // With more than ten field managers, the API server merges the oldest ones into one entry.
      for (let i = 0; i < 11; i += 1) {
        const labels = { metadata: { labels: { [`label-${i}`]: 'x' } } };
        await api.patch(`${path(kind, namespace, name)}?fieldManager=manager-${i}`, labels);
      }
    }
    const { outcomes } = await runPass(namespace, {
      kubeconfig,
      settings: { ownership: 'finalizer' },
    });
    const noted = outcomes.filter(({ name }) => name === 'noted');
    assert.deepEqual(
      noted.map(({ reason }) => reason),
      workloadKinds.map(() => 'ConfigChanged'),
      JSON.stringify(noted),
    );
  });
});
