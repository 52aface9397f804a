/** Keeps the numbers of objects in the status of ResourceQuotas. */
import { isSame, mapOf } from '../json.ts';
import { quotaNames } from '../quota.ts';
import { allResources, resources } from '../resources.ts';
import type { Change, Stored } from '../store.ts';
import { asStatus, type Controller, type ControllerDeps, stepName, tryTo } from './controller.ts';

const name = 'quota controller';

export class QuotaController implements Controller {
  readonly name = name;
  readonly #deps: ControllerDeps;
  /** The namespaces whose objects have changed. */
  readonly #queue = new Set<string>();

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
  }

  /** New objects were counted by admission. */
  observe({ type, stored, before }: Change): void {
    const isQuota = stored.resource === resources.quotas && type !== 'DELETED';
    const hasOtherSpec = !isSame(stored.object['spec'], before?.object['spec']);
    if (isQuota ? hasOtherSpec : type === 'DELETED') this.#queue.add(stored.namespace);
  }

  pending(): string[] {
    const { store } = this.#deps;
    return [...this.#queue].flatMap((namespace) => {
      const quotas = store.list(resources.quotas, namespace);
      if (quotas.length === 0) this.#queue.delete(namespace);
      return quotas.length === 0 ? [] : [stepOf(namespace)];
    });
  }

  run(step: string): void {
    for (const namespace of this.#queue) {
      if (stepOf(namespace) !== step) continue;
      this.#queue.delete(namespace);
      for (const each of this.#deps.store.list(resources.quotas, namespace)) this.#count(each);
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

const stepOf = (namespace: string): string =>
  stepName(name, 'count in', resources.namespaces, { namespace: '', name: namespace });
