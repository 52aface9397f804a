/** One sequence of random requests to both servers, in a namespace of its own. */
import {
  at,
  canonical,
  isSame,
  type Json,
  type JsonMap,
  mapOf,
  mapsOf,
  textOf,
} from '../server/json.ts';
import { mergePatch } from '../server/patch.ts';
import type { SimulatedRequest, SimulatedServer } from '../server/server.ts';
import { normalized, seeAll, withoutMadeUp } from './normalize.ts';
import { metadataOnly } from './real.ts';
import { type Answer, Names, type Send } from './server-side.ts';
import type { Step } from './step.ts';
import { collectionPath, type Kind, objectPath } from './targets.ts';

export interface Difference {
  readonly index: number;
  readonly step: Step;
  readonly real: unknown;
  readonly simulated: unknown;
  /** The last steps. The last one caused the difference. */
  readonly recent: readonly Step[];
}

/** The lines that the watches of a kind have received. */
interface Lines {
  readonly kind: Kind;
  readonly real: string[];
  readonly simulated: string[];
}

interface Side {
  readonly send: Send;
  readonly names: Names;
}

export interface SequenceOptions {
  readonly namespace: string;
  readonly real: Send;
  readonly simulated: SimulatedServer;
  /** The kinds whose objects are compared. */
  readonly kinds: readonly Kind[];
  /** The kinds that are watched. */
  readonly watches: readonly Kind[];
  watchReal(path: string, line: (text: string) => void): Promise<() => void>;
}

const shortly = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const settleMs = 30_000;
const remembered = 400;

export class Sequence {
  readonly #real: Side;
  readonly #simulated: Side;
  readonly #options: SequenceOptions;
  readonly #watched: Lines[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #steps: Step[] = [];
  #count = 0;

  constructor(options: SequenceOptions) {
    const { real, simulated } = options;
    this.#options = options;
    this.#real = { send: real, names: new Names() };
    this.#simulated = {
      send: async (request) => simulated.handle(request),
      names: new Names(),
    };
  }

  async begin(): Promise<void> {
    for (const kind of this.#options.watches) await this.#watch(kind);
  }

  async #watch(kind: Kind): Promise<void> {
    const { namespace, watchReal, simulated: server } = this.#options;
    const path = `${collectionPath(kind, namespace)}?watch=true`;
    const lines: Lines = { kind, real: [], simulated: [] };
    const request = { method: 'GET', path, headers: { accept: metadataOnly } } as const;
    const take = (line: string) => lines.simulated.push(line);
    this.#ends.push(
      await watchReal(path, (line) => lines.real.push(line)),
      server.watch(request, take, () => undefined),
    );
    this.#watched.push(lines);
  }

  /** Compares the lines of the watches. */
  async end(): Promise<Difference | undefined> {
    for (const { kind, real, simulated } of this.#watched) {
      const deadline = performance.now() + settleMs;
      while (real.length < simulated.length && performance.now() < deadline) await shortly(20);
      const of = (lines: readonly string[], { names }: Side) =>
        lines.map((line) => withoutMadeUp(JSON.parse(line), names, kind));
      const [a, b] = [of(real, this.#real), of(simulated, this.#simulated)];
      if (!isSame(a, b)) return this.#difference(a, b);
    }
    return undefined;
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  /** The number of requests that each server has received. */
  get count(): number {
    return this.#count;
  }

  async take(step: Step): Promise<Difference | undefined> {
    this.#steps.push(step);
    if (this.#steps.length > remembered) this.#steps.shift();
    this.#count += 1;
    if (step.kubelet !== undefined) return await this.#runPods(step.kubelet);
    const real = await this.#answerOf(this.#real, step);
    const simulated = await this.#answerOf(this.#simulated, step);
    if (!isSame(real, simulated)) return this.#difference(real, simulated);
    return step.settles ? await this.settle() : undefined;
  }

  /** Sets all Pods that are not ready to this status, as kubelets do. */
  async #runPods(status: JsonMap): Promise<Difference | undefined> {
    for (const side of [this.#real, this.#simulated]) {
      const headers = { accept: 'application/json', 'user-agent': 'kubelet/v1' };
      const pods = collectionPath('Pod', this.#options.namespace);
      const { text } = await side.send({ method: 'GET', path: pods, headers });
      const waiting = mapsOf((JSON.parse(text) as JsonMap)['items']).filter(isNotReady);
      for (const { metadata } of waiting) {
        const path = `${pods}/${textOf(mapOf(metadata)['name'])}/status`;
        await side.send({
          ...{ method: 'PATCH', path, body: JSON.stringify({ status }) },
          headers: { ...headers, 'content-type': 'application/strategic-merge-patch+json' },
        });
      }
    }
    return await this.settle();
  }

  /** Waits until the controllers of both servers have nothing left to do, and compares all objects. */
  async settle(): Promise<Difference | undefined> {
    settleSimulated(this.#options.simulated);
    const simulated = await this.#state(this.#simulated);
    const deadline = performance.now() + settleMs;
    for (let pauseMs = 4; ; pauseMs = Math.min(2 * pauseMs, 250)) {
      this.#real.names.remember();
      const real = await this.#state(this.#real);
      if (isSame(real, simulated)) return undefined;
      if (performance.now() > deadline) return this.#difference(real, simulated);
      this.#real.names.forget();
      await shortly(pauseMs);
    }
  }

  /**
   * Whether the namespace exists, and whether it is being deleted. The conditions of the namespace are
   * not simulated.
   */
  async #namespace(side: Side, path: string): Promise<JsonMap[]> {
    const own = `${path}/${this.#options.namespace}`;
    const headers = { accept: 'application/json' };
    const { status, text } = await side.send({ method: 'GET', path: own, headers });
    return [{ status, phase: at(JSON.parse(text), 'status', 'phase') ?? null }];
  }

  #difference(real: unknown, simulated: unknown): Difference {
    const step = this.#steps.at(-1) as Step;
    const recent = this.#steps.filter(({ kind }) => kind === step.kind).slice(-12);
    return { index: this.#count - 1, step, real, simulated, recent };
  }

  async #answerOf(side: Side, step: Step): Promise<Answer> {
    const request = await this.#request(side, step);
    if (request === undefined) return { status: 0, body: 'there is nothing to replace' };
    return normalized(await side.send(request), step.kind, side.names);
  }

  async #request(side: Side, step: Step): Promise<SimulatedRequest | undefined> {
    const { kind, name, method, suffix, accept = 'application/json', userAgent } = step;
    const { namespace } = this.#options;
    const path =
      name === undefined ? collectionPath(kind, namespace) : objectPath({ kind, name }, namespace);
    const body = await this.#body(side, step, path);
    if (body === null) return undefined;
    return {
      ...{ method, path: `${path}${suffix.replace('$token', side.names.token)}` },
      headers: {
        ...{ accept, 'user-agent': userAgent },
        'content-type': step.contentType ?? 'application/json',
      },
      ...(body === undefined ? {} : { body: this.#filledIn(side, body) }),
    };
  }

  /** Null for a PUT of an object that does not exist. */
  async #body(side: Side, { body, edit }: Step, path: string): Promise<Json | undefined> {
    if (edit === undefined) return body;
    const headers = { accept: 'application/json' };
    const { status, text } = await side.send({ method: 'GET', path, headers });
    if (status !== 200) return null;
    const { metadata = {}, ...others } = edit;
    const change = JSON.parse(this.#filledIn(side, { ...others, metadata }));
    return mergePatch(JSON.parse(text) as JsonMap, change);
  }

  #filledIn({ names }: Side, body: Json): string {
    return names.filledIn(JSON.stringify(body)).replaceAll('$namespace', this.#options.namespace);
  }

  async #state(side: Side): Promise<JsonMap> {
    const { kinds, namespace } = this.#options;
    const headers = { accept: 'application/json' };
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const path = collectionPath(kind, namespace);
        if (kind === 'Namespace') return [kind, await this.#namespace(side, path)] as const;
        const { text } = await side.send({ method: 'GET', path, headers });
        return [kind, mapsOf((JSON.parse(text) as JsonMap)['items'])] as const;
      }),
    );
    for (const [kind, items] of lists) seeAll(items, kind, side.names);
    return Object.fromEntries(
      lists.map(([kind, items]) => {
        const plain = items.map((each) => withoutMadeUp(each, side.names, kind));
        return [kind, hashedKinds.includes(kind) ? inOneOrder(plain) : plain];
      }),
    );
  }
}

const isNotReady = ({ status }: JsonMap): boolean =>
  !mapsOf(mapOf(status)['conditions']).some(
    (each) => each['type'] === 'Ready' && each['status'] === 'True',
  );

/** The names of these objects contain hashes or are generated. */
const hashedKinds: readonly Kind[] = ['ReplicaSet', 'ControllerRevision', 'Pod'];

const inOneOrder = (objects: readonly JsonMap[]): JsonMap[] =>
  objects
    .map((each) => [`${textOf(mapOf(each['metadata'])['name'])} ${canonical(each)}`, each] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => each);

/** Runs controllers' steps until none is left. */
export function settleSimulated(server: SimulatedServer): void {
  for (let left = 10_000; left > 0; left--) {
    const [step] = server.pending();
    if (step === undefined) return;
    server.run(step);
  }
  throw new Error(
    `the simulated controllers do not come to an end: ${server.pending().join(', ')}`,
  );
}
