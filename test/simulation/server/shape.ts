/**
 * The merge rules of the API server for the fields of each kind. They define which lists are maps or
 * sets, and which values are replaced as a whole. A map without a rule has separate fields. A list
 * without a rule is replaced as a whole.
 */
import type { Json } from './json.ts';

export interface Shape {
  /** The map is replaced as a whole. */
  readonly atomic?: true;
  readonly fields?: Readonly<Record<string, Shape>>;
  /** The items of a list, and the fields that identify an item. */
  readonly items?: Shape;
  readonly keys?: readonly string[];
  /** The values of keys that an item does not contain. */
  readonly keyDefaults?: Readonly<Record<string, Json>>;
  /** The list is a set of different scalars. */
  readonly set?: true;
  /** Fields that a map always has in the memory of the API server, with their empty values. */
  readonly present?: Readonly<Record<string, Json>>;
  /**
   * The field that identifies an item in a strategic merge patch. Without it, a patch replaces the
   * list.
   */
  readonly mergeKey?: string;
}

const atomic: Shape = { atomic: true };
const plain: Shape = {};

const listBy = (key: string, items: Shape = plain): Shape => ({
  items,
  keys: [key],
  mergeKey: key,
});

export const metadataShape: Shape = {
  fields: {
    ownerReferences: listBy('uid', atomic),
    finalizers: { set: true },
  },
};

const env: Shape = {
  fields: {
    valueFrom: {
      fields: {
        configMapKeyRef: atomic,
        secretKeyRef: atomic,
        fieldRef: atomic,
        resourceFieldRef: atomic,
      },
    },
  },
};

const container: Shape = {
  present: { name: '', resources: {} },
  fields: {
    env: listBy('name', env),
    volumeMounts: listBy('mountPath'),
    ports: {
      items: plain,
      keys: ['containerPort', 'protocol'],
      keyDefaults: { protocol: 'TCP' },
      mergeKey: 'containerPort',
    },
  },
};

const podSpec: Shape = {
  present: { containers: null },
  fields: {
    containers: listBy('name', container),
    initContainers: listBy('name', container),
    volumes: listBy('name'),
    imagePullSecrets: listBy('name', atomic),
    nodeSelector: atomic,
    affinity: {
      fields: {
        nodeAffinity: { fields: { requiredDuringSchedulingIgnoredDuringExecution: atomic } },
      },
    },
    hostAliases: listBy('ip'),
  },
};

export const templateShape: Shape = {
  present: { metadata: {}, spec: {} },
  fields: { metadata: metadataShape, spec: podSpec },
};

const conditions: Shape = { items: plain, keys: ['type'], mergeKey: 'type' };

function kind(spec: Shape, status: Shape): Shape {
  return {
    present: { metadata: {}, spec: {}, status: {} },
    fields: { metadata: metadataShape, spec, status },
  };
}

function workload(present: Shape['present'], status: Shape['present'] = {}): Shape {
  return kind(
    {
      present: { template: {}, selector: null, ...present },
      fields: { selector: atomic, template: templateShape },
    },
    { present: status, fields: { conditions } },
  );
}

export const noDaemons = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
} as const;

export const shapes = {
  plain: { present: { metadata: {} }, fields: { metadata: metadataShape } },
  deployment: workload({ strategy: {} }),
  statefulSet: workload({ updateStrategy: {} }, { replicas: 0, availableReplicas: 0 }),
  daemonSet: workload({ updateStrategy: {} }, noDaemons),
  replicaSet: workload({}, { replicas: 0 }),
  pod: kind(podSpec, { fields: { conditions } }),
  namespace: kind(plain, { fields: { conditions } }),
  lease: {
    present: { metadata: {}, spec: {} },
    fields: { metadata: metadataShape, spec: plain },
  },
  event: {
    present: {
      metadata: {},
      regarding: {},
      deprecatedSource: {},
      eventTime: null,
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    },
    fields: { metadata: metadataShape, regarding: atomic, related: atomic },
  },
  quota: kind(plain, plain),
} as const satisfies Readonly<Record<string, Shape>>;
