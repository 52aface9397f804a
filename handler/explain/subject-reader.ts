import pLimit from 'p-limit';
import { oncePer } from '../../lib/concurrency/once-per.ts';
import { expectedError } from '../../lib/errors.ts';
import type { Explanation } from '../../lib/explanation/explanation.ts';
import type { Revision } from '../../lib/explanation/revisions.ts';
import type { SelectorMatches } from '../../lib/explanation/scope.ts';
import { waitingPods } from '../../lib/explanation/waiting-pods.ts';
import type {
  EventObject,
  LeaseObject,
  WorkloadInspector,
} from '../../lib/kubernetes/inspector.ts';
import { byName, type LeaseName } from '../../lib/kubernetes/names.ts';
import type { PodsReading } from '../../lib/rules/adoption/pods.ts';
import {
  type HashKeys,
  hashKeyLabel,
  hashKeySecret,
  withoutKey,
} from '../../lib/rules/hash/hash-keys.ts';
import { carrierOf } from '../../lib/rules/hash/keyed-records.ts';
import type { QueueLimits } from '../../lib/rules/rollout-policy/queue-state.ts';
import { orderOf } from '../../lib/rules/rollout-policy/rollout-order.ts';
import type { Witness } from '../../lib/rules/rollout-policy/stopped-by-failure.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import { readWorkload, type Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';
import { ownedBy } from '../ownership/owned-by.ts';
import { firstHashKeys, readHashKeys } from '../reading/hash-keys.ts';
import { listWorkloads } from '../reading/list.ts';
import { namespaceReader } from '../reading/namespaces.ts';
import { listPods, podsOf } from '../reading/pods.ts';
import { Sources } from '../reading/sources.ts';
import { TemplateUsers } from '../reading/template-users.ts';
import type { Keep } from '../reading/workload-list.ts';
import { neededObjects, workloadRules } from '../reading/workload-rules.ts';
import { readRevisions, revisionObjects } from './revisions.ts';
import type { Subject } from './subject.ts';

/**
 * The facts about a subject that were read from the cluster. A fact that could not be read is
 * undefined.
 */
export interface Facts {
  readonly sources: SourcesSeen;
  readonly keys: HashKeys | undefined;
  readonly pods: PodsReading | undefined;
  readonly matches: SelectorMatches;
  readonly namespaceTerminating: boolean;
  readonly revisions: readonly Revision[] | undefined;
  readonly lease: { readonly found: LeaseObject | undefined } | undefined;
  /** The Events about the subject that wave-cron recorded. */
  readonly events: readonly EventObject[] | undefined;
}

/**
 * The opted-in workloads of a namespace, as far as they matter for the rollouts of other workloads.
 */
interface Others {
  /** The workloads, each with its unfinished rollout if wave-cron started one, sorted by name. */
  readonly witnesses: readonly Witness[];
  readonly orders: ReadonlySet<number>;
}

/**
 * Reads the facts about a subject with the permissions of the user, and notes what could not be
 * read.
 */
export class SubjectReader {
  readonly notRead: { what: string; why: string }[] = [];
  readonly #subject: Subject;
  readonly #settings: Settings;
  readonly #leaseName: LeaseName;
  readonly #inspector: WorkloadInspector;
  readonly #context: ReadContext;
  /** False if a list of the other workloads in the namespace of the subject was incomplete. */
  hasReadOthers = true;
  readonly #others = oncePer((namespace: string) => this.#listOthers(namespace));

  /** @param leaseName the Lease of the passes that see the subject */
  constructor(
    subject: Subject,
    {
      settings,
      leaseName,
      inspector,
    }: {
      readonly settings: Settings;
      readonly leaseName: LeaseName;
      readonly inspector: WorkloadInspector;
    },
    context: ReadContext,
  ) {
    this.#subject = subject;
    this.#settings = settings;
    this.#leaseName = leaseName;
    this.#inspector = inspector;
    this.#context = context;
  }

  /** @throws the reason of the signal */
  async read(): Promise<Facts> {
    const readingKeys = this.#keys();
    const readingSources = this.#sources(readingKeys);
    const [sources, keys, pods, namespace, workload, namespaceTerminating, ...rest] =
      await Promise.all([
        readingSources,
        readingKeys,
        readingSources.then((seen) => this.#pods(seen)),
        this.#matchesNamespace(),
        this.#matchesWorkload(),
        this.#namespaceTerminates(),
        this.#revisions(),
        this.#lease(),
        this.#events(),
      ]);
    if (pods?.state === 'unreadable') this.notRead.push({ what: 'its Pods', why: pods.why });
    const [revisions, lease, events] = rest;
    const matches = { namespace, workload };
    return { sources, keys, pods, matches, namespaceTerminating, revisions, lease, events };
  }

  /** Sentences about the Pods that block the rollout of a StatefulSet. */
  async waitingPods(): Promise<readonly string[]> {
    const { name, object, podSelector } = this.#subject;
    const { cluster, signal } = this.#context;
    const waiting = await this.#attempt('the Pods that it waits for', () =>
      listPods(cluster, name.namespace, podSelector, signal, (page) =>
        waitingPods(name, object, page),
      ),
    );
    return waiting ?? [];
  }

  /** The workloads of the subject's namespace whose rollouts are under way. */
  async witnesses(namespace: string): Promise<readonly Witness[]> {
    return (await this.#others(namespace)).witnesses;
  }

  /**
   * Whether the subject may have to wait for other workloads, as far as that is known without the
   * queue of a pass.
   */
  async mayWait({ all, perNamespace }: QueueLimits): Promise<boolean> {
    if (all !== undefined || perNamespace !== undefined) return true;
    const { orders } = await this.#others(this.#subject.name.namespace);
    return !this.hasReadOthers || orders.size > 1;
  }

  async #listOthers(namespace: string): Promise<Others> {
    const { cluster, signal } = this.#context;
    const settings = { ...this.#settings, namespaces: [namespace], namespaceSelector: '' };
    const users = new TemplateUsers();
    const rules = {
      ...workloadRules(settings, this.#subject.defaultOptIn),
      userOf: users.of,
    };
    const witnesses: Witness[] = [];
    const orders = new Set<number>();
    const keep: Keep = (kind, object) => {
      const workload = readWorkload(kind, object, rules);
      if (workload === undefined) return undefined;
      const { name, rollouts } = workload;
      orders.add(orderOf(rollouts.order));
      const { underWay } = rollouts;
      if (underWay !== undefined) witnesses.push({ kind, namespace, name, underWay });
      return undefined;
    };
    const what = 'the other workloads of the namespace, whose rollouts may hold it back';
    const problems = await this.#attempt(what, async () => {
      const reduction = { keep, users, ...neededObjects(rules) };
      const deps = { cluster, lists: pLimit(settings.concurrency.reads), signal };
      const listed = await listWorkloads(settings, reduction, deps);
      for (const { why } of listed.problems) this.notRead.push({ what, why });
      return listed.problems;
    });
    if (problems?.length !== 0) this.hasReadOthers = false;
    return { witnesses: witnesses.sort(byName), orders };
  }

  /** The sources with an owner reference to the subject, named as in the subject's record. */
  async owned(
    { readings }: SourcesSeen,
    recorded: ReadonlySet<string>,
  ): Promise<Explanation['ownership']['owned']> {
    const { workload, references } = this.#subject;
    const found = { references, readings };
    const attempt = this.#attempt.bind(this);
    return await ownedBy(workload, found, recorded, attempt, this.#context);
  }

  async #attempt<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      this.notRead.push({ what, why: expectedError(error, this.#context.signal).message });
      return undefined;
    }
  }

  async #sources(readingKeys: Promise<HashKeys | undefined>): Promise<SourcesSeen> {
    const { workload, references } = this.#subject;
    // The sources of a workload that is being deleted, or is not opted in, are read too, because
    // the user asked about it.
    const configuration = { kind: 'references', references, note: undefined } as const;
    const asked: Workload = { ...workload, deleting: false, configuration };
    const keys = (await readingKeys) ?? withoutKey;
    return await new Sources(this.#context, [asked]).of(asked, keys);
  }

  async #keys(): Promise<HashKeys | undefined> {
    const { hashKey } = this.#settings;
    if (hashKey === undefined) return withoutKey;
    const { cluster, signal } = this.#context;
    const own = this.#leaseName.namespace;
    return await this.#attempt(hashKeyLabel(hashKeySecret(hashKey, own)), async () => {
      const ready = await readHashKeys(this.#settings, own, cluster, signal);
      if (ready !== undefined) return ready;
      const known = { carriers: [carrierOf(this.#subject.workload)], isWhole: true };
      return (await firstHashKeys(known, own, cluster, signal, undefined)).keys;
    });
  }

  #pods(seen: SourcesSeen): Promise<PodsReading | undefined> {
    const { workload } = this.#subject;
    return podsOf(workload, seen, this.#context, asksForPods(workload));
  }

  async #matchesNamespace(): Promise<boolean | undefined> {
    const { namespaceSelector } = this.#settings;
    if (namespaceSelector === '') return undefined;
    const { namespace } = this.#subject.name;
    return await this.#attempt(`whether namespace ${namespace} matches namespaceSelector`, () =>
      this.#inspector.matchesNamespace(namespace, namespaceSelector, this.#context.signal),
    );
  }

  async #matchesWorkload(): Promise<boolean | undefined> {
    const { workloadSelector } = this.#settings;
    if (workloadSelector === '') return undefined;
    return await this.#attempt('whether it matches workloadSelector', () =>
      this.#inspector.matchesWorkload(this.#subject.name, workloadSelector, this.#context.signal),
    );
  }

  async #namespaceTerminates(): Promise<boolean> {
    const { namespace } = this.#subject.name;
    const reading = await namespaceReader(this.#context)(namespace);
    if (reading.state === 'unreadable') {
      this.notRead.push({ what: `namespace ${namespace}`, why: reading.why });
    }
    return reading.state === 'terminating';
  }

  async #revisions(): Promise<readonly Revision[] | undefined> {
    const { name, runner } = this.#subject;
    const { annotationKeys, signal } = this.#context;
    return await this.#attempt(revisionObjects(runner) ?? 'its revisions', () =>
      readRevisions(name.namespace, runner, annotationKeys, this.#inspector, signal),
    );
  }

  async #lease(): Promise<Facts['lease']> {
    const name = this.#leaseName;
    return await this.#attempt(`Lease ${name.namespace}/${name.name}`, async () => ({
      found: await this.#inspector.lease(name, this.#context.signal),
    }));
  }

  async #events(): Promise<Facts['events']> {
    const { name, workload, podSelector } = this.#subject;
    const asked = { ...name, uid: workload.uid, podSelector };
    return await this.#attempt('its events', () =>
      this.#inspector.events(asked, this.#context.signal),
    );
  }
}

/**
 * Whether the explanation shows the configuration of the Pods. It does so if a hash may have been written and
 * removed.
 */
function asksForPods({ template, adoptionFacts }: Workload): boolean {
  if (template.hash !== undefined || adoptionFacts === undefined || adoptionFacts.podless)
    return false;
  return adoptionFacts.lost !== undefined || adoptionFacts.changedBefore;
}
