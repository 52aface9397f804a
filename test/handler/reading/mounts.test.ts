/** The lists with which passes find mounted objects. The tests in test/handler/secrets-store check the decisions. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Mounts } from '../../../handler/reading/mounts.ts';
import { FairLimit } from '../../../lib/concurrency/fair-limit.ts';
import { ApiError } from '../../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../../lib/kubernetes/cluster.ts';
import type { MountStatusObject, PodObject } from '../../../lib/kubernetes/objects.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { keys, mounting } from '../../lib/rules/mounting.ts';

const workload = mounting();
const statusOf = (uid: string): MountStatusObject => ({
  metadata: { generation: 1, ownerReferences: [{ kind: 'Pod', uid }] },
  status: { secretProviderClassName: 'vault', mounted: true, objects: [] },
});

function mountsIn({
  statuses = [],
  pods = [],
  error,
}: {
  statuses?: readonly MountStatusObject[];
  pods?: readonly PodObject[];
  error?: Error;
}) {
  const asked: string[] = [];
  const cluster: Partial<Cluster> = {
    listMountStatuses: async (namespace, _, onPage) => {
      asked.push(`statuses of ${namespace}`);
      if (error !== undefined) throw error;
      onPage(statuses, false);
    },
    listRevisions: async (_, __, onPage) => {
      asked.push('ReplicaSets');
      onPage([], false);
    },
    listPods: async (_, __, ___, onPage) => {
      asked.push('Pods');
      onPage(pods, false);
    },
  };
  const mounts = new Mounts({
    ...{ cluster: cluster as Cluster, clock: systemClock, annotationKeys: keys },
    ...{ reads: new FairLimit(2), signal: new AbortController().signal },
  });
  return { asked, mounts };
}

suite('the mounted objects', () => {
  test('are listed once for a namespace, before the Pods of each workload', async () => {
    const { asked, mounts } = mountsIn({ statuses: [statusOf('p')] });
    await mounts.of(workload);
    await mounts.of(workload);
    assert.deepEqual(asked, ['statuses of shop', 'ReplicaSets', 'Pods', 'ReplicaSets', 'Pods']);
  });

  test('are unknown, without a list, if the Pods of a kind are not known', async () => {
    const { asked, mounts } = mountsIn({});
    const knative = { ...workload, kind: 'Service.v1.serving.knative.dev' } as const;
    assert.equal((await mounts.of(knative))('vault').state, 'unknown');
    const { podSelector: _, ...without } = workload;
    assert.deepEqual((await mounts.of(without))('vault'), {
      state: 'unknown',
      why: 'it selects none',
    });
    assert.deepEqual(asked, []);
  });

  test('cannot be read if the cluster does not have the driver, and the message contains a remedy', async () => {
    const error = new ApiError('404', { status: 404, canRetry: false });
    const { asked, mounts } = mountsIn({ error });
    const mounted = (await mounts.of(workload))('vault');
    assert.equal(mounted.state, 'unreadable');
    assert.match(
      'why' in mounted ? mounted.why : '',
      /^the cluster does not have secretproviderclasspodstatuses of .*: install the Secrets Store CSI driver, or remove SecretProviderClass from the setting sourceKinds$/,
    );
    assert.deepEqual(asked, ['statuses of shop']);
  });

  test('are limited in a namespace, and for the Pods of a workload', async () => {
    const many = Array.from({ length: 50_001 }, (_, i) => statusOf(`p${i}`));
    const statuses = (await mountsIn({ statuses: many }).mounts.of(workload))('vault');
    assert.match('why' in statuses ? statuses.why : '', /shop has more than 50000 secretprovider/);
    const pods = Array.from({ length: 10_001 }, (_, i) => ({ metadata: { uid: `p${i}` } }));
    const mounted = (await mountsIn({ pods }).mounts.of(workload))('vault');
    assert.deepEqual(mounted, {
      state: 'unreadable',
      why: 'its selector matches more than 10000 Pods',
    });
  });
});
