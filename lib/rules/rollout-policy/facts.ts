import { type WorkloadKind, workloadEntry } from '../../kubernetes/kinds.ts';
import type { WorkloadObject } from '../../kubernetes/objects.ts';
import { longestWindows } from '../../schedule/window-list.ts';
import type { AnnotationKeys } from '../annotations.ts';
import { reloaderPausePeriod } from '../reloader.ts';
import type { Runner } from '../template-user.ts';
import type { PolicyKey, PolicyTexts } from './level.ts';
import { type Pending, parsePending } from './pending.ts';
import { type UnderWay, underWayOf } from './under-way.ts';

/** The full names, with the prefix, of the annotations that this folder reads. */
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
> &
  Partial<Pick<AnnotationKeys, 'compatibility'>>;

/**
 * The annotations and the status of a workload that matter for its rollouts. For most workloads, this object
 * is empty or has only `isHealthy`.
 */
export interface RolloutFacts {
  readonly texts?: PolicyTexts;
  /** The values of `/rollout-order`, `/approved-config` and `/rollout-now`, unchecked. */
  readonly order?: string;
  readonly approved?: string;
  readonly now?: string;
  /** Whether the workload has the annotation `/pending-config`, even with an invalid value. */
  readonly hasPending?: true;
  readonly pending?: Pending;
  readonly underWay?: UnderWay;
  /** Whether all Pods of the workload have the newest template and are available, by its status. */
  readonly isHealthy?: true;
}

/**
 * @param hash the hash on its template; undefined if wave-cron did not write it
 * @param runner the workload whose status reports the rollout: see template-user.ts
 */
export function rolloutFactsOf(
  kind: WorkloadKind,
  object: WorkloadObject,
  hash: string | undefined,
  names: PolicyNames,
  runner: Runner = { kind, object },
): RolloutFacts {
  const annotations = object.metadata?.annotations ?? {};
  const texts = { ...policyTexts(annotations, names), ...pausePeriodOf(kind, annotations, names) };
  const given = (name: string): string | undefined => annotations[name]?.slice(0, longestValue);
  const [order, approved, now] = [names.rolloutOrder, names.approvedConfig, names.rolloutNow].map(
    given,
  );
  const pending = parsePending(annotations[names.pendingConfig]);
  const { rolloutHistory } = names;
  const state = workloadEntry(runner.kind).rollout.state(runner.object);
  const underWay = underWayOf(kind, object, { rolloutHistory, hash, state });
  return {
    ...(Object.keys(texts).length === 0 ? {} : { texts }),
    ...(order === undefined ? {} : { order }),
    ...(approved === undefined ? {} : { approved }),
    ...(now === undefined ? {} : { now }),
    ...(annotations[names.pendingConfig] === undefined ? {} : { hasPending: true }),
    ...(pending === undefined ? {} : { pending }),
    ...(underWay === undefined ? {} : { underWay }),
    ...(state.phase === 'healthy' ? { isHealthy: true } : {}),
  };
}

/**
 * The maximum length of a valid value. A longer value is cut, so that it takes no memory, and is invalid
 * anyway.
 */
const longestValue = 100;

/** The values of the policy annotations of a workload or Namespace; undefined if it has none. */
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

/**
 * The value of Reloader's pause period. As in Reloader, the annotation counts only on the kind that its name
 * begins with.
 */
function pausePeriodOf(
  kind: WorkloadKind,
  annotations: Readonly<Record<string, string>>,
  { compatibility = [] }: PolicyNames,
): Pick<PolicyTexts, 'pausePeriod'> {
  const value = annotations[reloaderPausePeriod];
  const isOfKind = reloaderPausePeriod.startsWith(`${kind.toLowerCase()}.`);
  const counts = isOfKind && compatibility.includes('reloader');
  return counts && value !== undefined ? { pausePeriod: value.slice(0, longestValue) } : {};
}

const keys = {
  pause: 'rolloutPause',
  windows: 'rolloutWindows',
  approval: 'rolloutApproval',
  settle: 'rolloutSettle',
  cooldown: 'rolloutCooldown',
} as const satisfies Readonly<Record<Exclude<PolicyKey, 'pausePeriod'>, keyof PolicyNames>>;

/** The name of a policy annotation in messages. */
export function annotationText(
  key: PolicyKey,
  names: PolicyNames,
  /** Undefined: the annotation is on the workload. */
  namespace?: string,
): string {
  if (key === 'pausePeriod') return `annotation ${reloaderPausePeriod}`;
  const where = namespace === undefined ? '' : ` of namespace ${namespace}`;
  return `annotation ${names[keys[key]]}${where}`;
}
