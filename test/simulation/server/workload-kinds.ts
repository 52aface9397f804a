/** Deployments, StatefulSets, DaemonSets and ReplicaSets. */
import { cleaned } from './cleaned.ts';
import { at, type Draft, isSame, type Json, type JsonMap, mapOf, textOf } from './json.ts';
import { annotationFaults } from './metadata-rules.ts';
import { labelsOf, podFaults, withTemplateDefaults } from './pod-template.ts';
import type { Resource } from './resource.ts';
import { matches } from './selector.ts';
import { noDaemons, type Shape, shapes } from './shape.ts';
import { type Fault, forbiddenValue, invalidValue, requiredValue } from './status.ts';

const apps = { group: 'apps', version: 'v1', isNamespaced: true, hasStatus: true } as const;

type Defaults = (spec: JsonMap) => JsonMap;

function decoder(defaults: Defaults, emptyStatus: JsonMap): (object: JsonMap) => JsonMap {
  return (object) => {
    const clean = cleaned(object);
    const spec = mapOf(clean['spec']);
    const template = withTemplateDefaults(mapOf(spec['template']));
    const status = { ...emptyStatus, ...mapOf(clean['status']) };
    return { ...clean, spec: { ...defaults(spec), template }, status };
  };
}

function faultsOf(object: JsonMap): Fault[] {
  const spec = mapOf(object['spec']);
  const { selector, template } = spec;
  const labels = labelsOf(mapOf(template)['metadata']);
  const annotations = mapOf(at(template, 'metadata', 'annotations'));
  const isEmpty = selector === undefined || isSame(selector, {});
  const faults: Fault[] = [];
  if (selector === undefined) faults.push(requiredValue('spec.selector'));
  else if (isEmpty) faults.push(invalidValue('spec.selector', {}, emptySelector));
  if (!isEmpty && !matches(mapOf(selector), labels)) {
    const why = '`selector` does not match template `labels`';
    faults.push(invalidValue('spec.template.metadata.labels', labels, why));
  }
  return [
    ...faults,
    ...annotationFaults(annotations, 'spec.template.annotations'),
    ...podFaults(mapOf(at(template, 'spec')), 'spec.template.spec'),
  ];
}

function strategyFaults(object: JsonMap): Fault[] {
  const { type, rollingUpdate } = mapOf(at(object, 'spec', 'strategy'));
  if (type !== 'Recreate' || rollingUpdate === undefined) return [];
  const why = "may not be specified when strategy `type` is 'Recreate'";
  return [forbiddenValue('spec.strategy.rollingUpdate', why)];
}

const emptySelector = 'empty selector is invalid for deployment';

function selectorFaults(object: JsonMap, before: JsonMap): Fault[] {
  const selector = at(object, 'spec', 'selector') ?? null;
  if (isSame(selector, at(before, 'spec', 'selector'))) return [];
  return [invalidValue('spec.selector', selector, 'field is immutable')];
}

/** Increases `metadata.generation` if the fields that it counts have changed. */
function withGeneration(object: JsonMap, before: JsonMap, isChanged: boolean): JsonMap {
  if (!isChanged) return object;
  const generation = Number(at(before, 'metadata', 'generation') ?? 0) + 1;
  return { ...object, metadata: { ...mapOf(object['metadata']), generation } };
}

const hasOtherSpec = (object: JsonMap, before: JsonMap): boolean =>
  !isSame(object['spec'], before['spec']);

function created(status: JsonMap): (object: JsonMap) => JsonMap {
  return (object) => ({
    ...object,
    metadata: { ...mapOf(object['metadata']), generation: 1 },
    status,
  });
}

function rolling(field: string, rollingUpdate: JsonMap): Defaults {
  return (spec) => {
    const strategy = mapOf(spec[field]);
    const type = textOf(strategy['type']) || 'RollingUpdate';
    const given = mapOf(strategy['rollingUpdate']);
    const rest = { ...strategy, type };
    if (type !== 'RollingUpdate') return { ...spec, [field]: rest };
    return { ...spec, [field]: { ...rest, rollingUpdate: { ...rollingUpdate, ...given } } };
  };
}

const ofDeployment: Defaults = (spec) => ({
  ...{ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
  ...rolling('strategy', { maxUnavailable: '25%', maxSurge: '25%' })(spec),
});

export const deployments: Resource = {
  ...{ ...apps, plural: 'deployments', kind: 'Deployment' },
  shape: shapes.deployment,
  decode: decoder(ofDeployment, {}),
  prepareCreate: created({}),
  prepareUpdate(object, before) {
    const annotations = (it: JsonMap) => mapOf(at(it, 'metadata', 'annotations'));
    const next = { ...object, status: before['status'] ?? {} };
    const isChanged =
      hasOtherSpec(object, before) || !isSame(annotations(object), annotations(before));
    return withGeneration(next, before, isChanged);
  },
  validate: (object) => [...faultsOf(object), ...strategyFaults(object)],
  validateUpdate: selectorFaults,
  keptByStatus: [['metadata', 'labels']],
};

const ofStatefulSet: Defaults = (spec) => ({
  ...{ replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' },
  persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  serviceName: '',
  ...rolling('updateStrategy', { partition: 0 })(spec),
});

const noReplicas = { replicas: 0, availableReplicas: 0 } as const;

const changeable = [
  ...['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit'],
  ...['persistentVolumeClaimRetentionPolicy', 'minReadySeconds'],
];

function updateStrategyFaults(object: JsonMap): Fault[] {
  const { type, rollingUpdate } = mapOf(at(object, 'spec', 'updateStrategy'));
  if (type !== 'OnDelete' || rollingUpdate === undefined) return [];
  const { partition = null, maxUnavailable = null } = mapOf(rollingUpdate);
  const value = { Partition: partition, MaxUnavailable: maxUnavailable };
  const why = "only allowed for updateStrategy 'RollingUpdate'";
  return [invalidValue('spec.updateStrategy.rollingUpdate', value, why)];
}

function statefulSetFaults(object: JsonMap, before: JsonMap): Fault[] {
  const fixed = (it: JsonMap) =>
    Object.fromEntries(
      Object.entries(mapOf(it['spec'])).filter(([field]) => !changeable.includes(field)),
    );
  if (isSame(fixed(object), fixed(before))) return [];
  const why =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbiddenValue('spec', why)];
}

const keepsStatus = (object: JsonMap, before: JsonMap): JsonMap =>
  withGeneration(
    { ...object, status: before['status'] ?? {} },
    before,
    hasOtherSpec(object, before),
  );

export const statefulSets: Resource = {
  ...{ ...apps, plural: 'statefulsets', kind: 'StatefulSet' },
  shape: shapes.statefulSet,
  decode: decoder(ofStatefulSet, noReplicas),
  prepareCreate: created(noReplicas),
  prepareUpdate: keepsStatus,
  validate: (object) => [...faultsOf(object), ...updateStrategyFaults(object)],
  validateUpdate: statefulSetFaults,
};

/** The API server stores the generation of the template in this annotation. */
export const templateGeneration = 'deprecated.daemonset.template.generation';

function withTemplateGeneration(object: JsonMap, generation: number): JsonMap {
  const metadata = mapOf(object['metadata']);
  const annotations = {
    ...mapOf(metadata['annotations']),
    [templateGeneration]: String(generation),
  };
  return { ...object, metadata: { ...metadata, annotations } };
}

const generationOf = (object: JsonMap): number =>
  Number(at(object, 'metadata', 'annotations', templateGeneration) ?? 0);

const ofDaemonSet: Defaults = (spec) => ({
  revisionHistoryLimit: 10,
  ...rolling('updateStrategy', { maxUnavailable: 1, maxSurge: 0 })(spec),
});

const decodeDaemonSet = decoder(ofDaemonSet, noDaemons);

export const daemonSets: Resource = {
  ...{ ...apps, plural: 'daemonsets', kind: 'DaemonSet' },
  hiddenAnnotation: templateGeneration,
  shape: shapes.daemonSet,
  decode(object) {
    const decoded = decodeDaemonSet(object);
    return withTemplateGeneration(decoded, generationOf(decoded));
  },
  prepareCreate: (object) => withTemplateGeneration(created(noDaemons)(object), 1),
  prepareUpdate(object, before) {
    const hasOtherTemplate = !isSame(
      at(object, 'spec', 'template'),
      at(before, 'spec', 'template'),
    );
    const generation = generationOf(before) + (hasOtherTemplate ? 1 : 0);
    return withTemplateGeneration(keepsStatus(object, before), generation);
  },
  validate: faultsOf,
  validateUpdate: selectorFaults,
};

const ofReplicaSet: Defaults = (spec) => ({ replicas: 1, ...spec });

export const replicaSets: Resource = {
  ...{ ...apps, plural: 'replicasets', kind: 'ReplicaSet' },
  shape: shapes.replicaSet,
  decode: decoder(ofReplicaSet, { replicas: 0 }),
  prepareCreate: created({ replicas: 0 }),
  prepareUpdate: keepsStatus,
  validate: faultsOf,
  validateUpdate: selectorFaults,
};

export const controllerRevisions: Resource = {
  ...{ ...apps, hasStatus: false, plural: 'controllerrevisions', kind: 'ControllerRevision' },
  shape: withAtomicData(shapes.plain),
  decode: cleanedButData,
  validateUpdate(object, before) {
    if (isSame(object['data'], before['data'])) return [];
    return [invalidValue('data', object['data'] ?? null, 'field is immutable')];
  },
};

function withAtomicData(shape: Shape): Shape {
  const fields = { ...shape.fields, data: { atomic: true } } as const;
  return { ...shape, fields, present: { ...shape.present, revision: 0 } };
}

function cleanedButData(object: JsonMap): JsonMap {
  const { data, ...others } = object;
  const result: Draft = { ...cleaned(others as JsonMap) };
  if (data !== undefined) result['data'] = data as Json;
  return result;
}
