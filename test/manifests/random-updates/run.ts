/** Sends random updates with the token. After each of them, it checks whether an object has a forbidden change. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { ApiError, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { deployment } from '../../../tools/control-plane/objects.ts';
import { randomName, testCluster } from '../../../tools/control-plane/testing.ts';
import { workloadKinds } from '../../handler/run-pass.ts';
import { changeInWords } from './change.ts';
import { assertNothingMade, assertPromises, isWorkload } from './promises.ts';
import { edited, send } from './requests.ts';
import { type Step, step } from './steps.ts';
import { eventOf, newWorld, ownerOf, type Target, type World } from './world.ts';

export type Tally = {
  /** Numbers of allowed updates, by the description of the change. */
  readonly allowed: Map<string, number>;
  /** Numbers of refused updates, by the rule of the admission policies, or by the other component that refused them. */
  readonly refused: Map<string, number>;
};

export type Run = {
  readonly updates: number;
  readonly seed: number;
  /** The number of namespaces that get updates concurrently. */
  readonly worlds: number;
  readonly onProgress?: (text: string) => void;
};

const lookEvery = 250;

/**
 * The same seed sends the same steps. But the seed does not determine when the garbage collector acts.
 *
 * @throws with the seed, and the allowed steps on the object with the forbidden change
 */
export async function runUpdates(
  t: { after: (cleanup: () => unknown) => unknown },
  { updates, seed, worlds, onProgress = () => {} }: Run,
): Promise<Tally> {
  const tally: Tally = { allowed: new Map(), refused: new Map() };
  let done = 0;
  const each = Math.ceil(updates / worlds);
  await Promise.all(
    Array.from({ length: worlds }, async (_, index) => {
      const world = await newWorld(t);
      const steps = fc.sample(step, { numRuns: each, seed: seed + index });
      const traces = new Map<string, Step[]>();
      try {
        for (const [i, step] of steps.entries()) {
          await take(step, world, tally, traces);
          done += 1;
          if (done % 1000 === 0) onProgress(`${done} updates`);
          if (i % lookEvery === lookEvery - 1) await lookAtAll(world);
        }
        await lookAtAll(world);
        await assertNothingIsLost(world);
        await assertNamespaceEnds(world);
      } catch (error) {
        const found = error instanceof Broken ? error.path : '';
        const trace = (traces.get(found) ?? []).slice(-8).map((it) => JSON.stringify(it));
        const words = error instanceof Error ? error.message : String(error);
        throw new Error(
          `seed ${seed}, namespace ${index} of ${worlds}, ${found}: ${words}\nlet through there:\n${trace.join('\n')}`,
          { cause: error },
        );
      }
    }),
  );
  return tally;
}

class Broken extends Error {
  readonly path: string;
  constructor(path: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.path = path;
  }
}

async function take(
  step: Step,
  world: World,
  tally: Tally,
  traces: Map<string, Step[]>,
): Promise<void> {
  const { api } = testCluster();
  const { account, targets, workloads } = world;
  const { namespace } = account;
  const of = (pick: number) => targets[pick % targets.length] as Target;
  switch (step.do) {
    case 'replaceOwner': {
      const at = workloads.length - 1 - (step.pick % 2);
      const { name = '' } = workloads[at] ?? {};
      await api.delete(path('Deployment', namespace, name));
      const made = await api.create(deployment({ namespace, name }));
      workloads[at] = ownerOf(made);
      return;
    }
    case 'delete': {
      const { path: at, kind } = of(step.target);
      const what = step.all ? path(kind, namespace) : at;
      await attempt(tally, `${kind}: delete`, () => account.api.delete(what));
      if (!step.all) await look(of(step.target), world);
      return;
    }
    case 'create': {
      const { kind, before } = of(step.like);
      const name = step.name === 'random' ? randomName('made') : step.name;
      const object = edited(fresh(before, namespace, name), step.edits, world);
      await attempt(tally, `${kind}: create ${step.name}`, () =>
        account.api.post(path(kind, namespace), object),
      );
      return;
    }
    case 'update': {
      const those = targets.filter(({ kind }) => classOf(kind) === step.on);
      const target = those[step.target % those.length] as Target;
      const now = await api.get(target.path);
      const changed = edited(now, step.edits, world);
      const isDone = await attempt(tally, undefined, () =>
        send(account.api, target.path, step, now, changed),
      );
      if (!isDone) return;
      traces.set(target.path, [...(traces.get(target.path) ?? []), step]);
      const after = await look(target, world);
      count(tally.allowed, `${target.kind}: ${changeInWords(now, after)}`);
    }
  }
}

function classOf(kind: string): Extract<Step, { do: 'update' }>['on'] {
  if (isWorkload(kind)) return 'workload';
  return kind === 'ConfigMap' || kind === 'Secret' ? 'source' : 'other';
}

/** A new object of the same kind. A Secret or an Event is one that wave-cron itself would create. */
function fresh(before: KubernetesObject, namespace: string, name: string): KubernetesObject {
  const { kind, apiVersion, metadata } = before;
  if (kind === 'Event') return eventOf(namespace, name);
  if (kind === 'Secret') {
    const data = { key: randomBytes(32).toString('base64') };
    return { apiVersion, kind, type: 'Opaque', metadata: { namespace, name }, data };
  }
  const { annotations = {} } = metadata;
  return { ...before, metadata: { namespace, name, annotations } };
}

async function attempt(
  tally: Tally,
  words: string | undefined,
  request: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await request();
    if (words !== undefined) count(tally.allowed, words);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    assert.doesNotMatch(error.message, /cost|budget|expression.*resulted in error/i);
    const rule = /wave-cron admission policy \(([a-z -]+)\)/.exec(error.message)?.[1];
    count(tally.refused, rule ?? `by the API server itself (${error.status})`);
    return false;
  }
}

async function look(target: Target, world: World): Promise<KubernetesObject> {
  const now = await testCluster().api.find(target.path);
  try {
    assertPromises(target, now, world);
  } catch (error) {
    throw new Broken(target.path, error);
  }
  return now as KubernetesObject;
}

async function lookAtAll(world: World): Promise<void> {
  for (const target of world.targets) await look(target, world);
  await assertNothingMade(world);
}

/**
 * Deletes all workloads that are owners, waits until the garbage collector has processed the sources, and
 * checks that no source was lost.
 */
async function assertNothingIsLost(world: World): Promise<void> {
  const { api } = testCluster();
  const { namespace } = world.account;
  for (const { name } of world.workloads) await api.delete(path('Deployment', namespace, name));
  const foreign = new Set(world.targets.flatMap((it) => it.foreign.map(({ uid }) => uid)));
  for (const target of world.targets) {
    if (classOf(target.kind) !== 'source') continue;
    await api.waitFor(
      target.path,
      (it) =>
        it === undefined ||
        (it.metadata.ownerReferences ?? []).every(
          ({ kind, uid }) => kind === 'Namespace' || foreign.has(uid),
        ),
      { what: `the garbage collector to be through ${target.path}`, timeoutMs: 60_000 },
    );
  }
  await lookAtAll(world);
}

/** Removes the finalizers that a pass would remove, and checks that the namespace can then be deleted. */
async function assertNamespaceEnds({ account: { namespace } }: World): Promise<void> {
  const { api } = testCluster();
  for (const kind of workloadKinds) {
    for (const { metadata } of await api.list(path(kind, namespace))) {
      if (metadata.finalizers === undefined) continue;
      const here = path(kind, namespace, metadata.name);
      await api.patch(here, { metadata: { finalizers: null } }, 'merge');
    }
  }
  const here = path('Namespace', undefined, namespace);
  await api.delete(here);
  const what = `${namespace} to end`;
  await api.waitFor(here, (it) => it === undefined, { what, timeoutMs: 120_000 });
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function tallyInWords({ allowed, refused }: Tally): string {
  const table = (counts: Map<string, number>) =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([what, number]) => `${String(number).padStart(7)}  ${what}`)
      .join('\n');
  const sum = (counts: Map<string, number>) => counts.values().reduce((a, b) => a + b, 0);
  return `${sum(allowed)} were let through, by what they changed:\n${table(allowed)}\n${sum(refused)} were refused, by which rule:\n${table(refused)}`;
}
