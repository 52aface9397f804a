/** Updates the numbers of objects in the status of ResourceQuotas. */
import { isSame, mapOf } from '../json.ts';
import { quotaNames } from '../quota.ts';
import { allResources, resources } from '../resources.ts';
import type { Change, Stored } from '../store.ts';
import { asStatus, type Controller, type ControllerDeps, stepName, tryTo } from './controller.ts';

const name = 'quota controller';

export class QuotaController implements Controller {
  readonly name = name;
  readonly #deps: ControllerDeps;
  /** The uids of the quotas whose objects must be counted. */
  readonly #queue = new Set<string>();

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
  }

  /** Ignores new objects, because admission has already counted them. */
  observe({ type, stored, before }: Change): void {
    if (stored.resource === resources.quotas) {
      if (!isSame(stored.object['spec'], before?.object['spec'])) this.#queue.add(stored.uid);
    }
    if (type !== 'DELETED') return;
    for (const quota of this.#deps.store.list(resources.quotas, stored.namespace)) {
      const hard = mapOf(mapOf(quota.object['spec'])['hard']);
      if (quotaNames(stored.resource).some((each) => hard[each] !== undefined)) {
        this.#queue.add(quota.uid);
      }
    }
  }

  pending(): string[] {
    return [...this.#queue].flatMap((uid) => {
      const quota = this.#deps.store.byUid(uid);
      if (quota === undefined) this.#queue.delete(uid);
      return quota === undefined ? [] : [stepOf(quota)];
    });
  }

  run(step: string): void {
    for (const uid of this.#queue) {
      const quota = this.#deps.store.byUid(uid);
      if (quota === undefined || stepOf(quota) !== step) continue;
      this.#queue.delete(uid);
      this.#count(quota);
    }
  }

  #count(quota: Stored): void {
    const { store, writer } = this.#deps;
    const hard = mapOf(mapOf(quota.object['spec'])['hard']);
    const used: Record<string, string> = {};
    for (const resource of allResources) {
      for (const each of quotaNames(resource)) {
        if (hard[each] === undefined) continue;
        used[each] = String(store.list(resource, quota.namespace).length);
      }
    }
    const status = { hard, used };
    const change = (live: Stored['object']) => ({ ...live, status });
    tryTo(() => writer.update(resources.quotas, quota.namespace, quota.name, change, asStatus));
  }
}

const stepOf = (quota: Stored): string => stepName(name, 'count for', quota.resource, quota);
