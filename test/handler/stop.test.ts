import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { auditFromHere } from '../control-plane/audit.ts';
import { configMap, deployment } from '../control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../control-plane/testing.ts';
import { optedIn, requestsIn, runPass } from './run-pass.ts';

const names = Array.from({ length: 12 }, (_, i) => `web-${i}`);

/** Twelve workloads that a pass has to write to, all with one ConfigMap. */
async function manyWorkloads(namespace: string): Promise<void> {
  const { api } = testCluster();
  await api.create(configMap({ namespace, name: 'config', data: { a: '1' } }));
  const container = {
    name: 'main',
    image: 'main',
    envFrom: [{ configMapRef: { name: 'config' } }],
  };
  await Promise.all(
    names.map((name) =>
      api.create(
        deployment({ namespace, name, annotations: optedIn, pod: { containers: [container] } }),
      ),
    ),
  );
}

suite('a pass that is told to stop', () => {
  test('begins no further write, finishes those under way, and leaves the rest to the next pass', async (t) => {
    const namespace = await testNamespace(t);
    await manyWorkloads(namespace);
    const audit = await auditFromHere(testCluster().cluster);
    const stop = new AbortController();
    const report = await runPass(namespace, {
      settings: { concurrency: { reads: 2, writes: 1 } },
      signal: stop.signal,
      observer: { outcome: () => stop.abort() },
    });

    assert.equal(report.pass, 'Interrupted');
    assert.equal(report.sentence, 'it was told to stop');
    assert.ok(report.unreached > 0);
    assert.equal(report.outcomes.length + report.unreached, names.length);
    const written = report.outcomes.filter((outcome) => outcome.written);
    const patches = await audit.entries({
      ...requestsIn(namespace),
      verb: 'patch',
      resource: 'deployments',
    });
    assert.deepEqual(
      patches
        // A workload that its controller wrote to meanwhile is patched a second time.
        .filter(({ responseStatus }) => responseStatus?.code === 200)
        .map(({ objectRef }) => objectRef?.name)
        .sort(),
      written.map(({ name }) => name).sort(),
    );

    const next = await runPass(namespace);
    assert.deepEqual(next.counts, {
      FirstSeen: names.length - written.length,
      UpToDate: written.length,
    });
    for (const name of names) assert.equal(await rollouts('Deployment', namespace, name), 2);
  });

  test('before it began does nothing at all', async (t) => {
    const namespace = await testNamespace(t);
    await manyWorkloads(namespace);
    const report = await runPass(namespace, { signal: AbortSignal.abort() });
    assert.equal(report.pass, 'Interrupted');
    assert.equal(report.requests, 0);
  });
});
