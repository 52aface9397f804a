/**
 * Records the sources that Pods read when they start, and checks that Pods run with the current
 * configuration.
 */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { PodOutcome } from '../server/controllers/kubelet.ts';
import type { JsonMap } from '../server/json.ts';
import { type DataOf, hashOf, isStartable, usedSources } from './configuration.ts';
import { badValue, keys, sources } from './names.ts';
import type { Oracle, Tracked } from './oracle.ts';
import { sourceValue } from './user.ts';

type Data = Readonly<Record<string, string>> | undefined;

interface Started {
  readonly at: number;
  /** The data of each source by `Kind/name`. */
  readonly data: ReadonlyMap<string, Data>;
}

export class Pods {
  readonly #oracle: Oracle;
  readonly #now: () => number;
  readonly #started = new Map<string, Started>();

  constructor(oracle: Oracle, now: () => number) {
    this.#oracle = oracle;
    this.#now = now;
  }

  /**
   * The result of the start of a Pod. A crashing Pod starts repeatedly, and reads its sources at each
   * start.
   */
  readonly outcome = (pod: JsonMap): PodOutcome => {
    const object = pod as unknown as KubernetesObject;
    const { uid = '', namespace = '' } = object.metadata;
    if (this.#started.has(uid)) return 'ready';
    const dataOf: DataOf = (kind, name) => this.#oracle.dataOf(kind, namespace, name);
    const template = { ...object, spec: { template: { spec: object.spec } } };
    if (!isStartable(template, dataOf)) return 'waits';
    const used = [...usedSources(template)].map((each) => each.split('/'));
    const isBad = used.some(
      ([kind, name = '']) =>
        dataOf(kind === 'Secret' ? 'Secret' : 'ConfigMap', name)?.['x'] ===
        sourceValue(kind ?? '', badValue),
    );
    if (isBad) return 'crashes';
    const data = sources.map(({ kind, name }) => [`${kind}/${name}`, dataOf(kind, name)] as const);
    this.#started.set(uid, { at: this.#now(), data: new Map(data) });
    return 'ready';
  };

  /**
   * Checks that each Pod has read the current configuration. There are three exceptions: Pods of a
   * paused workload, Pods that count as current because of `adoption: baseline`, and Pods that started
   * after the hash was recorded. The configuration of such a later Pod was changed back before a pass
   * read it.
   */
  wrongWith(
    { label, object, configurations, recorded, namespace, uid, isAssumed }: Tracked,
    outcome: Outcome,
  ): string[] {
    const current = configurations.at(-1)?.value;
    const isOut = object.spec?.['paused'] === true || outcome.blockers !== undefined || isAssumed;
    if (current === undefined || recorded === undefined || isOut) return [];
    if (usedSources(object).size === 0) return [];
    return this.#podsOf(namespace, uid).flatMap(({ metadata }) => {
      const started = this.#started.get(metadata.uid ?? '');
      if (started === undefined || started.at > recorded.from) return [];
      const hash = hashOf(object, (kind, name) => started.data.get(`${kind}/${name}`));
      if (hash === current) return [];
      const text = `was started with ${hash?.slice(0, 8)}, and its current configuration is ${current.slice(0, 8)}`;
      return [`Pod ${metadata.name} of ${label} ${text}`];
    });
  }

  #podsOf(namespace: string, uid: string): readonly KubernetesObject[] {
    const all = [...this.#oracle.objects.values()].filter(
      ({ metadata }) => metadata.namespace === namespace,
    );
    const isOf = (owners: ReadonlySet<string>) => (each: KubernetesObject) =>
      each.metadata.ownerReferences?.some(
        (owner) => 'controller' in owner && owner.controller === true && owners.has(owner.uid),
      ) === true;
    const sets = all.filter(({ kind }) => kind === 'ReplicaSet').filter(isOf(new Set([uid])));
    const owners = new Set([uid, ...sets.map(({ metadata }) => metadata.uid ?? '')]);
    return all
      .filter((each) => each.kind === 'Pod' && each.metadata['deletionTimestamp'] === undefined)
      .filter(isOf(owners));
  }
}

/**
 * Whether Pods count as current because of `adoption: baseline`, and no record shows that a hash was
 * removed.
 */
export function isAssumedCurrent(before: KubernetesObject): boolean {
  const annotations = before.metadata.annotations ?? {};
  return annotations[keys.adoption] === 'baseline' && annotations[keys.written] === undefined;
}
