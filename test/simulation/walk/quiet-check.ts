/** Checks the objects at a quiet point. */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { currentHash } from '../../faults/current-hash.ts';
import { isHold } from '../../faults/walk/holds.ts';
import { templateHash, usedSources } from './configuration.ts';
import { wrongWithHold } from './hold-check.ts';
import { keys } from './names.ts';
import type { Tracked } from './oracle.ts';
import type { GoodPass } from './quiet.ts';
import type { Simulation } from './simulation.ts';

const emptyHash = currentHash([]);

export function whatIsWrong(simulation: Simulation, good: GoodPass): string[] {
  const { oracle } = simulation;
  const outcomes = new Map(
    good.outcomes.map((each) => [`${each.kind}/${each.namespace}/${each.name}`, each]),
  );
  return [
    ...oracle.live.flatMap((each) =>
      wrongWithWorkload(simulation, each, outcomes.get(each.label), good),
    ),
    ...[...oracle.objects.values()].flatMap((object) =>
      object.kind === 'ConfigMap' || object.kind === 'Secret'
        ? wrongWithSource(simulation, object, outcomes)
        : object.kind === 'Namespace' && object.metadata['deletionTimestamp'] !== undefined
          ? [`Namespace/${object.metadata.name} is still being deleted`]
          : [],
    ),
  ];
}

const isDeleting = ({ metadata }: KubernetesObject): boolean =>
  metadata['deletionTimestamp'] !== undefined;

function wrongWithWorkload(
  simulation: Simulation,
  tracked: Tracked,
  outcome: Outcome | undefined,
  good: GoodPass,
): string[] {
  const { oracle, fleet } = simulation;
  const { object, label, configurations, notes } = tracked;
  const hasFinalizer = object.metadata.finalizers?.includes(keys.finalizer) === true;
  if (isDeleting(object)) {
    return hasFinalizer ? [`${label} is being deleted, and still waits for its finalizer`] : [];
  }
  const isOptedIn = oracle.isOptedIn(object);
  if (!isOptedIn) return hasFinalizer ? [`${label} is opted out, and has the finalizer`] : [];
  if (outcome === undefined) return [`${label} is opted in, and no pass speaks of it`];
  const current = configurations.at(-1)?.value;
  const isReverted = outcome.reason === 'Reverted';
  const isHeld = isHold(outcome);
  const wrong: string[] = [];
  const given = oracle.given(tracked);
  const needsNone = current === emptyHash && given === undefined;
  if (isReverted && !wasWrittenTwice(simulation, tracked, current)) {
    wrong.push(`${label} is Reverted, though its hash was not written twice`);
  }
  if (current !== undefined && given !== current && !needsNone && !isReverted && !isHeld) {
    wrong.push(
      `${label} has hash ${given}, and that of its current data is ${current} (${outcome.reason}: ${outcome.sentence})`,
    );
  }
  const hash = templateHash(object);
  if (hash !== undefined && notes.at(-1)?.hash !== hash) {
    wrong.push(`${label} has hash ${hash}, and the last one written is ${notes.at(-1)?.hash}`);
  }
  if (!isReverted) wrong.push(...wrongWithHold(simulation, tracked, outcome, good));
  if (!isReverted && !isHeld) wrong.push(...simulation.pods.wrongWith(tracked, outcome));
  const exists = [...usedSources(object)].some((each) => sourceOf(simulation, tracked, each));
  const isOwner = fleet.ownership === 'finalizer' && exists;
  const mayLack = isReverted || current === undefined || outcome.reason === 'OwnershipLimited';
  if (!mayLack && hasFinalizer !== isOwner) {
    wrong.push(`${label} ${hasFinalizer ? 'has' : 'lacks'} the finalizer, against the contract`);
  }
  return wrong;
}

/** A workload that was created again may have the Events of its predecessor. */
function wasWrittenTwice(
  { oracle }: Simulation,
  { label }: Tracked,
  current: string | undefined,
): boolean {
  const all = [...oracle.workloads.values()].filter((each) => each.label === label);
  const notes = all.flatMap((each) => each.notes).filter(({ hash }) => hash === current);
  return notes.length >= 2;
}

function sourceOf({ oracle }: Simulation, { namespace }: Tracked, text: string) {
  const [kind = '', name = ''] = text.split('/');
  const found = oracle.find(kind === 'Secret' ? 'secrets' : 'configmaps', namespace, name);
  return found !== undefined && !isDeleting(found) ? found : undefined;
}

function wrongWithSource(
  { oracle, fleet }: Simulation,
  object: KubernetesObject,
  outcomes: ReadonlyMap<string, Outcome>,
): string[] {
  const { name, namespace = '' } = object.metadata;
  const label = `${object.kind}/${namespace}/${name}`;
  if (isDeleting(object)) return [];
  const references = object.metadata.ownerReferences ?? [];
  const owners = new Set(
    references.filter(({ kind }) => kind !== 'Namespace').map(({ uid }) => uid),
  );
  const users = oracle.live.filter(
    (each) =>
      each.namespace === namespace &&
      fleet.ownership !== 'off' &&
      !isDeleting(each.object) &&
      oracle.isOptedIn(each.object) &&
      usedSources(each.object).has(`${object.kind}/${name}`),
  );
  const isUncertain = ({ label: user, configurations }: Tracked): boolean => {
    const reason = outcomes.get(user)?.reason;
    return (
      configurations.at(-1)?.value === undefined ||
      reason === 'Reverted' ||
      reason === 'OwnershipLimited'
    );
  };
  const wrong = users.flatMap((each) =>
    isUncertain(each) || owners.has(each.uid) ? [] : [`${label} has no reference to ${each.label}`],
  );
  const may = new Set(users.map(({ uid }) => uid));
  // A workload whose configuration is unknown keeps its existing references.
  for (const each of oracle.live) if (isUncertain(each)) may.add(each.uid);
  for (const uid of owners) {
    if (!may.has(uid)) wrong.push(`${label} still has a reference to ${uid}`);
  }
  const isKept = references.some(({ kind }) => kind === 'Namespace');
  if (!isKept && owners.size > 0)
    wrong.push(`${label} has owners, and no reference to kube-system`);
  if (isKept && owners.size === 0 && !fleet.hadReferences) {
    wrong.push(`${label} has no owners, and a reference to kube-system`);
  }
  return wrong;
}
