/** The defaults of Pods and of pod templates. */
import { type Draft, isMap, type Json, type JsonMap, mapOf, mapsOf, textOf } from './json.ts';
import { type Fault, requiredValue } from './status.ts';

const specDefaults = {
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
} as const;

export function withTemplateDefaults(template: JsonMap): JsonMap {
  const { metadata = {}, spec } = template;
  return { metadata, spec: withPodDefaults(mapOf(spec)) };
}

export function withPodDefaults(spec: JsonMap): JsonMap {
  const result: Draft = { ...specDefaults, ...spec };
  for (const field of ['containers', 'initContainers']) {
    if (spec[field] !== undefined) result[field] = mapsOf(spec[field]).map(withContainerDefaults);
  }
  if (spec['volumes'] !== undefined) result['volumes'] = mapsOf(spec['volumes']).map(withMode);
  const account = textOf(spec['serviceAccountName']) || textOf(spec['serviceAccount']);
  if (account !== '')
    Object.assign(result, { serviceAccountName: account, serviceAccount: account });
  return result;
}

function withContainerDefaults(container: JsonMap): JsonMap {
  const image = textOf(container['image']);
  const result: Draft = {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: isLatest(image) ? 'Always' : 'IfNotPresent',
    ...container,
  };
  if (container['env'] !== undefined) result['env'] = mapsOf(container['env']).map(withoutEmpty);
  if (container['ports'] !== undefined) {
    result['ports'] = mapsOf(container['ports']).map((port) => ({ protocol: 'TCP', ...port }));
  }
  return result;
}

/** The API server stores an empty value as no value. */
function withoutEmpty(variable: JsonMap): JsonMap {
  if (variable['value'] !== '') return variable;
  const { value: _, ...others } = variable;
  return others as JsonMap;
}

function isLatest(image: string): boolean {
  const name = image.slice(image.lastIndexOf('/') + 1);
  if (name.includes('@')) return false;
  return !name.includes(':') || name.endsWith(':latest');
}

const withModes = ['configMap', 'secret', 'projected', 'downwardAPI'] as const;

function withMode(volume: JsonMap): JsonMap {
  for (const kind of withModes) {
    const source = volume[kind];
    if (isMap(source)) return { ...volume, [kind]: { defaultMode: 420, ...source } };
  }
  return Object.keys(volume).length === 1 ? { ...volume, emptyDir: {} } : volume;
}

export function podFaults(spec: JsonMap, field: string): Fault[] {
  const containers = mapsOf(spec['containers']);
  if (containers.length === 0) return [requiredValue(`${field}.containers`)];
  return containers.flatMap((container, at) => {
    const place = `${field}.containers[${at}]`;
    return [
      ...(textOf(container['name']) === '' ? [requiredValue(`${place}.name`)] : []),
      ...(textOf(container['image']) === '' ? [requiredValue(`${place}.image`)] : []),
    ];
  });
}

/** The labels in metadata. */
export const labelsOf = (metadata: Json | undefined): JsonMap => mapOf(mapOf(metadata)['labels']);

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

const waits = (key: string): JsonMap => ({
  key: `node.kubernetes.io/${key}`,
  ...{ operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
});

/**
 * Adds the same fields as admission to the spec of a new Pod: the service account, its token, priority
 * and tolerations.
 */
export function withAdmission(spec: JsonMap): JsonMap {
  const name = 'kube-api-access-00000';
  const account = textOf(spec['serviceAccountName']) || 'default';
  const mount = { name, readOnly: true, mountPath: accountFolder };
  const given = mapsOf(spec['tolerations']);
  const isGiven = (wanted: JsonMap) =>
    given.some(({ key, effect }) => key === wanted['key'] && effect === wanted['effect']);
  const added = ['not-ready', 'unreachable'].map(waits).filter((each) => !isGiven(each));
  return {
    ...spec,
    ...{ serviceAccountName: account, serviceAccount: account },
    ...{ priority: 0, preemptionPolicy: 'PreemptLowerPriority' },
    tolerations: [...given, ...added],
    volumes: [...mapsOf(spec['volumes']), { name, projected: accountSources }],
    containers: mapsOf(spec['containers']).map((each) => ({
      ...each,
      volumeMounts: [...mapsOf(each['volumeMounts']), mount],
    })),
  };
}

const accountSources: JsonMap = {
  sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [
          { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
        ],
      },
    },
  ],
  defaultMode: 420,
};
