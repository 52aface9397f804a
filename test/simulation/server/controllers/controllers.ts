/** The controllers of the simulated cluster. Each names the steps that it could take now. */
import type { Deleter } from '../deleter.ts';
import type { Store } from '../store.ts';
import type { Writer } from '../writer.ts';

export interface ControllerDeps {
  readonly store: Store;
  readonly writer: Writer;
  readonly deleter: Deleter;
  now(): Date;
}

export interface Controller {
  /** Its steps begin with this name and a colon. */
  readonly name: string;
  pending(): string[];
  run(step: string): void;
}

export function createControllers(_deps: ControllerDeps): readonly Controller[] {
  return [];
}
