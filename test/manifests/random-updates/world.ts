/** A namespace with the objects that a thief of the token might attack, and with objects of other programs. */
import {
  type Fields,
  type Kind,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import { configMap, deployment, secret } from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { finalizer, make, recordAnnotation } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  optedIn,
  prefix,
  sourcesAnnotation,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { type RestrictedAccount, restrictedAccount } from '../admission-policies/account.ts';

export type Owner = Fields & { kind: string; name: string; uid: string };

export type Target = {
  readonly kind: Kind;
  readonly path: string;
  /** The object before the first step. */
  readonly before: KubernetesObject;
  /** Owner references that other programs wrote. */
  readonly foreign: readonly Owner[];
};

export type World = {
  readonly account: RestrictedAccount;
  /** The Namespace kube-system. */
  readonly lasting: Owner;
  /** The namespace of the world itself. Earlier versions added it as an owner instead of kube-system. */
  readonly former: Owner;
  readonly targets: readonly Target[];
  /** Deployments that a step may name as owners. The steps replace the last two. */
  readonly workloads: Owner[];
  /** The paths of all objects that existed before the first step. */
  readonly there: ReadonlySet<string>;
};

export const kindsOfTargets = [
  ...workloadKinds,
  ...(['ConfigMap', 'Secret', 'Lease', 'Event'] as const),
];

export const ownerOf = ({ apiVersion, kind, metadata }: KubernetesObject): Owner => ({
  ...{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' },
  ...{ controller: false, blockOwnerDeletion: false },
});

export async function newWorld(t: { after: (cleanup: () => unknown) => unknown }): Promise<World> {
  const { api } = testCluster();
  const account = await restrictedAccount(t, { wide: true });
  const { namespace } = account;
  const namespaceNamed = async (name: string) =>
    ownerOf({
      ...{ apiVersion: 'v1', kind: 'Namespace' },
      metadata: (await api.get(path('Namespace', undefined, name))).metadata,
    });
  const lasting = await namespaceNamed('kube-system');
  const former = await namespaceNamed(namespace);
  const owner = async (object: KubernetesObject) => ownerOf(await api.create(object));
  const foreign = await owner(configMap({ namespace, name: 'foreign-owner', data: {} }));
  const controller = { ...foreign, controller: true, blockOwnerDeletion: true };
  const foreignWeb = await owner(deployment({ namespace, name: 'foreign-web' }));
  const workloads: Owner[] = [];
  for (const name of ['web-0', 'web-1', 'web-2', 'short-0', 'short-1']) {
    workloads.push(await owner(deployment({ namespace, name })));
  }
  const [web] = workloads;
  if (web === undefined) throw new Error('there are no workloads');

  const targets: Target[] = [];
  const target = async (object: KubernetesObject, owners: readonly Owner[] = []) => {
    const kind = object.kind as Kind;
    const at = path(kind, namespace, object.metadata.name);
    targets.push({ kind, path: at, before: await api.get(at), foreign: owners });
  };

  for (const kind of workloadKinds) {
    const ours = {
      [recordAnnotation]: '["Secret/plain"]',
      [`${prefix}/adopted`]: '{}',
      [`${prefix}/rollout-history`]: '["2026-11-30T06:00:00Z"]',
      [`${prefix}/pending-config`]: `{"hash":"${'c'.repeat(64)}","since":"2026-11-30T06:00:00Z"}`,
      [`${prefix}/written-hash`]: 'c'.repeat(64),
    };
    const decided = { [`${prefix}/rollout-pause`]: 'true', [`${prefix}/approved-config`]: '' };
    const podAnnotations = { [hashAnnotation]: 'c'.repeat(64), [sourcesAnnotation]: '{}' };
    for (const object of [
      make[kind]({ namespace, name: 'in', annotations: { ...decided, ...optedIn } }),
      make[kind]({ namespace, name: 'out', annotations: decided }),
      make[kind]({ namespace, name: 'was-in', annotations: ours, podAnnotations }),
    ]) {
      const { name } = object.metadata;
      const finalizers = ['example.com/keep', ...(name === 'was-in' ? [finalizer] : [])];
      await api.create({ ...object, metadata: { ...object.metadata, finalizers } });
      await target(object);
    }
  }

  for (const make of [configMap, secret]) {
    const written = async (name: string, ...by: [manager: string, ...owners: Owner[]][]) => {
      const object = await api.create(make({ namespace, name, data: { a: '1' } }));
      const at = path(object.kind as Kind, namespace, name);
      for (const [manager, ...ownerReferences] of by) {
        await api.patch(`${at}?fieldManager=${manager}`, { metadata: { ownerReferences } });
      }
      const own = by.filter(([manager]) => manager !== 'wave-cron');
      return { object, at, others: own.flatMap(([, ...owners]) => owners) };
    };
    const forget = async (at: string, all: boolean) => {
      const managedFields = (await api.get(at)).metadata['managedFields'] as Fields[];
      const kept = all ? [{}] : managedFields.filter((it) => it['manager'] !== 'somebody');
      const change = { metadata: { managedFields: kept } };
      await api.patch(`${at}?fieldManager=somebody`, change, 'merge');
    };
    for (const [name, ...by] of [
      ['plain'],
      ['foreign', ['somebody', controller, foreignWeb]],
      ['namespaced', ['somebody', foreign, lasting]],
      ['ours', ['wave-cron', web, lasting]],
      ['former', ['wave-cron', web, former]],
      ['mixed', ['somebody', foreign], ['wave-cron', web, lasting]],
      ['nobody', ['somebody', foreign, foreignWeb]],
      ['untracked', ['somebody', foreign, foreignWeb]],
    ] as [string, ...[string, ...Owner[]][]][]) {
      const { object, at, others } = await written(name, ...by);
      if (name === 'nobody' || name === 'untracked') await forget(at, name === 'untracked');
      await target(object, others);
    }
  }

  for (const name of ['wave-cron', 'other']) {
    const annotations = { 'wave.pusher.com/lease-of': 'wave-cron' };
    const spec = { holderIdentity: 'somebody', leaseDurationSeconds: 15, leaseTransitions: 0 };
    const metadata = { namespace, name, annotations };
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    await target(await api.create(object));
  }
  for (const [name, reportingController] of [
    ['own', 'wave-cron'],
    ['foreign', 'kubelet'],
  ] as const) {
    await target(await api.create(eventOf(namespace, name, reportingController)));
  }
  const there = new Set<string>();
  for (const kind of kindsOfTargets) {
    const objects = await api.list(path(kind, namespace));
    for (const { metadata } of objects) there.add(path(kind, namespace, metadata.name));
  }
  return { account, lasting, former, targets, workloads, there };
}

export function eventOf(
  namespace: string,
  name: string,
  reportingController = 'wave-cron',
): KubernetesObject {
  return {
    ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { namespace, name } },
    ...{ eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal', reason: 'FirstSeen' },
    ...{ action: 'WriteHash', note: 'a note', reportingController, reportingInstance: 'x' },
    regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'in', uid: 'u' },
  };
}
