import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { findBlockers } from '../../lib/explanation/blockers.ts';
import { eventsToShow } from '../../lib/explanation/events.ts';
import type { ExplainedOwnership, Explanation } from '../../lib/explanation/explanation.ts';
import { explainLease } from '../../lib/explanation/lease.ts';
import { type Decided, nextPassOf } from '../../lib/explanation/next-pass.ts';
import { optedInBy } from '../../lib/explanation/opting.ts';
import { scopeOf } from '../../lib/explanation/scope.ts';
import { type ExplainedSources, explainSources } from '../../lib/explanation/sources.ts';
import { isBehind, type Progress, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { LeaseName, WorkloadName } from '../../lib/kubernetes/names.ts';
import { annotationKeysOfSettings, ignoreAnnotations } from '../../lib/rules/annotations.ts';
import type { Decision } from '../../lib/rules/decision.ts';
import { parseRecord } from '../../lib/rules/ownership/record.ts';
import { progressOf, progressSentence, rolloutBlockers } from '../../lib/rules/rollout-blockers.ts';
import { ownLeaseName, shardOf, shardText } from '../../lib/rules/shards.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';
import { decideWorkload, decisionRules } from '../decision/decide-workload.ts';
import { mayHaveLostHash } from '../decision/earlier-writes.ts';
import { namespacePolicies } from '../decision/namespace-policy.ts';
import { RevisionWrites } from '../decision/revision-writes.ts';
import { historyOfListed } from '../decision/write-history.ts';
import { readDefaultOptIns } from '../reading/default-opt-ins.ts';
import { podsOf } from '../reading/pods.ts';
import { templateUsersIn } from '../reading/template-users.ts';
import { findWorkload, type InspectionDeps } from './find-workload.ts';
import { readSubject, type Subject } from './subject.ts';
import { type Facts, SubjectReader } from './subject-reader.ts';

export interface ExplainDeps extends InspectionDeps {
  readonly leaseName: LeaseName;
}

/**
 * Explains why a workload did, did not or will restart. It uses the permissions of the user and writes nothing.
 * If something cannot be read, the explanation says so and contains the rest.
 *
 * @throws the errors of `findWorkload`
 */
export async function explain(
  name: WorkloadName,
  settings: Settings,
  deps: ExplainDeps,
): Promise<Explanation> {
  const { cluster, inspector, signal } = deps;
  const { concurrency, shard } = settings;
  const context: ReadContext = {
    ...{ cluster, signal, clock: systemClock },
    annotationKeys: annotationKeysOfSettings(settings),
    reads: new FairLimit(concurrency.reads),
  };
  const itsShard = { count: shard.count, index: shardOf(name.namespace, shard.count) };
  const leaseName = { ...deps.leaseName, name: ownLeaseName(deps.leaseName.name, itsShard) };
  const object = await findWorkload(name, deps);
  const optIns = await readDefaultOptIns(settings, context, new Set([name.namespace]));
  const { users, problem } = await templateUsersIn(name.namespace, settings, context);
  const rules = { defaultOptIn: optIns.defaultOptIn, userOf: users.of };
  const subject = await readSubject(name, object, settings, rules, context);
  const reader = new SubjectReader(subject, { settings, leaseName, inspector }, context);
  for (const [namespace, why] of optIns.unread) {
    reader.notRead.push({ what: `whether namespace ${namespace} opts in its workloads`, why });
  }
  if (problem !== undefined) {
    reader.notRead.push({ what: 'the workloads that may use its pod template', why: problem });
  }
  const facts = await reader.read();
  const sources = explainedSources(subject, facts, context);
  for (const { source, state, sentence } of sources.references) {
    if (state === 'unreadable') reader.notRead.push({ what: source, why: sentence });
  }
  const optedIn = optedInBy(subject.optIn, name.kind, object, {
    keys: context.annotationKeys,
    mode: settings.optIn,
  });
  const inScope = scopeOf(name, settings, facts.matches);
  const lease = explainLease(leaseName, facts.lease);
  const decided = await decidedAbout(subject, facts, settings, reader, context);
  const nextPass = nextPassOf(decided, { optedIn, inScope });
  const { runner } = subject;
  const progress = progressOf(runner.kind, runner.object);
  const podBlockers = await blockersOfPods(subject, progress, reader);
  const { workload } = subject;
  const { namespaceTerminating } = facts;
  const circumstances = { workload, optedIn, inScope, sources, nextPass, podBlockers, lease };
  return {
    workload: name,
    optedIn,
    inScope,
    shard: shard.count === 1 ? null : shardText(itsShard),
    references: sources.references,
    hash: sources.hash,
    nextPass,
    blockers: findBlockers({ ...circumstances, namespaceTerminating }),
    pods: { progress: progress ?? null, sentence: progressSentence(runner.kind, progress) },
    revisions: facts.revisions ?? null,
    ownership: await explainedOwnership(subject, facts, settings, reader),
    lease,
    events: facts.events === undefined ? null : eventsToShow(facts.events),
    notRead: reader.notRead,
  };
}

function explainedSources(
  { workload, mentions, references }: Subject,
  { sources: seen, keys }: Facts,
  { annotationKeys }: ReadContext,
): ExplainedSources {
  const keysKnown = keys !== undefined;
  const ignoring = ignoreAnnotations(annotationKeys);
  return explainSources({
    ...{ workload, mentions, references, seen, keysKnown },
    ignoreAnnotations: ignoring,
  });
}

/** The decision of a pass; undefined if a pass does not handle the workload. */
async function decidedAbout(
  { seen: workload }: Subject,
  facts: Facts,
  settings: Settings,
  reader: SubjectReader,
  context: ReadContext,
): Promise<Decided | undefined> {
  if (workload === undefined) return undefined;
  const policy = decisionRules(settings, context.annotationKeys);
  let queueAsked = true;
  const decision = await decideWorkload(workload, {
    sources: async () => facts.sources,
    pods: async (of, seen) => facts.pods ?? (await podsOf(of, seen, context)),
    history: historyOfListed(facts.events),
    revisions: new RevisionWrites(context),
    policy,
    namespace: namespacePolicies(context, policy.rules),
    witnesses: (namespace) => reader.witnesses(namespace),
    place: async () => {
      queueAsked = !(await reader.mayWait(policy.rules.limits));
      return { kind: 'start', ...(queueAsked ? {} : { note: queueNotAsked }) };
    },
    // The time of the API server comes with writes of the Lease, and an explanation takes no Lease.
    now: () => context.clock.wallTime(),
  });
  const certain = isCertain(workload, decision, facts) && reader.hasReadOthers;
  return { workload, decision, compared: facts.keys !== undefined, certain, queueAsked };
}

const queueNotAsked =
  'the queue of rollouts was not asked, so it may have to wait for other workloads: wave-cron plan asks it';

/** Whether it is certain that a pass, with its own permissions, would decide the same. */
function isCertain(
  workload: Workload,
  { reason, hashAnnotations }: Decision,
  { pods, events }: Facts,
): boolean {
  if (reason === 'UnreadableSource' || reason === 'PolicyUnreadable') return false;
  const { adoptionFacts } = workload;
  if (pods?.state === 'unreadable' && adoptionFacts?.adoption !== 'stamp') return false;
  return events !== undefined || hashAnnotations === undefined || !mayHaveLostHash(workload);
}

/**
 * Sentences about the Pods that block the rollout. For a StatefulSet that waits for Pods, the Pods are read,
 * because its status contains only their number and not their names.
 */
async function blockersOfPods(
  { runner, podSelector, workload }: Subject,
  progress: Progress | undefined,
  reader: SubjectReader,
): Promise<readonly string[]> {
  const blockers = rolloutBlockers(runner.kind, runner.object, systemClock.wallTime());
  const { waitsForEachPod } = workloadEntry(runner.kind).rollout;
  const isStuck = waitsForEachPod && progress !== undefined && isBehind(progress);
  const byDeletion = workload.podsFollow === 'when deleted';
  if (!isStuck || byDeletion || podSelector === '') return blockers;
  return [...(await reader.waitingPods()), ...blockers];
}

async function explainedOwnership(
  { workload }: Subject,
  { sources }: Facts,
  { ownership }: Settings,
  reader: SubjectReader,
): Promise<ExplainedOwnership> {
  const { finalizer } = workload.ownership;
  const record = parseRecord(workload.ownership.record);
  return {
    setting: ownership,
    finalizer,
    recorded: record === undefined ? null : [...record.names].sort(),
    complete: record === undefined ? !finalizer : record.complete,
    owned: await reader.owned(sources, record?.names ?? new Set()),
  };
}
