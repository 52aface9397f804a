import { quote } from '../../text/quote.ts';
import type { Condition, WorkloadObject } from '../objects.ts';
import type { CustomKindFacts } from './custom-kind.ts';
import {
  healthy,
  inert,
  isObserved,
  type KindRollout,
  type RolloutState,
  type WorkloadSpec,
} from './rollout.ts';
import { unknownPods } from './unknown-kind.ts';

/** A Service of Knative starts a new revision with its own Pods. Its status does not count any Pods. */
const rollout: KindRollout = {
  isReported: false,
  podsFollow: () => 'at once',
  progress: () => ({ desired: 0, existing: 0, updated: 0, available: 0 }),
  hasNoPods: () => false,
  keepsSomePods: (spec) => pinned(spec).length > 0,
  blockersOfSpec: (spec) =>
    pinned(spec).map(
      (revision) =>
        `its traffic is pinned to revision ${quote(revision)}, whose Pods keep their template`,
    ),
  blockersOfStatus: () => [],
  waitsForEachPod: false,
  state,
};

export const knativeService: CustomKindFacts = {
  kind: 'Service',
  group: 'serving.knative.dev',
  plural: 'services',
  shortNames: ['ksvc', 'kservice'],
  revisions: undefined,
  rollout,
  pods: unknownPods,
  whyNotRestarted({ spec }) {
    const { name } = spec?.template?.metadata ?? {};
    if (name == null || name === '') return undefined;
    return `its pod template has the name ${quote(name)}, and Knative accepts no other template under a name that exists: remove spec.template.metadata.name`;
  },
};

/** The revisions that get requests, except the newest revision. */
function pinned({ traffic }: WorkloadSpec): string[] {
  return (traffic ?? []).flatMap(({ revisionName, latestRevision, percent }) =>
    latestRevision === true || revisionName == null || percent === 0 ? [] : [revisionName],
  );
}

function state(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  if (pinned(spec ?? {}).length > 0) return inert;
  const unfinished = { phase: 'unfinished', failure: 'if late' } as const;
  if (!isObserved(object)) return unfinished;
  const condition = (wanted: string): Condition | undefined =>
    status?.conditions?.find(({ type }) => type === wanted);
  const ready = condition('ConfigurationsReady');
  if (ready?.status === 'False') {
    const saidAt = Date.parse(ready.lastTransitionTime ?? '');
    return { ...unfinished, failure: 'said', saidAt };
  }
  const { latestCreatedRevisionName, latestReadyRevisionName } = status ?? {};
  const isNewestReady =
    latestReadyRevisionName != null && latestReadyRevisionName === latestCreatedRevisionName;
  return condition('Ready')?.status === 'True' && isNewestReady ? healthy : unfinished;
}
