/** A user who may read workloads, but no Secrets, tries to find a short value by hashing all possible values. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { defaultSettings } from '../../lib/settings/schema.ts';
import {
  ApiError,
  connectWith,
  type KubernetesObject,
  path,
} from '../../tools/control-plane/api.ts';
import {
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { optedIn, prefix, reasonsIn, runPass, workloadKinds } from './run-pass.ts';

const { api, cluster } = testCluster();

/**
 * Creates a workload of each kind that uses a PIN in a Secret, and changes the PIN. Another Deployment is
 * adopted.
 */
async function passed(t: TestContext, hashKey: 'auto' | undefined): Promise<string> {
  const namespace = await testNamespace(t);
  const settings = {
    ...(hashKey === undefined ? {} : { hashKey }),
    lease: { ...defaultSettings.lease, namespace },
  };
  await api.create(secret({ namespace, name: 'login', data: { pin: '4821' }, planted: false }));
  const pod = using({ secret: 'login' });
  for (const make of [deployment, statefulSet, daemonSet]) {
    await api.create(make({ namespace, name: 'web', annotations: optedIn, pod }));
  }
  await runPass(namespace, { settings });
  await Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
  await api.patch(path('Secret', namespace, 'login'), { stringData: { pin: '0007' } });
  const annotations = { ...optedIn, [`${prefix}/adoption`]: 'baseline' };
  await api.create(deployment({ namespace, name: 'old', annotations, pod }));
  const second = await runPass(namespace, { settings });
  const { 'Deployment/web': changed, 'Deployment/old': adopted } = reasonsIn(second);
  assert.deepEqual([changed, adopted], ['ConfigChanged', 'Adopted']);
  await Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
  return namespace;
}

/** Everything about workloads, their revisions and Events that ClusterRole `view` can read. */
async function viewed(t: TestContext, namespace: string): Promise<string> {
  const { name, token } = await serviceAccount(t, { namespace });
  const rbac = 'rbac.authorization.k8s.io';
  await api.create({
    ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { namespace, name: 'viewer' } },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  });
  const authority = readFileSync(cluster.caFile, 'utf8');
  const viewer = connectWith({ url: cluster.url, authority, credentials: { token } });
  const kinds = [...workloadKinds, 'ReplicaSet', 'ControllerRevision', 'Event'] as const;
  const seen: KubernetesObject[] = [];
  for (const kind of kinds) {
    // The API server applies a new RoleBinding only after a moment.
    for (let tries = 1; ; tries += 1) {
      try {
        seen.push(...(await viewer.list(path(kind, namespace))));
        break;
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 403 && tries < 500)) throw error;
      }
    }
  }
  await assert.rejects(
    () => viewer.get(path('Secret', namespace, 'login')),
    (error: Error) => error instanceof ApiError && error.status === 403,
  );
  return JSON.stringify(seen);
}

/** The four-digit PINs whose hash, or whose first eight digits of the hash, are in the text. */
function guessed(text: string): string[] {
  const digits = new Set(
    text.match(/(?<![0-9a-f])[0-9a-f]{8,64}(?![0-9a-f])/g)?.map((hex) => hex.slice(0, 8)),
  );
  return Array.from({ length: 10_000 }, (_, pin) => String(pin).padStart(4, '0')).filter((pin) => {
    const entry = `["Secret","","login",{"pin":"${Buffer.from(pin).toString('base64')}"}]`;
    return [entry, `[${entry}]`].some((canonical) =>
      digits.has(createHash('sha256').update(canonical).digest('hex').slice(0, 8)),
    );
  });
}

test('without a key, an account that may only read workloads can find a four-digit PIN', async (t) => {
  assert.deepEqual(guessed(await viewed(t, await passed(t, undefined))), ['0007', '4821']);
});

test('with hashKey: auto, a four-digit PIN cannot be found in workloads, revisions or records', async (t) => {
  const text = await viewed(t, await passed(t, 'auto'));
  assert.ok(text.includes(`${prefix}/adopted`) && text.includes(`${prefix}/config-sources`));
  assert.deepEqual(guessed(text), []);
});
