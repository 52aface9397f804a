/** Removes each Event an hour after its last write, as the API server does. */
import { resources } from '../resources.ts';
import type { Change, Stored } from '../store.ts';
import { type Controller, type ControllerDeps, stepName } from './controller.ts';

const name = 'event expiry';
const lifetimeMs = 3_600_000;

export class EventExpiry implements Controller {
  readonly name = name;
  readonly #deps: ControllerDeps;
  /** The time of the last write of each Event in milliseconds, by uid, oldest first. */
  readonly #written = new Map<string, number>();

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
  }

  observe({ type, stored }: Change): void {
    if (stored.resource !== resources.events) return;
    this.#written.delete(stored.uid);
    if (type !== 'DELETED') this.#written.set(stored.uid, this.#deps.now().getTime());
  }

  pending(): string[] {
    return this.#expired().map(stepOf);
  }

  run(step: string): void {
    const found = this.#expired().find((each) => stepOf(each) === step);
    if (found !== undefined) this.#deps.store.remove(found);
  }

  #expired(): Stored[] {
    const latest = this.#deps.now().getTime() - lifetimeMs;
    const expired: Stored[] = [];
    for (const [uid, time] of this.#written) {
      if (time > latest) break;
      const stored = this.#deps.store.byUid(uid);
      if (stored !== undefined) expired.push(stored);
    }
    return expired;
  }
}

const stepOf = (event: Stored): string => stepName(name, 'remove', event.resource, event);
