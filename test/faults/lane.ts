/**
 * A namespace with workloads that a pass has already handled, so that one change of their configuration
 * causes one rollout of each.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { type Rule, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  getting,
  optedIn,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
  runPass,
} from '../handler/run-pass.ts';

export type Lane = {
  readonly namespace: string;
  /**
   * The names of the Deployments. Each uses a ConfigMap of its own name, and all use one shared ConfigMap.
   */
  readonly workloads: readonly string[];
  /**
   * Waits until the controllers have seen all earlier changes of the workloads, then changes the shared
   * ConfigMap.
   */
  change(): Promise<void>;
  /** Fails unless each workload has the current hash and was rolled once for each change. */
  assertRolledOnceEach(why: string): Promise<void>;
  lease(): Promise<KubernetesObject>;
};

export const leaseName = 'wave-cron';

/** The permissions that a pass over its own namespace needs. */
export const permissionsOfPass: readonly Rule[] = [
  ...permissionsOnWorkloads,
  ...permissionsOfOwnership,
  getting('configmaps', 'secrets'),
  permissionsOnEvents,
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'patch', 'create'],
  },
];

export async function lane(t: TestContext, size: number): Promise<Lane> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const workloads = Array.from({ length: size }, (_, i) => `web-${String(i).padStart(2, '0')}`);
  const shared = 'shared';
  await api.create(configMap({ namespace, name: shared, data: { change: '0' } }));
  await Promise.all(
    workloads.map(async (name) => {
      await api.create(configMap({ namespace, name, data: { own: name } }));
      const pod = using({ configMap: name }, { configMap: shared });
      await api.create(deployment({ namespace, name, annotations: optedIn, pod }));
    }),
  );
  const revisions = () => revisionsIn(namespace, size);
  const allAt = (revision: number) => Object.fromEntries(workloads.map((name) => [name, revision]));

  await revisions();
  await runPass(namespace);
  const stamped = 2;
  assert.deepEqual(await revisions(), allAt(stamped));
  let changes = 0;

  return {
    namespace,
    workloads,
    async change() {
      await revisions();
      changes += 1;
      const data = { change: String(changes) };
      await api.patch(path('ConfigMap', namespace, shared), { data }, 'merge');
    },
    async assertRolledOnceEach(why) {
      assert.deepEqual(await revisions(), allAt(stamped + changes), why);
      const reasons = Object.values(reasonsIn(await runPass(namespace, { write: false })));
      assert.deepEqual(
        reasons,
        workloads.map(() => 'UpToDate'),
        why,
      );
    },
    lease: () => api.get(path('Lease', namespace, leaseName)),
  };
}

/**
 * Waits until the controller has seen all Deployments of a namespace. There is one request for all of them,
 * no matter how many they are.
 *
 * @returns the number of rollouts of each Deployment, including the first one
 */
async function revisionsIn(namespace: string, size: number): Promise<Record<string, number>> {
  for (;;) {
    const found = await testCluster().api.list(path('Deployment', namespace));
    const revisions = found.flatMap(({ metadata, status }) => {
      const { name, generation, annotations } = metadata;
      const revision = annotations?.['deployment.kubernetes.io/revision'];
      const isSeen = status?.['observedGeneration'] === generation && revision !== undefined;
      return isSeen ? [[name, Number(revision)] as const] : [];
    });
    if (revisions.length === size) return Object.fromEntries(revisions);
    await sleep(50);
  }
}
