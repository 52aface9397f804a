/** The Node object of the agent: it is registered, kept Ready, and deleted at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, type KubernetesObject, path } from '../control-plane/api.ts';
import { timestamp } from './pod.ts';

export type Toleration = { key: string; operator: 'Equal'; value: string; effect: 'NoSchedule' };

export type RegisteredNode = {
  /**
   * A DaemonSet needs this toleration to get a Pod here. The taint keeps away the DaemonSets of
   * other tests.
   */
  toleration: Toleration;
  /** Ends its heartbeat, and deletes it if the API server is available. */
  remove(): Promise<void>;
};

const taintKey = 'wave-cron.test/node-agent';
const leaseNamespace = 'kube-node-lease';
const leaseSeconds = 40;
// The node lifecycle controller gives up on a Node after 50 s.
const heartbeatMs = 5_000;

const resources = { cpu: '8', memory: '16Gi', pods: '250', 'ephemeral-storage': '64Gi' };

export async function registerNode(
  api: Api,
  name: string,
  hostIP: string,
): Promise<RegisteredNode> {
  const taint = { key: taintKey, value: name, effect: 'NoSchedule' } as const;
  const node = await api.create<KubernetesObject>({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    spec: { taints: [taint] },
  });
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid ?? '' };
  const metadata = { namespace: leaseNamespace, name, ownerReferences: [owner] };
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
  await api.create({ ...lease, spec: leaseSpec(name) });
  const since = timestamp();
  await beat(api, name, hostIP, since);

  const over = new AbortController();
  const beating = (async () => {
    while (!over.signal.aborted) {
      await sleep(heartbeatMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
      // The API server may be unavailable for a while. The next heartbeat makes the Node Ready
      // again.
      if (!over.signal.aborted) await beat(api, name, hostIP, since).catch(() => {});
    }
  })();
  return {
    toleration: { ...taint, operator: 'Equal' },
    async remove() {
      over.abort();
      await beating;
      // Without the API server, there is nothing to delete.
      await Promise.allSettled([
        api.delete(path('Node', undefined, name)),
        api.delete(path('Lease', leaseNamespace, name)),
      ]);
    },
  };
}

async function beat(api: Api, name: string, hostIP: string, since: string): Promise<void> {
  const lastHeartbeatTime = timestamp();
  const condition = (type: string, status: string, reason: string) => ({
    ...{ type, status, reason, lastHeartbeatTime, lastTransitionTime: since },
  });
  await api.patch(`${path('Node', undefined, name)}/status`, {
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address: hostIP },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        condition('Ready', 'True', 'KubeletReady'),
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
      ],
    },
  });
  await api.patch(path('Lease', leaseNamespace, name), { spec: leaseSpec(name) }, 'merge');
}

function leaseSpec(holderIdentity: string) {
  // A MicroTime: RFC 3339 with six fractional digits.
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  return { holderIdentity, leaseDurationSeconds: leaseSeconds, renewTime };
}
