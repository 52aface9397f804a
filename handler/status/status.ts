import { expectedError } from '../../lib/errors.ts';
import { type SelectorMatches, scopeOf } from '../../lib/explanation/scope.ts';
import type { WorkloadInspector } from '../../lib/kubernetes/inspector.ts';
import { type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import { optInWithin } from '../../lib/rules/default-opt-in.ts';
import type { KindNotServed, ListProblem } from '../../lib/rules/report.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { factsOf, type StatusFacts, withSources } from '../../lib/status/facts.ts';
import { byUrgency } from '../../lib/status/order.ts';
import { statusOf, type WorkloadStatus } from '../../lib/status/workload-status.ts';
import { timeText } from '../../lib/text/rfc3339.ts';
import type { NamedWorkloads } from '../pass/named.ts';
import { type PassDeps, type PassObserver, pass } from '../pass/pass.ts';

export interface StatusRequest {
  readonly settings: Settings;
  /** The namespace to show; undefined: all namespaces of the settings. */
  readonly namespace: string | undefined;
  /** Only these workloads; default: all. Some settings need all of them: see `mayBePartial`. */
  readonly only?: NamedWorkloads;
}

export interface StatusDeps extends Omit<PassDeps, 'observer' | 'lease'> {
  readonly inspector: Pick<WorkloadInspector, 'matchesNamespace'>;
  readonly signal: AbortSignal;
}

/** The states of all opted-in workloads in scope. */
export interface StatusReport {
  /** The time at which the states were read, RFC 3339, UTC. */
  readonly readAt: string;
  readonly namespace: string | null;
  /**
   * Why passes do not handle the namespace; null: they handle it, or it is not known whether they
   * do.
   */
  readonly outOfScope: string | null;
  /** Workloads that need a person come first: see `byUrgency`. */
  readonly workloads: readonly WorkloadStatus[];
  readonly listProblems: readonly ListProblem[];
  /** Kinds of the settings that the cluster does not have. */
  readonly kindsNotServed: readonly KindNotServed[];
  /** The number of listed workloads without a decision, because the command ended early. */
  readonly unreached: number;
  /** Why the command ended early; null: the report is complete, apart from `listProblems`. */
  readonly incomplete: string | null;
  /** Why recorded hashes were not compared; null: they were compared. */
  readonly hashKeyProblem: string | null;
}

/**
 * Reads the states of all opted-in workloads with the permissions of the user. It decides like a plan, so it
 * writes nothing and needs no Lease. If a source cannot be read, the status of its workload says so.
 *
 * @throws UnreachableError if no list could be read; NeedsFullPass if the requested workloads cannot be
 * read without the others; UsageError for invalid settings
 */
export async function status(request: StatusRequest, deps: StatusDeps): Promise<StatusReport> {
  const { clock } = deps;
  const readAt = timeText(clock.wallTime().getTime());
  const outOfScope = await whyOutOfScope(request, deps);
  const report = { readAt, namespace: request.namespace ?? null, outOfScope };
  if (outOfScope !== null) return { ...report, ...nothing };
  const settings = settingsIn(request);
  const { observer, facts } = factCollector(settings, clock.wallTime().getTime());
  const { only } = request;
  const planned = { settings, write: false, keyIsOptional: true, ...(only && { only }) } as const;
  const { outcomes, ...rest } = await pass(planned, { ...deps, observer });
  const circumstances = {
    now: clock.wallTime().getTime(),
    isCompared: rest.hashKeyProblem === undefined,
    isQueueKnown: request.namespace === undefined || settings.rollouts.maxConcurrent === undefined,
  };
  return {
    ...report,
    workloads: outcomes
      .map((outcome) => statusOf(outcome, facts.get(workloadKey(outcome)), circumstances))
      .sort(byUrgency),
    listProblems: rest.listProblems,
    kindsNotServed: rest.kindsNotServed ?? [],
    unreached: rest.unreached,
    incomplete: rest.sentence ?? null,
    hashKeyProblem: rest.hashKeyProblem ?? null,
  };
}

const nothing = {
  ...{ workloads: [], listProblems: [], kindsNotServed: [], unreached: 0 },
  ...{ incomplete: null, hashKeyProblem: null },
};

/** The settings without a shard, and limited to one namespace if the request names one. */
export function settingsIn({ settings, namespace }: StatusRequest): Settings {
  const ofAll = { ...settings, shard: { count: 1 } };
  if (namespace === undefined) return ofAll;
  const optIn = optInWithin(settings, namespace);
  return { ...ofAll, optIn, namespaces: [namespace], namespaceSelector: '' };
}

/** Collects the facts about each workload while a pass reads it. */
function factCollector({ rollouts, timeZone }: Settings, now: number) {
  const { progressDeadlineMs } = rolloutRulesOf(rollouts, timeZone).limits;
  const facts = new Map<string, StatusFacts>();
  const add = (workload: WorkloadName, to: (known: StatusFacts) => StatusFacts): void => {
    const key = workloadKey(workload);
    const known = facts.get(key);
    if (known !== undefined) facts.set(key, to(known));
  };
  const observer: PassObserver = {
    read(_kind, _metadata, workload) {
      if (workload === undefined) return;
      facts.set(workloadKey(workload), factsOf(workload, { now, progressDeadlineMs }));
    },
    sources(workload, seen) {
      add(workload, (known) => withSources(known, workload, seen));
    },
    podsUnreadable(workload) {
      add(workload, (known) => ({ ...known, arePodsUnread: true }));
    },
  };
  return { observer, facts };
}

/**
 * Why passes do not handle the namespace of the request; null if they handle it, or if it is not
 * known whether they do.
 */
async function whyOutOfScope(
  { settings, namespace }: StatusRequest,
  { inspector, signal }: StatusDeps,
): Promise<string | null> {
  const [kind] = settings.kinds;
  if (namespace === undefined || kind === undefined) return null;
  const matches: SelectorMatches = {
    namespace: await matchesSelector(namespace, settings, inspector, signal),
    workload: true,
  };
  const { yes, why } = scopeOf({ kind, namespace, name: '' }, settings, matches);
  return yes === false ? why.join('; ') : null;
}

/** Undefined if no check is needed, or if the check failed. */
async function matchesSelector(
  namespace: string,
  { namespaceSelector }: Settings,
  inspector: StatusDeps['inspector'],
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (namespaceSelector === '') return undefined;
  try {
    return await inspector.matchesNamespace(namespace, namespaceSelector, signal);
  } catch (error) {
    expectedError(error, signal);
    return undefined;
  }
}
