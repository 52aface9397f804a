import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '../../../lib/rules/reason.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { rollouts, testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { waveObjects, waveVectors } from '../../vectors/wave/vectors.ts';
import { hashAnnotation, outcomeOf, reasonsIn, runPass } from '../run-pass.ts';

const { api } = testCluster();
const { workloads, sources } = waveVectors();

/** The workloads that get no hash: Wave did not handle them, or their Pods could not start. */
const leftAlone: Readonly<Record<string, Reason>> = {
  'Deployment/not-true': 'InvalidAnnotation',
  'Deployment/required-absent-key': 'MissingSource',
  'Deployment/required-absent-object': 'MissingSource',
};

/** Renames the namespaces of the vectors, so that each test has its own. */
function renamed(object: KubernetesObject, names: ReadonlyMap<string, string>): KubernetesObject {
  let text = JSON.stringify(object);
  for (const [from, to] of names) text = text.replaceAll(`"${from}`, `"${to}`);
  return JSON.parse(text) as KubernetesObject;
}

for (const version of ['0.11', '0.7'] as const) {
  test(`every workload with a hash of Wave ${version} over unchanged data is adopted, and none restarts`, async (t) => {
    const vec = await testNamespace(t);
    const vec2 = await testNamespace(t);
    const names = new Map([
      ['vec2/', `${vec2}/`],
      ['vec2"', `${vec2}"`],
      ['vec"', `${vec}"`],
    ]);
    for (const object of waveObjects()) {
      if (object.kind === 'Namespace') continue;
      const hash = workloads.find(
        ({ kind, name }) => `${kind}/${name}` === `${object.kind}/${object.metadata.name}`,
      )?.hashes[version];
      const made = renamed(object, names);
      if (hash) {
        const { metadata } = (made.spec as { template: { metadata: { annotations?: object } } })
          .template;
        metadata.annotations = { ...metadata.annotations, [hashAnnotation]: hash };
      }
      await api.create(made);
    }
    const settings = { crossNamespaceReferences: [vec2] };
    for (const { kind, name } of workloads) await rollouts(kind, vec, name);
    const first = reasonsIn(await runPass(vec, { settings }));
    const adopted = workloads.filter(({ kind, name }) => !(`${kind}/${name}` in leftAlone));
    assert.equal(adopted.length, 26);
    for (const { kind, name, hashes } of workloads) {
      const label = `${kind}/${name}`;
      const expected = leftAlone[label] ?? (hashes[version] === null ? 'FirstSeen' : 'Adopted');
      assert.equal(first[label], expected, label);
    }
    const second = reasonsIn(await runPass(vec, { settings }));
    for (const { kind, name } of adopted) {
      assert.equal(second[`${kind}/${name}`], 'UpToDate');
      assert.equal(await rollouts(kind, vec, name), 1, `${name} has not restarted`);
    }

    // Each source changes in turn. The workloads that use it roll once, and no others roll.
    for (const { kind, metadata } of sources) {
      const namespace = metadata.namespace === 'vec' ? vec : vec2;
      const object = path(kind, namespace, metadata.name);
      const before = new Map<string, number>();
      for (const each of adopted) before.set(each.name, await rollouts(each.kind, vec, each.name));
      const current = await api.get(object);
      const data = Object.fromEntries(
        Object.entries(current.data ?? {}).map(([key, value]) => [
          key,
          kind === 'Secret' ? 'eyJhdXRocyI6IHt9fQ==' : `${value} new`,
        ]),
      );
      const added = kind === 'Secret' ? 'eA==' : 'x';
      await api.patch(object, { data: { ...data, added } });
      const report = await runPass(vec, { settings });
      for (const each of adopted) {
        const { reason, changed } = outcomeOf(report, each.name);
        const rolled = (await rollouts(each.kind, vec, each.name)) - (before.get(each.name) ?? 0);
        assert.equal(rolled, reason === 'ConfigChanged' ? 1 : 0, each.name);
        const label =
          namespace === vec ? `${kind}/${metadata.name}` : `${kind}/${vec2}/${metadata.name}`;
        if (rolled === 1) assert.deepEqual(changed, [label]);
      }
    }
    // From now on, changes of sources that Wave did not watch also start rollouts.
    assert.equal(await rollouts('Deployment', vec, 'init-container-only'), 2);
    assert.equal(await rollouts('Deployment', vec, 'no-references'), 1);
  });
}

test('a workload whose configuration has changed since Wave wrote its hash rolls once', async (t) => {
  const namespace = await testNamespace(t);
  const [vector] = workloads.filter(({ name }) => name === 'envfrom');
  assert.ok(vector);
  const objects = waveObjects().filter(
    ({ kind, metadata }) =>
      metadata.name === 'envfrom' ||
      (['plain', 's-plain'].includes(metadata.name) &&
        metadata.namespace === 'vec' &&
        kind !== 'Deployment'),
  );
  for (const object of objects) {
    const made = renamed(object, new Map([['vec"', `${namespace}"`]]));
    if (made.kind === 'Deployment') {
      const { metadata } = (made.spec as { template: { metadata: { annotations?: object } } })
        .template;
      metadata.annotations = { [hashAnnotation]: vector.hashes['0.11'] };
    }
    await api.create(made);
  }
  await api.patch(path('ConfigMap', namespace, 'plain'), { data: { a: 'changed' } });
  assert.equal(outcomeOf(await runPass(namespace), 'envfrom').reason, 'ConfigChanged');
  assert.equal(await rollouts('Deployment', namespace, 'envfrom'), 2);
});

for (const version of ['0.11', '0.7'] as const) {
  test(`a workload that wave-cron handled, and Wave ${version} after it, comes back without a restart`, async (t) => {
    const vec = await testNamespace(t);
    const vec2 = await testNamespace(t);
    const names = new Map([
      ['vec2/', `${vec2}/`],
      ['vec2"', `${vec2}"`],
      ['vec"', `${vec}"`],
    ]);
    for (const object of waveObjects()) {
      if (object.kind !== 'Namespace') await api.create(renamed(object, names));
    }
    const settings = { crossNamespaceReferences: [vec2] };
    await runPass(vec, { settings });
    const taken = workloads.filter(
      ({ kind, name, hashes }) => hashes[version] !== null && !(`${kind}/${name}` in leftAlone),
    );
    const before = new Map<string, number>();
    for (const { kind, name, hashes } of taken) {
      const annotations = { [hashAnnotation]: hashes[version] };
      await api.patch(path(kind, vec, name), { spec: { template: { metadata: { annotations } } } });
      before.set(name, await rollouts(kind, vec, name));
    }
    const planned = reasonsIn(await runPass(vec, { settings, write: false }));
    const first = reasonsIn(await runPass(vec, { settings }));
    assert.deepEqual(planned, first);
    const second = reasonsIn(await runPass(vec, { settings }));
    for (const { kind, name } of taken) {
      const label = `${kind}/${name}`;
      assert.equal(first[label], 'Adopted', label);
      assert.equal(second[label], 'UpToDate', label);
      assert.equal(await rollouts(kind, vec, name), before.get(name), `${name} has not restarted`);
    }
    await api.patch(path('ConfigMap', vec, 'plain'), { data: { a: 'changed' } });
    const { reason, changed } = outcomeOf(await runPass(vec, { settings }), 'envfrom');
    assert.deepEqual([reason, changed], ['ConfigChanged', ['ConfigMap/plain']]);
  });
}
