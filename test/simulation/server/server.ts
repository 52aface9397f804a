/**
 * An API server in one process, for simulations. It handles each request at once and completely. Its
 * controllers do nothing by themselves: `pending` names their steps, and `run` runs one of them. So
 * the order of all that is concurrent is up to the caller, and the same order has the same result.
 */
import { answerOf, type SimulatedAnswer } from './answer.ts';
import { createStore, type StoredObject } from './store.ts';

export type { SimulatedAnswer } from './answer.ts';

export interface SimulatedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The account that sends it, for `refuses`. Field managers follow from the query and `user-agent`. */
  readonly user?: string;
}

export interface SimulatedServer {
  /** Synchronous and atomic. It starts no timers. */
  handle(request: SimulatedRequest): SimulatedAnswer;
  /**
   * Opens a watch of metadata. `line` gets each event as one line of JSON, without the line break,
   * first those since the requested version. `ended` is called if the server ends the watch.
   *
   * @returns ends the watch
   */
  watch(request: SimulatedRequest, line: (text: string) => void, ended: () => void): () => void;
  /** The steps of controllers that have something to do, in a fixed order. */
  pending(): readonly string[];
  /** Runs one step that `pending` named. A step that has nothing to do any more does nothing. */
  run(step: string): void;
}

/** One change of an object in the store. */
export interface SimulatedWrite {
  readonly verb: 'create' | 'update' | 'delete';
  /** Plural, such as `deployments`. */
  readonly resource: string;
  /** After the write; for `delete` before it. */
  readonly object: StoredObject;
  readonly before: StoredObject | undefined;
  /** The account of the request; the name of the controller if it was one. */
  readonly by: string;
}

/** Why a request is rejected. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export interface ServerDeps {
  wallTime(): Date;
  /** From 0 up to but not including 1. */
  random(): number;
  /** What admission says of a write; undefined: it is allowed. */
  refuses?(write: SimulatedWrite): Refusal | undefined;
  /** Called after each change of an object, also by a controller. */
  onWrite?(write: SimulatedWrite): void;
}

export function createSimulatedServer(_deps: ServerDeps): SimulatedServer {
  const store = createStore();
  return {
    handle: (request) => answerOf(request, store),
    watch: () => () => undefined,
    pending: () => [],
    run: () => undefined,
  };
}
