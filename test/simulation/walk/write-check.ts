/** Checks each write of wave-cron immediately after the server has handled it. */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { currentHash } from '../../faults/current-hash.ts';
import type { SimulatedWrite } from '../server/server.ts';
import { templateHash } from './configuration.ts';
import { keys, prefix } from './names.ts';
import { type Note, type Oracle, parsed, type Tracked, within } from './oracle.ts';
import { isAssumedCurrent } from './pods.ts';
import { wrongByPolicy } from './policy-check.ts';
import { beforeOf, objectOf } from './seen.ts';
import type { Writer } from './writer.ts';

export interface Judged {
  readonly write: SimulatedWrite;
  readonly writer: Writer;
  readonly oracle: Oracle;
  readonly now: number;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** The time of the last fault of any process. */
  readonly harmedAt: number;
}

const short = (hash: string | undefined): string => hash?.slice(0, 8) ?? 'none';

/** Returns the violations of a write to a workload. Call it after the oracle has recorded the write. */
export function wrongWithWorkloadWrite(judged: Judged, tracked: Tracked): string[] {
  const { write, writer, oracle, now } = judged;
  const before = beforeOf(write);
  const { object } = tracked;
  if (before === undefined || write.verb !== 'update') {
    return write.verb === 'delete' ? [] : [`${writer.name} created ${tracked.label}`];
  }
  const wrong = wrongWithFields(before, object).map(
    (text) => `${writer.name}: ${tracked.label} ${text}`,
  );
  const began = writer.began ?? now;
  const hash = templateHash(object);
  if (hash !== undefined && hash !== templateHash(before)) {
    const note: Note = { hash, at: now, writer: { ...writer }, began, isForgotten: false };
    const faults = [
      ...wrongWithHash(judged, tracked, hash, began),
      ...wrongWithRepetition(judged, tracked, hash),
      ...wrongByPolicy(judged, tracked, hash, began),
    ];
    wrong.push(
      ...faults.map((text) => `${writer.name} wrote ${short(hash)} to ${tracked.label}: ${text}`),
    );
    oracle.note(tracked, hash, note);
    oracle.rolls(tracked);
  } else if (hash === undefined && templateHash(before) !== undefined) {
    wrong.push(`${writer.name} removed the hash of ${tracked.label}`);
  }
  const text = object.metadata.annotations?.[keys.adopted];
  if (text !== undefined && text !== before.metadata.annotations?.[keys.adopted]) {
    const config = parsed(text)?.config ?? '';
    if (!isPossible(judged, tracked, config, began)) {
      wrong.push(
        `${writer.name} recorded ${short(config)} for ${tracked.label}, which it did not have: ${history(tracked)}`,
      );
    }
    oracle.note(tracked, config, undefined, isAssumedCurrent(before));
  }
  return wrong;
}

const emptyHash = currentHash([]);

/** Whether a pass that began at this time may have read this configuration of the workload. */
function isPossible(
  { oracle, now, write }: Judged,
  { configurations }: Tracked,
  hash: string,
  began: number,
): boolean {
  const before = beforeOf(write);
  return (
    hash === emptyHash ||
    within(configurations, began, now).includes(hash) ||
    (before !== undefined && oracle.hashesWithin(before, began, now).has(hash))
  );
}

const history = ({ configurations }: Tracked): string =>
  configurations
    .slice(-6)
    .map(({ from, value }) => `${short(value)} from ${from.toFixed(0)}`)
    .join(', ');

function wrongWithHash(judged: Judged, tracked: Tracked, hash: string, began: number): string[] {
  const { now } = judged;
  const { configurations, recorded, removals, lastRemovalAt, notes } = tracked;
  if (!isPossible(judged, tracked, hash, began)) {
    return [`its configuration was another one since ${began.toFixed(0)}: ${history(tracked)}`];
  }
  const wrong: string[] = [];
  const since = recorded?.from ?? 0;
  const isSame = recorded?.value === hash && lastRemovalAt < since;
  if (isSame && within(configurations, since, now).every((value) => value === hash)) {
    wrong.push(`it was given at ${since.toFixed(0)}, and nothing changed`);
  }
  const isBaseline = within(tracked.annotations, began, now).every(
    (each) => each[keys.adoption] === 'baseline',
  );
  if (recorded === undefined && notes.length === 0 && removals === 0 && isBaseline) {
    wrong.push('it was adopted with a restart, though its adoption is baseline');
  }
  return wrong;
}

/**
 * If a hash was written twice and removed each time, wave-cron must not write it again. Faults can hide
 * a write from wave-cron, and wave-cron forgets a write when the Event that counts it expires.
 */
function wrongWithRepetition(
  { harmedAt }: Judged,
  { configurations, notes }: Tracked,
  hash: string,
): string[] {
  const since = configurations.at(-1)?.from ?? 0;
  const times = notes.filter(
    (each) => each.hash === hash && each.at >= since && !each.isForgotten,
  ).length;
  return times >= 2 && harmedAt < since ? [`it was written ${times} times before`] : [];
}

/** The server writes the last annotation if the template of a DaemonSet changes. */
const ownAnnotations: ReadonlySet<string> = new Set([
  ...[keys.adopted, keys.history, keys.pending, keys.written, keys.owned, keys.putBack],
  'deprecated.daemonset.template.generation',
]);

/** The changed fields of a workload that wave-cron must not change. */
function wrongWithFields(before: KubernetesObject, after: KubernetesObject): string[] {
  const changed = (a: object = {}, b: object = {}): string[] => {
    const [old, now] = [a as Record<string, unknown>, b as Record<string, unknown>];
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
      (key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]),
    );
  };
  const template = (object: KubernetesObject) =>
    (object.spec?.['template'] ?? {}) as { readonly metadata?: { readonly annotations?: object } };
  const without = ({ spec = {} }: KubernetesObject) => {
    const { template: given, ...rest } = spec as {
      template?: { metadata?: { annotations?: object } };
    };
    const { annotations: _, ...metadata } = given?.metadata ?? {};
    return { ...rest, template: { ...given, metadata } };
  };
  const annotations = changed(before.metadata.annotations, after.metadata.annotations);
  const ofTemplate = changed(
    template(before).metadata?.annotations,
    template(after).metadata?.annotations,
  );
  const finalizers = changed(
    Object.fromEntries((before.metadata.finalizers ?? []).map((each) => [each, true])),
    Object.fromEntries((after.metadata.finalizers ?? []).map((each) => [each, true])),
  );
  return [
    ...annotations.filter((key) => !ownAnnotations.has(key)),
    ...ofTemplate.filter((key) => key !== keys.hash && key !== keys.configSources),
    ...finalizers.filter((key) => !key.includes(prefix.split('.').slice(-2).join('.'))),
    ...changed(without(before), without(after)).filter((key) => key !== 'status'),
    ...changed({ labels: before.metadata.labels }, { labels: after.metadata.labels }),
  ].map((field) => `changed in ${field}`);
}

/** wave-cron may only change the owner references of a source. */
export function wrongWithSourceWrite({ write, writer }: Judged): string[] {
  const before = beforeOf(write);
  const after = objectOf(write);
  const label = `${after.kind}/${after.metadata.namespace}/${after.metadata.name}`;
  if (write.verb !== 'update' || before === undefined)
    return [`${writer.name}: ${write.verb} of ${label}`];
  const rest = ({ metadata, data, ...others }: KubernetesObject): string => {
    const { ownerReferences: _, resourceVersion: __, managedFields: ___, ...own } = metadata;
    return JSON.stringify({ ...others, data, metadata: own });
  };
  return rest(before) === rest(after)
    ? []
    : [`${writer.name} changed ${label} beyond its owner references`];
}
