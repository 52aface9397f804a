import pLimit from 'p-limit';
import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { asIfOptedIn } from '../../lib/explanation/as-if-opted-in.ts';
import { findBlockers } from '../../lib/explanation/blockers.ts';
import { eventsToShow } from '../../lib/explanation/events.ts';
import type { Explanation } from '../../lib/explanation/explanation.ts';
import { explainLease } from '../../lib/explanation/lease.ts';
import { annotatedMentions, referencesToRead } from '../../lib/explanation/mentions.ts';
import { type Decided, nextPassOf } from '../../lib/explanation/next-pass.ts';
import { optedInBy } from '../../lib/explanation/opting.ts';
import { scopeOf } from '../../lib/explanation/scope.ts';
import { explainSources } from '../../lib/explanation/sources.ts';
import { waitingPods } from '../../lib/explanation/waiting-pods.ts';
import {
  isBehind,
  podTemplateOf,
  progressInWords,
  workloadEntry,
} from '../../lib/kubernetes/kinds.ts';
import type { LeaseName, WorkloadName } from '../../lib/kubernetes/names.ts';
import { annotationKeysOf, ignoreAnnotations } from '../../lib/rules/annotations.ts';
import type { SourcesSeen } from '../../lib/rules/decide.ts';
import {
  type HashKeys,
  hashKeyLabel,
  hashKeySecret,
  withoutKey,
} from '../../lib/rules/hash/hash-keys.ts';
import { carrierOf } from '../../lib/rules/hash/keyed-records.ts';
import { readOptIn } from '../../lib/rules/opt-in.ts';
import { parseRecord } from '../../lib/rules/ownership/record.ts';
import { progressOf, rolloutBlockers } from '../../lib/rules/rollout-blockers.ts';
import { selectorText } from '../../lib/rules/rollout-state.ts';
import { ownLeaseName, shardOf, shardText } from '../../lib/rules/shards.ts';
import { readWorkload, type Workload } from '../../lib/rules/workload.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { type Attempt, ownedBy } from '../ownership/owned-by.ts';
import { RolloutPolicy } from '../pass/rollout-policy.ts';
import { firstHashKeys, readHashKeys } from '../reading/hash-keys.ts';
import { Namespaces } from '../reading/namespaces.ts';
import { listPods, podsOf } from '../reading/pods.ts';
import { Sources } from '../reading/sources.ts';
import { workloadRules } from '../reading/workload-rules.ts';
import { expectedDecision, isCertain } from './expected-decision.ts';
import { findWorkload, type InspectionDeps } from './find-workload.ts';
import { readRevisions, revisionObjects } from './revisions.ts';

export interface ExplainDeps extends InspectionDeps {
  readonly leaseName: LeaseName;
}

/**
 * Why a workload did, did not or will restart. Reads with the permissions that it has and writes
 * nothing; what cannot be read is told as such, and the rest is answered.
 *
 * @throws as `findWorkload`
 */
export async function explain(
  name: WorkloadName,
  settings: Settings,
  deps: ExplainDeps,
): Promise<Explanation> {
  const { cluster, inspector, signal } = deps;
  const { crossNamespaceReferences, namespaceSelector, workloadSelector } = settings;
  const { namespace } = name;
  const { count } = settings.shard;
  const itsShard = { count, index: shardOf(namespace, count) };
  const leaseName = {
    ...deps.leaseName,
    name: ownLeaseName(deps.leaseName.name, itsShard),
  };
  const annotationKeys = annotationKeysOf(settings.annotationPrefix, settings.compatibility);
  const rules = workloadRules(settings);

  const notRead: { what: string; why: string }[] = [];
  const attempt: Attempt = async (what, read) => {
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof WaveCronError)) throw error;
      notRead.push({ what, why: error.message });
      return undefined;
    }
  };

  const object = await findWorkload(name, deps);
  const annotations = object.metadata?.annotations ?? {};
  const template = podTemplateOf(workloadEntry(name.kind), object);
  const optIn = readOptIn(annotations, template.metadata?.annotations ?? {}, annotationKeys);
  /** Undefined where a pass does not see it. */
  const seen = readWorkload(name.kind, object, rules);
  const workload = seen ?? asIfOptedIn(name.kind, object, rules);
  const mentions = annotatedMentions(
    template.spec ?? {},
    namespace,
    annotations,
    annotationKeys,
    optIn,
  );
  const references = referencesToRead(workload, mentions, crossNamespaceReferences);

  const limit = pLimit(settings.concurrency.reads);
  const reads = new FairLimit(settings.concurrency.reads);
  const readingKeys = readKeys();
  const readingSources = readSources();
  const { uid } = workload;
  const podSelector = selectorText(object.spec?.selector ?? {});
  const [
    seenSources,
    keys,
    pods,
    ofNamespace,
    workloadMatches,
    terminating,
    revisions,
    lease,
    events,
  ] = await Promise.all([
    readingSources,
    readingKeys,
    readingSources.then((found) =>
      podsOf(
        workload,
        found,
        { cluster, clock: systemClock, limit: reads.of(namespace), signal },
        mayHaveLostHash(workload),
      ),
    ),
    namespaceSelector === ''
      ? undefined
      : attempt(`whether namespace ${namespace} matches namespaceSelector`, () =>
          inspector.matchesNamespace(namespace, namespaceSelector, signal),
        ),
    workloadSelector === ''
      ? undefined
      : attempt('whether it matches workloadSelector', () =>
          inspector.matchesWorkload(name, workloadSelector, signal),
        ),
    namespaceTerminates(),
    attempt(revisionObjects(name), () =>
      readRevisions(name, object, annotationKeys, inspector, signal),
    ),
    attempt(`Lease ${leaseName.namespace}/${leaseName.name}`, async () => ({
      found: await inspector.lease(leaseName, signal),
    })),
    attempt('its events', () => inspector.events({ ...name, uid, podSelector }, signal)),
  ]);
  if (pods?.state === 'unreadable') notRead.push({ what: 'its Pods', why: pods.why });

  async function readSources(): Promise<SourcesSeen> {
    // What is being deleted, or not opted in, is read as well: a person asks about it.
    const configuration = { kind: 'references', references, note: undefined } as const;
    const asked: Workload = { ...workload, deleting: false, configuration };
    const keys = (await readingKeys) ?? withoutKey;
    return await new Sources(cluster, [asked], annotationKeys, reads, signal).of(asked, keys);
  }

  async function readKeys(): Promise<HashKeys | undefined> {
    const { hashKey } = settings;
    if (hashKey === undefined) return withoutKey;
    const own = leaseName.namespace;
    return await attempt(hashKeyLabel(hashKeySecret(hashKey, own)), async () => {
      const ready = await readHashKeys(settings, own, cluster, signal);
      if (ready !== undefined) return ready;
      const known = { carriers: [carrierOf(workload)], isWhole: true };
      return (await firstHashKeys(known, own, cluster, signal, undefined)).keys;
    });
  }

  async function namespaceTerminates(): Promise<boolean> {
    const reading = await new Namespaces(cluster, signal, reads).of(namespace);
    if (reading.state === 'unreadable') {
      notRead.push({ what: `namespace ${namespace}`, why: reading.why });
    }
    return reading.state === 'terminating';
  }

  async function decided(): Promise<Decided | undefined> {
    if (seen === undefined) return undefined;
    const known = { sources: seenSources, pods, events };
    const { rollouts, timeZone } = settings;
    const rolloutPolicy = new RolloutPolicy({
      ...{ cluster, annotationKeys, reads, signal, policy: { ...rollouts, timeZone } },
      // A reader holds no Lease by which the API server would say what time it is.
      now: () => systemClock.wallTime(),
    });
    const decision = await expectedDecision(seen, known, cluster, reads, signal, rolloutPolicy);
    const certain = isCertain(seen, decision, known);
    return { workload: seen, decision, readings, compared: keys !== undefined, certain };
  }

  const progress = progressOf(name.kind, object);

  /** A status only counts the Pods that a rollout waits for. */
  async function blockersOfPods(): Promise<readonly string[]> {
    const blockers = rolloutBlockers(name.kind, object, systemClock.wallTime());
    const { waitsForEachPod } = workloadEntry(name.kind).rollout;
    const isStuck = waitsForEachPod && progress !== undefined && isBehind(progress);
    const byDeletion = object.spec?.updateStrategy?.type === 'OnDelete';
    if (!isStuck || byDeletion || podSelector === '') return blockers;
    const waiting = await attempt('the Pods that it waits for', () =>
      listPods(cluster, namespace, podSelector, signal, (page) => waitingPods(name, object, page)),
    );
    return [...(waiting ?? []), ...blockers];
  }

  const { readings } = seenSources;
  const sources = explainSources({
    workload,
    mentions,
    references,
    seen: seenSources,
    keysKnown: keys !== undefined,
    ignoreAnnotations: ignoreAnnotations(annotationKeys),
  });
  for (const { source, state, sentence } of sources.references) {
    if (state === 'unreadable') notRead.push({ what: source, why: sentence });
  }
  const optedIn = optedInBy(optIn, name.kind, object, annotationKeys);
  const matches = { namespace: ofNamespace, workload: workloadMatches };
  const inScope = scopeOf(name, settings, matches);
  const held = explainLease(leaseName, lease);
  const record = parseRecord(workload.ownership.record);
  const { finalizer } = workload.ownership;
  const found = { references, readings };
  const nextPass = nextPassOf(await decided(), { optedIn, inScope }, settings.ownership);
  const podBlockers = await blockersOfPods();
  const recorded = record?.names ?? new Set<string>();
  const owned = await ownedBy(workload, found, recorded, cluster, limit, attempt, signal);

  return {
    workload: name,
    optedIn,
    inScope,
    shard: count === 1 ? null : shardText(itsShard),
    references: sources.references,
    hash: sources.hash,
    nextPass,
    blockers: findBlockers({
      workload,
      optedIn,
      inScope,
      sources,
      nextPass,
      namespaceTerminating: terminating,
      podBlockers,
      lease: held,
    }),
    pods: { progress: progress ?? null, sentence: progressInWords(progress) },
    revisions: revisions ?? null,
    ownership: {
      setting: settings.ownership,
      finalizer,
      recorded: record === undefined ? null : [...record.names].sort(),
      complete: record === undefined ? !finalizer : record.complete,
      owned,
    },
    lease: held,
    events: events === undefined ? null : eventsToShow(events),
    notRead,
  };
}

/** Whether a hash may have been written and removed: then a person asks what its Pods run with. */
function mayHaveLostHash({ template, adoptionFacts }: Workload): boolean {
  if (template.hash !== undefined || adoptionFacts === undefined || adoptionFacts.podless)
    return false;
  return adoptionFacts.lost !== undefined || adoptionFacts.changedBefore;
}
