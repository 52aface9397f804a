/**
 * An API server in one process, for simulations. It handles each request immediately and completely.
 * Its controllers do nothing by themselves: `pending` returns the names of their steps, and `run` runs
 * one step. So the caller decides the order of concurrent steps, and the same order always has the same
 * result.
 */
import type { Controller } from './controllers/controller.ts';
import { createControllers } from './controllers/controllers.ts';
import type { PodOutcome } from './controllers/kubelet.ts';
import { Deleter } from './deleter.ts';
import { handle } from './handler.ts';
import type { JsonMap } from './json.ts';
import { chargeQuotas } from './quota.ts';
import { resources } from './resources.ts';
import { routeOf } from './route.ts';
import { StatusError } from './status.ts';
import { type Change, Store } from './store.ts';
import { Watches } from './watches.ts';
import { type Attempt, Writer, type WriterDeps } from './writer.ts';

export interface SimulatedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path with the query. */
  readonly path: string;
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * The account of the client, for `refuses`. The field manager comes from the query or from
   * `user-agent`.
   */
  readonly user?: string;
}

export interface SimulatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface SimulatedServer {
  /** Handles the request synchronously and atomically, without timers. */
  handle(request: SimulatedRequest): SimulatedAnswer;
  /**
   * Opens a watch of metadata. Calls `line` with each event as one line of JSON without the line break,
   * beginning with the events since the requested version. Calls `ended` if the server ends the watch.
   *
   * @returns a function that ends the watch
   */
  watch(request: SimulatedRequest, line: (text: string) => void, ended: () => void): () => void;
  /** The next steps of controllers, in a fixed order. */
  pending(): readonly string[];
  /** Runs one step from `pending`. If the step has no work left, it does nothing. */
  run(step: string): void;
  /** Forgets the history: continue tokens expire, and new watches cannot start at an earlier version. */
  compact(): void;
  /** Sends a bookmark to each watch. */
  bookmark(): void;
  /** Ends all watches. */
  endWatches(): void;
}

/** One change of an object in the store. */
export interface SimulatedWrite {
  readonly verb: 'create' | 'update' | 'delete';
  /** The plural name, such as `deployments`. */
  readonly resource: string;
  readonly namespace: string;
  /** The object after the write; for `delete`, its last state. */
  readonly object: JsonMap;
  readonly before: JsonMap | undefined;
  /** The account of the request, or the name of the controller. */
  readonly by: string;
}

/** The reason why a request is rejected. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export interface ServerDeps {
  wallTime(): Date;
  /** A number from 0 up to but not including 1. */
  random(): number;
  /** The admission check of a write. Undefined: the write is allowed. */
  refuses?(write: SimulatedWrite): Refusal | undefined;
  /** The result of the start of a Pod. Absent: there are no nodes, so no Pod starts. */
  podOutcome?(pod: JsonMap): PodOutcome;
  /** Called after each change of an object, including the changes by controllers. */
  onWrite?(write: SimulatedWrite): void;
}

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

export function createSimulatedServer(deps: ServerDeps): SimulatedServer {
  const watches = new Watches();
  let by = '';
  let uids = 0;
  let controllers: readonly Controller[] = [];
  const store = new Store((change) => {
    deps.onWrite?.(writeOf(change, by));
    watches.take(change);
    for (const each of controllers) each.observe?.(change);
  });
  const writerDeps: WriterDeps = {
    store,
    now: () => deps.wallTime(),
    newUid: () => uidOf(++uids),
    newSuffix: () => Array.from({ length: 5 }, () => letter(deps.random())).join(''),
    admit(attempt: Attempt) {
      admit(attempt, deps);
      const { verb, resource, object, call } = attempt;
      if (verb === 'create') chargeQuotas(store, writer, resource, object, call);
    },
  };
  const writer: Writer = new Writer(writerDeps);
  const deleter = new Deleter(writerDeps, writer);
  const parts = { store, writer, deleter };
  controllers = createControllers({ ...parts, now: writerDeps.now }, deps.podOutcome?.bind(deps));
  createInitialNamespaces(writer);
  return {
    handle(request) {
      by = request.user ?? '';
      return handle(request, parts);
    },
    watch(request, line, ended) {
      const route = routeOf(request);
      if (route === undefined) throw new Error(`the server does not serve ${request.path}`);
      return watches.open(store, route, request, line, ended);
    },
    pending: () => controllers.flatMap((each) => each.pending()),
    run(step) {
      const name = step.split(':')[0] ?? '';
      const controller = controllers.find((each) => each.name === name);
      by = name;
      controller?.run(step);
    },
    compact: () => store.compact(),
    bookmark: () => watches.bookmark(),
    endWatches: () => watches.endAll(),
  };
}

const letter = (random: number): string =>
  suffixLetters[Math.floor(random * suffixLetters.length)] ?? 'b';

const uidOf = (count: number): string =>
  `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;

const verbs = { ADDED: 'create', MODIFIED: 'update', DELETED: 'delete' } as const;

function writeOf({ type, stored, before }: Change, by: string): SimulatedWrite {
  const { resource, namespace, object } = stored;
  return {
    verb: verbs[type],
    ...{ resource: resource.plural, namespace, object, by },
    before: before?.object,
  };
}

/** @throws StatusError if admission rejects the write */
function admit({ resource, call, ...attempt }: Attempt, { refuses }: ServerDeps): void {
  const refusal = refuses?.({ ...attempt, resource: resource.plural, by: call.user });
  if (refusal === undefined) return;
  const { status, reason, message } = refusal;
  throw new StatusError({ code: status, reason, message });
}

function createInitialNamespaces(writer: Writer): void {
  const call = { manager: 'kube-apiserver', user: '', dryRun: false, subresource: '' };
  for (const name of ['default', 'kube-system']) {
    writer.create(resources.namespaces, '', { metadata: { name } }, call);
  }
}
