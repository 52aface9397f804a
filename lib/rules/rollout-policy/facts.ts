import { type WorkloadKind, workloadEntry } from '../../kubernetes/kinds.ts';
import type { WorkloadObject } from '../../kubernetes/objects.ts';
import { longestWindows } from '../../schedule/window-list.ts';
import type { PolicyKey, PolicyTexts } from './level.ts';
import { type Pending, parsePending } from './pending.ts';
import { type UnderWay, underWayOf } from './under-way.ts';

/** The names of the annotations that this folder reads. */
export type PolicyNames = Readonly<
  Record<
    | 'rolloutPause'
    | 'rolloutWindows'
    | 'rolloutApproval'
    | 'rolloutSettle'
    | 'rolloutCooldown'
    | 'rolloutOrder'
    | 'rolloutNow'
    | 'approvedConfig'
    | 'pendingConfig'
    | 'rolloutHistory',
    string
  >
>;

/** The annotations and status of a workload that concern its rollouts. Most workloads have none of these. */
export interface RolloutFacts {
  readonly texts?: PolicyTexts;
  /** `/rollout-order`, `/approved-config` and `/rollout-now`, as they stand. */
  readonly order?: string;
  readonly approved?: string;
  readonly now?: string;
  /** Whether it has `/pending-config`, even one that cannot be read. */
  readonly hasPending?: true;
  readonly pending?: Pending;
  readonly underWay?: UnderWay;
  /** Whether all of its Pods have the newest template and are available, by its status. */
  readonly isHealthy?: true;
}

/** @param hash of its template, if we wrote it */
export function rolloutFactsOf(
  kind: WorkloadKind,
  object: WorkloadObject,
  hash: string | undefined,
  names: PolicyNames,
): RolloutFacts {
  const annotations = object.metadata?.annotations ?? {};
  const texts = policyTexts(annotations, names);
  const given = (name: string): string | undefined => annotations[name]?.slice(0, longestValue);
  const [order, approved, now] = [names.rolloutOrder, names.approvedConfig, names.rolloutNow].map(
    given,
  );
  const pending = parsePending(annotations[names.pendingConfig]);
  const isHealthy = workloadEntry(kind).rollout.state(object).phase === 'healthy';
  const underWay = underWayOf(kind, object, { rolloutHistory: names.rolloutHistory, hash });
  return {
    ...(texts === undefined ? {} : { texts }),
    ...(order === undefined ? {} : { order }),
    ...(approved === undefined ? {} : { approved }),
    ...(now === undefined ? {} : { now }),
    ...(annotations[names.pendingConfig] === undefined ? {} : { hasPending: true }),
    ...(pending === undefined ? {} : { pending }),
    ...(underWay === undefined ? {} : { underWay }),
    ...(isHealthy ? { isHealthy } : {}),
  };
}

/** No valid value is longer. */
const longestValue = 100;

/** The policy annotations of a workload or Namespace; undefined if it has none. */
export function policyTexts(
  annotations: Readonly<Record<string, string>>,
  names: PolicyNames,
): PolicyTexts | undefined {
  const texts: Partial<Record<PolicyKey, string>> = {};
  for (const [key, name] of Object.entries(keys)) {
    const value = annotations[names[name]];
    const longest = key === 'windows' ? longestWindows + 1 : longestValue;
    if (value !== undefined) texts[key as PolicyKey] = value.slice(0, longest);
  }
  return Object.keys(texts).length === 0 ? undefined : texts;
}

const keys = {
  pause: 'rolloutPause',
  windows: 'rolloutWindows',
  approval: 'rolloutApproval',
  settle: 'rolloutSettle',
  cooldown: 'rolloutCooldown',
} as const satisfies Readonly<Record<PolicyKey, keyof PolicyNames>>;

/** The name of an annotation in messages. */
export function annotationText(
  key: PolicyKey,
  names: PolicyNames,
  /** Undefined: the annotation is on the workload. */
  namespace?: string,
): string {
  const where = namespace === undefined ? '' : ` of namespace ${namespace}`;
  return `annotation ${names[keys[key]]}${where}`;
}
