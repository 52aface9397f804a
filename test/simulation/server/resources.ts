/** All resources of the simulated API server. */
import { cleaned } from './cleaned.ts';
import { at, type JsonMap, listOf, mapOf, mapsOf, textOf } from './json.ts';
import { withAdmission, withPodDefaults } from './pod-template.ts';
import { eventFaults, eventUpdateFaults, leaseFaults } from './record-rules.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { shapes } from './shape.ts';
import { configMaps, secrets } from './source-kinds.ts';
import {
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
} from './workload-kinds.ts';

const core = { group: '', version: 'v1' } as const;

const plain = {
  isNamespaced: true,
  hasStatus: false,
  shape: shapes.plain,
  decode: cleaned,
} as const;

const leases: Resource = {
  ...{ ...plain, group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' },
  shape: shapes.lease,
  decode: (object) => ({ spec: {}, ...cleaned(object) }),
  validate: leaseFaults,
  ...{ needsVersion: true, createsOnUpdate: true, hasAnyFinalizers: true },
};

const events: Resource = {
  ...{ ...plain, group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' },
  shape: shapes.event,
  decode: decodeEvent,
  validate: eventFaults,
  validateUpdate: eventUpdateFaults,
  createsOnUpdate: true,
  ...{ groupOfFaults: '', isNoOwner: true },
};

function decodeEvent(object: JsonMap): JsonMap {
  return {
    ...cleaned(object),
    eventTime: object['eventTime'] ?? null,
    regarding: mapOf(object['regarding']),
    ...{ deprecatedSource: {}, deprecatedFirstTimestamp: null, deprecatedLastTimestamp: null },
  };
}

/** Conditions of Pods always contain their times, which can be null. */
function withProbeTimes(status: JsonMap): JsonMap {
  if (status['conditions'] === undefined) return status;
  const conditions = mapsOf(status['conditions']).map((each) => ({
    ...{ lastProbeTime: null, lastTransitionTime: null },
    ...each,
  }));
  return { ...status, conditions };
}

const pods: Resource = {
  ...{ ...plain, ...core, plural: 'pods', kind: 'Pod', hasStatus: true, isGraceful: true },
  returnsDeleted: true,
  shape: shapes.pod,
  decode(object) {
    const clean = cleaned(object);
    const spec = { enableServiceLinks: true, ...withPodDefaults(mapOf(clean['spec'])) };
    return { ...clean, spec, status: withProbeTimes(mapOf(clean['status'])) };
  },
  prepareCreate: (object) => ({
    ...object,
    metadata: { ...mapOf(object['metadata']), generation: 1 },
    spec: withAdmission(mapOf(object['spec'])),
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  }),
  prepareUpdate: (object, before) => ({ ...object, status: before['status'] ?? {} }),
  keptByStatus: [
    ['metadata', 'deletionTimestamp'],
    ['metadata', 'ownerReferences'],
  ],
};

const namespaces: Resource = {
  ...{ ...plain, ...core, plural: 'namespaces', kind: 'Namespace' },
  ...{ isNamespaced: false, hasStatus: true },
  shape: shapes.namespace,
  decode(object) {
    const clean = cleaned(object);
    const name = textOf(at(clean, 'metadata', 'name'));
    const labels = {
      ...mapOf(at(clean, 'metadata', 'labels')),
      ...(name === '' ? {} : { 'kubernetes.io/metadata.name': name }),
    };
    const metadata = { ...mapOf(clean['metadata']), labels };
    return { ...clean, metadata, spec: mapOf(clean['spec']), status: mapOf(clean['status']) };
  },
  prepareCreate: (object) => ({
    ...object,
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }),
  prepareUpdate: (object, before) => ({
    ...object,
    spec: before['spec'] ?? {},
    status: before['status'] ?? {},
  }),
  hasLabelAsName: true,
};

const quotas: Resource = {
  ...{ ...plain, ...core, plural: 'resourcequotas', kind: 'ResourceQuota', hasStatus: true },
  returnsDeleted: true,
  shape: shapes.quota,
  decode(object) {
    const clean = cleaned(object);
    const spec = mapOf(clean['spec']);
    const hard = Object.entries(mapOf(spec['hard'])).map(([key, value]) => [key, String(value)]);
    const withHard = hard.length === 0 ? spec : { ...spec, hard: Object.fromEntries(hard) };
    return { ...clean, spec: withHard, status: mapOf(clean['status']) };
  },
  prepareCreate: (object) => ({ ...object, status: {} }),
  prepareUpdate: (object, before) => ({ ...object, status: before['status'] ?? {} }),
};

const serviceAccounts: Resource = {
  ...{ ...plain, ...core, plural: 'serviceaccounts', kind: 'ServiceAccount' },
};

const nodes: Resource = {
  ...{ ...plain, ...core, plural: 'nodes', kind: 'Node', isNamespaced: false },
};

export const resources = {
  configMaps,
  secrets,
  deployments,
  statefulSets,
  daemonSets,
  replicaSets,
  controllerRevisions,
  leases,
  events,
  pods,
  namespaces,
  quotas,
  serviceAccounts,
  nodes,
} as const;

export const allResources: readonly Resource[] = Object.values(resources);

const byPath = new Map(
  allResources.map((each) => [`${apiVersionOf(each)}/${each.plural}`, each] as const),
);
const byKind = new Map(
  allResources.map((each) => [`${apiVersionOf(each)}/${each.kind}`, each] as const),
);

export const resourceAt = (apiVersion: string, plural: string): Resource | undefined =>
  byPath.get(`${apiVersion}/${plural}`);

export const resourceOfKind = (apiVersion: string, kind: string): Resource | undefined =>
  byKind.get(`${apiVersion}/${kind}`);

/** The finalizers that the namespace controller removes as its last step. */
export const namespaceFinalizers = (namespace: JsonMap): readonly unknown[] =>
  listOf(at(namespace, 'spec', 'finalizers'));
