/**
 * A quiet point: faults have ended, and one good pass has completed. Then the guarantee is checked against
 * the objects in the API server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isComplete } from '../../../lib/rules/report.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { prefix } from '../../handler/run-pass.ts';
import { leaksIn } from '../../secrets/planted.ts';
import { type Channel, freeChannel } from './channel.ts';
import { holdOf, wrongWithHold } from './hold-check.ts';
import type { Model, ModelWorkload } from './model.ts';
import { sourceNames } from './names.ts';
import { hear, startPass, wordsOf } from './passes.ts';
import { reverted, wrongWithPods } from './pods.ts';
import type { Walk } from './walk.ts';

const finalizer = `${prefix}/finalizer`;
const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

export async function check(here: Walk, channels: Channel[]): Promise<void> {
  await passesUntilNothingIsRemoved(here, channels);
  // The garbage collector, the controllers and the node agent need a moment, or longer on a busy machine.
  // So the check is repeated as long as something still changes.
  let wrong: string[] = [];
  let removed = removals(here);
  for (let [still, all] = [0, 0]; still < mostStill && all < mostLooks; still++, all++) {
    const before = wrong.join();
    wrong = await whatIsWrong(here);
    if (wrong.length === 0) break;
    if (wrong.join() !== before) still = 0;
    // Blockers of Pods are known only after the controllers have tried to replace the Pods.
    if (all === 8 || removed !== removals(here)) await passesUntilNothingIsRemoved(here, channels);
    removed = removals(here);
    await sleep(400);
  }
  here.ledger.violations.push(...wrong, ...(await leaks(here)));
}

/** How often to check again while the findings stay the same, and in total. */
const mostStill = 50;
const mostLooks = 500;

/** An operator may remove a hash that a good pass has written. Then another good pass must follow. */
async function passesUntilNothingIsRemoved(here: Walk, channels: Channel[]): Promise<void> {
  for (let before = -1; before !== removals(here); ) {
    before = removals(here);
    await goodPass(here, channels);
  }
}

/** How often operators have removed a hash. Each operator does so only a few times. */
const removals = ({ ledger: { model } }: Walk): number =>
  model.workloads.reduce((sum, workload) => sum + (workload?.reverts ?? 0), 0);

/**
 * Runs passes until one pass is good. Only two things may keep a pass from being good: a busy
 * machine loses the Lease, or controllers change a workload at each attempt to write it.
 */
export async function goodPass(here: Walk, channels: Channel[]): Promise<void> {
  let why = '';
  for (let left = 4; left > 0; left--) {
    here.ledger.model.beginPasses();
    here.passes += 1;
    const channel = await freeChannel(here.t, here.ledger, channels);
    const [from, beganAt] = [here.clock.time(), Date.now()];
    const ended = await startPass(here, channel, `good-pass-${here.passes}`).ended;
    why = wordsOf(ended);
    hear(here, ended);
    if (ended.how !== 'report' || ended.report.pass !== 'Completed') continue;
    if (isComplete(ended.report) && ended.report.counts.Conflict === undefined) {
      here.lastReport = ended.report;
      here.lastPass = { from, to: here.clock.time(), beganAt };
      return;
    }
  }
  here.ledger.violations.push(`no pass without a fault came to its end: ${why}`);
}

async function whatIsWrong(here: Walk): Promise<string[]> {
  const { namespace, ledger } = here;
  const { api } = testCluster();
  const { model } = ledger;
  const [workloads, sources, replicaSets, pods] = await Promise.all([
    Promise.all(workloadKinds.map((kind) => api.list(path(kind, namespace)))),
    Promise.all((['ConfigMap', 'Secret'] as const).map((kind) => api.list(path(kind, namespace)))),
    api.list(path('ReplicaSet', namespace)),
    api.list(path('Pod', namespace)),
  ]);
  const found = new Map(
    workloads.flatMap((list, index) =>
      list.map((object) => [`${workloadKinds[index]}/${object.metadata.name}`, object] as const),
    ),
  );
  const wrong: string[] = [];
  const mayLack = new Set<string>();
  for (const [place, workload] of model.workloads.entries()) {
    if (workload === undefined) continue;
    const object = found.get(`${workload.kind}/${workload.name}`);
    if (workload.deleting && (object === undefined || object.metadata.uid !== workload.uid)) {
      model.workloads[place] = undefined;
      continue;
    }
    const isReverted = reverted(here, workload);
    if (isReverted && !hasRecord(object)) mayLack.add(workload.uid);
    const mayLag = here.user.policies.isOn && holdOf(here, workload) !== undefined;
    wrong.push(...wrongWithWorkload(model, workload, object, replicaSets, isReverted, mayLag));
    if (object !== undefined && !workload.deleting && !isReverted) {
      wrong.push(...wrongWithHold(here, workload, object));
    }
    if (!isReverted && !mayLag) wrong.push(...wrongWithPods(here, workload, pods, replicaSets));
  }
  const objects = new Map(
    sources.flatMap((list, index) =>
      list.map(
        (object) =>
          [`${index === 0 ? 'ConfigMap' : 'Secret'}/${object.metadata.name}`, object] as const,
      ),
    ),
  );
  for (const [place, { kind, name }] of sourceNames.entries()) {
    wrong.push(...wrongWithSource(model, place, objects.get(`${kind}/${name}`), mayLack));
  }
  return wrong;
}

type Template = { metadata: { annotations?: Record<string, string> } };
function annotationsOf({ spec }: KubernetesObject): Record<string, string> {
  const template = spec?.['template'] as Template | undefined;
  return template?.metadata.annotations ?? {};
}

function wrongWithWorkload(
  model: Model,
  workload: ModelWorkload,
  object: KubernetesObject | undefined,
  replicaSets: readonly KubernetesObject[],
  isReverted: boolean,
  isHeld: boolean,
): string[] {
  const { kind, name, current, writes, onTemplate, edits, uid } = workload;
  const label = `${kind}/${name}`;
  if (object === undefined) return [`${label} is gone, and nobody has deleted it`];
  const hasFinalizer = object.metadata.finalizers?.includes(finalizer) === true;
  if (workload.deleting) {
    return hasFinalizer ? [`${label} is being deleted, and still waits for its finalizer`] : [];
  }
  const wrong: string[] = [];
  const hash = annotationsOf(object)[`${prefix}/config-hash`];
  const record = object.metadata.annotations?.[`${prefix}/adopted`];
  const adopted = record === undefined ? undefined : (JSON.parse(record) as Adopted);
  const told = adopted?.template === (hash ?? '') ? adopted.config : hash;
  // A workload that has never referenced a source needs no hash.
  const needsNone = workload.references.length === 0 && told === undefined;
  if (isReverted && workload.reverts === 0) {
    wrong.push(`${label} is Reverted, though nobody has removed a hash`);
  }
  if (current !== undefined && told !== current && !needsNone && !isReverted && !isHeld) {
    wrong.push(`${label} has hash ${told}, and that of its current data is ${current}`);
  }
  if (hash !== onTemplate) {
    wrong.push(
      `${label} has hash ${hash} on its template, and the last one written is ${onTemplate}`,
    );
  }
  const recorded = object.metadata.annotations?.[`${prefix}/written-hash`];
  if (hash !== undefined && recorded !== hash && recorded !== undefined) {
    wrong.push(
      `${label} has hash ${hash} on its template, and ${recorded} as the one last written`,
    );
  }
  // The generation of a Deployment also counts changes of its annotations.
  if (kind !== 'Deployment') {
    const expected = 1 + edits + writes.length;
    if (object.metadata.generation !== expected) {
      wrong.push(
        `${label} is at generation ${object.metadata.generation} after ${edits} edits and ${writes.length} hashes written`,
      );
    }
  }
  for (const replicaSet of replicaSets) {
    if (!replicaSet.metadata.ownerReferences?.some((owner) => owner.uid === uid)) continue;
    const rolled = annotationsOf(replicaSet)[`${prefix}/config-hash`];
    // A workload adopts ReplicaSets that an earlier workload of the same name has left behind.
    if (rolled !== undefined && !model.everWritten(label).has(rolled)) {
      wrong.push(`${label} was rolled with hash ${rolled}, which nobody has written`);
    }
  }
  const owns = workload.references.some(({ source }) => model.sources[source] !== undefined);
  const wanted = model.ownership === 'finalizer' && workload.optedIn && owns;
  const unsettled = model.ownership === 'finalizer' && workload.optedIn && current === undefined;
  const mayLack = isReverted && !hasRecord(object);
  if (!unsettled && hasFinalizer !== wanted && !mayLack) {
    wrong.push(`${label} ${hasFinalizer ? 'has' : 'lacks'} the finalizer, against the contract`);
  }
  return wrong;
}

/**
 * Whether a workload has a record of the sources that it owns. A Reverted workload without this record does
 * not get one, because a tool may remove it again and again.
 */
const hasRecord = (object: KubernetesObject | undefined): boolean =>
  object?.metadata.annotations?.[`${prefix}/owned-sources`] !== undefined;

type Adopted = { template: string; config: string };

function wrongWithSource(
  model: Model,
  place: number,
  object: KubernetesObject | undefined,
  mayLack: ReadonlySet<string>,
): string[] {
  const { kind, name } = sourceNames[place] ?? sourceNames[0];
  const label = `${kind}/${name}`;
  const source = model.sources[place];
  if (source === undefined)
    return object === undefined ? [] : [`${label} is there, though it was deleted`];
  if (object === undefined || object.metadata.uid !== source.uid) {
    return [
      `${label} is lost: ${object === undefined ? 'gone' : 'another one'}, and nobody has deleted it`,
    ];
  }
  const wrong: string[] = [];
  const decode = (text: string) =>
    kind === 'Secret' ? Buffer.from(text, 'base64').toString() : text;
  const data = Object.entries(object.data ?? {}).map(([key, text]) => [key, decode(text)]);
  if (JSON.stringify(data.sort()) !== JSON.stringify(Object.entries(source.data).sort())) {
    wrong.push(`${label} has other data than the user gave it`);
  }
  const references = object.metadata.ownerReferences ?? [];
  const owners = new Set(
    references.filter((each) => each.kind !== 'Namespace').map(({ uid }) => uid),
  );
  const users = model.workloads.filter(
    (each): each is ModelWorkload =>
      each !== undefined &&
      !each.deleting &&
      each.optedIn &&
      model.ownership === 'finalizer' &&
      each.references.some((reference) => reference.source === place),
  );
  const must = users.filter(({ current, uid }) => current !== undefined && !mayLack.has(uid));
  const may = new Set(users.map(({ uid }) => uid));
  // If the configuration of a workload cannot be determined, its sources keep their owner references to it.
  const undecided = new Set(
    model.workloads.flatMap((each) =>
      model.ownership === 'finalizer' && each?.optedIn && each.current === undefined
        ? [each.uid]
        : [],
    ),
  );
  for (const { uid, name: user, kind: userKind } of must) {
    if (!owners.has(uid)) wrong.push(`${label} lacks the owner reference to ${userKind}/${user}`);
  }
  for (const uid of owners) {
    if (!may.has(uid) && !undecided.has(uid))
      wrong.push(`${label} still has an owner reference to ${uid}`);
  }
  const byNamespace = references.some((each) => each.kind === 'Namespace');
  if (byNamespace !== owners.size > 0) {
    wrong.push(
      `${label} ${byNamespace ? 'has' : 'lacks'} the owner reference to its namespace, with ${owners.size} owners`,
    );
  }
  return wrong;
}

/** One message for each form in which a value of a Secret appears in the output of passes or in an Event. */
async function leaks({ namespace, said }: Walk): Promise<string[]> {
  const events = await testCluster().api.list(path('Event', namespace));
  const all = [...said, JSON.stringify(events)].join('\n');
  said.length = 0;
  return leaksIn(all).map((form) => `a value of a Secret was told, in this form: ${form}`);
}
