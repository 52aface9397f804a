/**
 * Another tool removes a hash while Pods run. If it removes the hash at once, the Pods were not replaced, so no
 * adoption may count them as current.
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../../lib/settings/schema.ts';
import {
  ApiError,
  type Fields,
  type KubernetesObject,
  path,
} from '../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import { serviceAccount } from '../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../tools/node-agent/support.ts';
import { isReady, testAgent } from '../../tools/node-agent/testing.ts';
import {
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  runPass,
  templateAnnotations,
  type WorkloadKind,
  workloadKinds,
} from './run-pass.ts';

const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };
const writtenAnnotation = `${prefix}/written-hash`;
type Adoption = Settings['adoption'];

const surging = {
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
};

/** A workload with running Pods that was adopted with the first configuration. */
async function stage(t: TestContext, kind: WorkloadKind, adoption: Adoption, spec: Fields = {}) {
  const { api, agent, namespace } = await testAgent(t);
  const web = path(kind, namespace, 'web');
  const settings = path('ConfigMap', namespace, 'settings');
  const podsOfWeb = () => api.list(path('Pod', namespace));

  /** Returns when all Pods have the current template. */
  async function rolledOut(): Promise<void> {
    await api.waitFor(web, (it) => {
      const { observedGeneration, updatedReplicas, readyReplicas, replicas, ...rest } =
        (it?.status ?? {}) as Record<string, number>;
      if (observedGeneration !== (it?.metadata['generation'] as number)) return false;
      const { updatedNumberScheduled, numberReady } = rest;
      if (kind === 'DaemonSet') return updatedNumberScheduled === 1 && numberReady === 1;
      return updatedReplicas === 2 && readyReplicas === 2 && replicas === 2;
    });
  }
  /** Tries again if a controller has written the object in between. */
  async function untilNoConflict(write: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      }
    }
  }

  await api.create(configMap({ namespace, name: 'settings', data: { a: '1', b: '1' } }));
  // The Pods must be certainly younger than the sources. Otherwise, `if-changed` would not adopt the workload.
  if (adoption === 'if-changed') await pastTolerance();
  await api.create(
    make[kind]({
      ...{ namespace, name: 'web', replicas: 2 },
      spec,
      annotations: { ...optedIn, [`${prefix}/adoption`]: adoption },
      pod: {
        tolerations: [agent.toleration],
        terminationGracePeriodSeconds: 0,
        ...using({ configMap: 'settings' }),
      },
    }),
  );
  await rolledOut();
  // The generation grows, because almost every real workload has been changed before.
  await api.patch(web, { spec: { minReadySeconds: 1 } }, 'merge');
  await rolledOut();
  const original = await api.get(web);
  return {
    ...{ namespace, api, web, rolledOut },
    pass: async (kubeconfig?: string) =>
      outcomeOf(await runPass(namespace, kubeconfig === undefined ? {} : { kubeconfig }), 'web'),
    change: (data: Record<string, string | null>) => api.patch(settings, { data }),
    /** Restores the template, as an operator with its own template does. */
    putTemplateBack: () =>
      untilNoConflict(async () => {
        const live = await api.get(web);
        const template = original.spec?.['template'];
        return api.replace(`${web}?fieldManager=operator`, {
          ...live,
          spec: { ...live.spec, template },
        });
      }),
    /** Replaces the object as `kubectl replace` does. All fields that others added are lost. */
    replaceAll: (annotations: Record<string, string> = {}) =>
      untilNoConflict(async () => {
        const { metadata } = await api.get(web);
        const own = original.metadata.annotations ?? {};
        return api.replace(`${web}?fieldManager=kubectl-replace`, {
          ...{ apiVersion: 'apps/v1', kind, spec: original.spec as Fields },
          metadata: {
            ...{ name: 'web', namespace, resourceVersion: metadata.resourceVersion ?? '' },
            annotations: { ...own, ...annotations },
          },
        });
      }),
    written: async () => (await api.get(web)).metadata.annotations?.[writtenAnnotation],
    hash: async () => (await templateAnnotations(namespace, 'web', kind))[hashAnnotation],
    /** Returns when all Pods are new. */
    async podsReplaced(before: readonly KubernetesObject[]): Promise<void> {
      const old = new Set(before.map(({ metadata }) => metadata.uid));
      await rolledOut();
      for (;;) {
        const pods = await podsOfWeb();
        if (pods.every(({ metadata, ...pod }) => !old.has(metadata.uid) && isReady(pod as never))) {
          return;
        }
        await pause(200);
      }
    },
    podsOfWeb,
  };
}

/** Waits longer than the clocks of API servers may differ. */
const pastTolerance = () => pause(11_000);

suite('a hash that is removed at once', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  for (const kind of workloadKinds) {
    for (const adoption of ['baseline', 'if-changed'] as const) {
      test(`is never adopted by ${adoption}: a ${kind} rolls once more, and is then Reverted, with the configuration of its Pods`, async (t) => {
        // Without a surge, the only Pod of a DaemonSet is deleted at once, and the next Pod reads the current
        // sources.
        const spec = kind === 'DaemonSet' ? surging : {};
        const it = await stage(t, kind, adoption, spec);
        assert.equal((await it.pass()).reason, 'Adopted');
        assert.equal(await it.written(), undefined);
        await it.change({ a: '2' });
        assert.equal((await it.pass()).reason, 'ConfigChanged');
        assert.equal(await it.written(), await it.hash());
        await it.putTemplateBack();
        assert.equal(await it.hash(), undefined);
        const again = await it.pass();
        assert.equal(again.reason, 'FirstSeen');
        assert.match(
          again.sentence,
          /^the hash that was written before was removed \(the template was last written by "\S+" at .*Z\); written again: first seen, 1 source; .*Pod web-\S+ .*: the hash is written/,
        );
        await it.putTemplateBack();
        for (const _ of [1, 2]) {
          const { reason, sentence, written } = await it.pass();
          assert.deepEqual([reason, written], ['Reverted', false]);
          assert.match(
            sentence,
            /its Pods may run with an older configuration \((.*Pod web-\S+ |its rollout is in progress)/,
          );
        }
      });
    }

    test(`is written again if it was removed once, and the Pods of a ${kind} follow`, async (t) => {
      const it = await stage(t, kind, 'baseline');
      await it.pass();
      await it.change({ a: '2' });
      const before = await it.podsOfWeb();
      await it.pass();
      await it.putTemplateBack();
      const { reason } = await it.pass();
      // The only Pod of a DaemonSet may be deleted by now. The next Pod reads the current sources.
      if (kind !== 'DaemonSet' || reason !== 'Adopted') assert.equal(reason, 'FirstSeen');
      await it.podsReplaced(before);
      assert.equal((await it.pass()).reason, 'UpToDate');
    });
  }

  test('is not adopted even if all records on the workload were removed too: the Events have them', async (t) => {
    for (const adoption of ['baseline', 'if-changed'] as const) {
      const it = await stage(t, 'Deployment', adoption);
      assert.equal((await it.pass()).reason, 'Adopted');
      // Removing the key also removes its time from the managed fields of the ConfigMap.
      await it.change({ b: null });
      assert.equal((await it.pass()).reason, 'ConfigChanged');
      await it.replaceAll();
      assert.equal(await it.written(), undefined);
      assert.equal((await it.pass()).reason, 'FirstSeen');
      await it.replaceAll();
      const { reason, sentence } = await it.pass();
      assert.equal(reason, 'Reverted');
      assert.match(sentence, /its Pods may run with an older configuration/);
    }
  });

  test('is not adopted if a tool also restores the record of adoption, which names another hash', async (t) => {
    const it = await stage(t, 'Deployment', 'baseline');
    await it.pass();
    const adopted = `${prefix}/adopted`;
    const record = (await it.api.get(it.web)).metadata.annotations?.[adopted] ?? '';
    await it.change({ a: '2' });
    await it.pass();
    await it.replaceAll({ [adopted]: record });
    assert.equal((await it.pass()).reason, 'ConfigChanged');
  });

  test('is not adopted if its owner sets baseline because of Reverted', async (t) => {
    const it = await stage(t, 'Deployment', 'stamp');
    for (const reason of ['FirstSeen', 'FirstSeen', 'Reverted']) {
      const outcome = await it.pass();
      assert.equal(outcome.reason, reason);
      await it.putTemplateBack();
    }
    const { sentence } = await it.pass();
    assert.match(
      sentence,
      /and its Pods may run with an older configuration; configure that tool to keep/,
    );
    await it.api.patch(it.web, {
      metadata: { annotations: { [`${prefix}/adoption`]: 'baseline' } },
    });
    assert.equal((await it.pass()).reason, 'Reverted');
  });

  test('is not adopted by a pass that may not list Pods', async (t) => {
    const it = await stage(t, 'Deployment', 'baseline');
    const { kubeconfig } = await serviceAccount(t, {
      namespace: it.namespace,
      rules: [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps')],
    });
    assert.equal((await it.pass(kubeconfig)).reason, 'Adopted');
    await it.change({ a: '2' });
    await it.pass(kubeconfig);
    await it.putTemplateBack();
    const { reason, sentence } = await it.pass(kubeconfig);
    assert.equal(reason, 'FirstSeen');
    assert.match(sentence, /and its Pods could not be read/);
  });
});

suite('a hash that is removed after the Pods were replaced', {
  skip: skipWithoutNodeAgent(),
  concurrency: 2,
}, () => {
  for (const kind of workloadKinds) {
    test(`does not make the Pods of a ${kind} outdated: baseline adopts them, and nothing restarts`, async (t) => {
      const it = await stage(t, kind, 'baseline');
      await it.pass();
      await it.change({ a: '2' });
      const before = await it.podsOfWeb();
      await it.pass();
      await it.podsReplaced(before);
      await pastTolerance();
      const replaced = await it.podsOfWeb();
      await it.putTemplateBack();
      await it.podsReplaced(replaced);
      const { reason, sentence } = await it.pass();
      assert.equal(reason, 'Adopted');
      assert.match(sentence, /: no source was written after its Pods were created$/);
      assert.equal(await it.written(), undefined);
      assert.equal((await it.pass()).reason, 'UpToDate');
      await it.change({ a: '3' });
      assert.equal((await it.pass()).reason, 'ConfigChanged');
    });
  }
});
