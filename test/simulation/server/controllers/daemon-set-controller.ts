/** Runs one Pod of each DaemonSet on each suitable node. */
import { at, type JsonMap, mapOf, mapsOf, numberOf, textOf } from '../json.ts';
import { resources } from '../resources.ts';
import type { Stored } from '../store.ts';
import { asController, type ControllerDeps, metadataOf, tryTo } from './controller.ts';
import {
  controlled,
  isDeleting,
  isReady,
  labelsOf,
  ownerReference,
  part,
  specOf,
  statusOf,
  templateOf,
  WorkloadController,
  withoutZeros,
  writeStatus,
} from './owned.ts';
import { deletePod } from './replica-set-controller.ts';
import { generationOf, hashIn, type Revisions, removeAll, syncRevisions } from './revisions.ts';

const hashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';
const generationKey = 'deprecated.daemonset.template.generation';

export function daemonSetController(deps: ControllerDeps): WorkloadController {
  const sync = (stored: Stored) => syncDaemonSet(deps, stored);
  return new WorkloadController('daemon set controller', deps, resources.daemonSets, sync);
}

function syncDaemonSet(deps: ControllerDeps, set: Stored): void {
  if (isDeleting(set)) return;
  const revisions = syncRevisions(deps, set, hashLabel);
  if (revisions === undefined) return;
  const hash = hashIn(revisions.newest, hashLabel);
  const nodes = nodesFor(deps, set);
  manage(deps, set, nodes, hash);
  replace(deps, set, nodes, hash);
  truncateUnused(deps, set, revisions);
  writeCounts(deps, set, nodes, hash);
}

/** The nodes that may run the Pods of the set. */
function nodesFor({ store }: ControllerDeps, set: Stored): string[] {
  const spec = mapOf(templateOf(set)['spec']);
  const wanted = Object.entries(mapOf(spec['nodeSelector']));
  const tolerations = mapsOf(spec['tolerations']);
  return store
    .list(resources.nodes)
    .filter((node) => wanted.every(([key, value]) => labelsOf(node)[key] === value))
    .filter(({ object }) =>
      mapsOf(at(object, 'spec', 'taints')).every((taint) =>
        tolerations.some(
          ({ key, operator, value }) =>
            (key === undefined || key === taint['key']) &&
            (operator === 'Exists' || value === taint['value']),
        ),
      ),
    )
    .map(({ name }) => name);
}

/** The node on which a Pod runs or must run. */
export function nodeOf(pod: Stored): string {
  const spec = specOf(pod);
  const terms = mapsOf(
    at(
      spec,
      'affinity',
      'nodeAffinity',
      'requiredDuringSchedulingIgnoredDuringExecution',
      'nodeSelectorTerms',
    ),
  );
  const [field] = mapsOf(terms[0]?.['matchFields']);
  const [wanted] = (field?.['values'] ?? []) as readonly string[];
  return textOf(spec['nodeName']) || (wanted ?? '');
}

const podsOf = (deps: ControllerDeps, set: Stored): Stored[] =>
  controlled(deps, set, resources.pods);

const isOver = (pod: Stored): boolean => {
  const { phase } = statusOf(pod);
  return phase === 'Failed' || phase === 'Succeeded';
};

function manage(deps: ControllerDeps, set: Stored, nodes: readonly string[], hash: string): void {
  const pods = Map.groupBy(podsOf(deps, set), nodeOf);
  for (const node of nodes) {
    const own = pods.get(node) ?? [];
    for (const pod of own) if (isOver(pod) && !isDeleting(pod)) deletePod(deps, pod);
    if (own.length === 0) createPod(deps, set, node, hash);
  }
  for (const [node, all] of pods) {
    if (nodes.includes(node)) continue;
    for (const pod of all) if (!isDeleting(pod)) deletePod(deps, pod);
  }
}

function createPod(deps: ControllerDeps, set: Stored, node: string, hash: string): void {
  const template = templateOf(set);
  const { labels, annotations } = mapOf(template['metadata']);
  const field = { key: 'metadata.name', operator: 'In', values: [node] };
  const terms = { nodeSelectorTerms: [{ matchFields: [field] }] };
  const pod: JsonMap = {
    metadata: {
      generateName: `${set.name}-`,
      labels: {
        ...mapOf(labels),
        [hashLabel]: hash,
        [generationLabel]: textOf(at(set.object, 'metadata', 'annotations', generationKey)),
      },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [ownerReference(set)],
    },
    spec: {
      ...mapOf(template['spec']),
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
      tolerations: [...mapsOf(at(template, 'spec', 'tolerations')), ...ofDaemons],
    },
  };
  tryTo(() => deps.writer.create(resources.pods, set.namespace, pod, asController));
}

const ofDaemons: readonly JsonMap[] = [
  ...['not-ready', 'unreachable'].map((key) => [key, 'NoExecute']),
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((key) => [
    key,
    'NoSchedule',
  ]),
].map(([key, effect]) => ({
  key: `node.kubernetes.io/${key}`,
  ...{ operator: 'Exists', effect: effect ?? '' },
}));

function replace(deps: ControllerDeps, set: Stored, nodes: readonly string[], hash: string): void {
  const { type, rollingUpdate } = mapOf(specOf(set)['updateStrategy']);
  if (type !== 'RollingUpdate') return;
  const { maxUnavailable } = mapOf(rollingUpdate);
  const most = part(maxUnavailable, nodes.length, true);
  const all = podsOf(deps, set).filter((pod) => nodes.includes(nodeOf(pod)));
  const old = all.filter((pod) => labelsOf(pod)[hashLabel] !== hash && !isDeleting(pod));
  const broken = old.filter((pod) => !isReady(pod));
  const isBusy = (node: string) => {
    const pods = all.filter((pod) => nodeOf(pod) === node && !isDeleting(pod));
    return !pods.some(isReady);
  };
  const unavailable = nodes.filter(isBusy).length;
  const healthy = old.filter(isReady).slice(0, Math.max(0, most - unavailable));
  for (const pod of [...broken, ...healthy]) deletePod(deps, pod);
}

/** Revisions that Pods use count toward the limit, but are not deleted. */
function truncateUnused(deps: ControllerDeps, set: Stored, { all, newest }: Revisions): void {
  const hashes = new Set(podsOf(deps, set).map((pod) => labelsOf(pod)[hashLabel]));
  const old = all.filter((each) => each.uid !== newest.uid);
  const unused = old.filter((each) => !hashes.has(labelsOf(each)[hashLabel] ?? ''));
  const limit = numberOf(specOf(set)['revisionHistoryLimit'] ?? 10);
  removeAll(deps, unused.slice(0, Math.max(0, old.length - limit)));
}

function writeCounts(
  deps: ControllerDeps,
  set: Stored,
  nodes: readonly string[],
  hash: string,
): void {
  const live = deps.store.byUid(set.uid);
  if (live === undefined) return;
  const alive = podsOf(deps, set).filter(
    (pod) => metadataOf(pod)['deletionTimestamp'] === undefined,
  );
  const pods = alive.filter((pod) => nodes.includes(nodeOf(pod)));
  const ready = pods.filter(isReady).length;
  const status: JsonMap = {
    currentNumberScheduled: pods.length,
    numberMisscheduled: alive.length - pods.length,
    desiredNumberScheduled: nodes.length,
    numberReady: ready,
    ...withoutZeros({
      observedGeneration: generationOf(set),
      updatedNumberScheduled: pods.filter((pod) => labelsOf(pod)[hashLabel] === hash).length,
      numberAvailable: ready,
      numberUnavailable: nodes.length - ready,
    }),
  };
  const { collisionCount } = statusOf(live);
  writeStatus(deps, live, collisionCount === undefined ? status : { ...status, collisionCount });
}
