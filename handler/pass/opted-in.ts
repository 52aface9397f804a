import type { LimitFunction } from 'p-limit';
import { describeError, UnreachableError } from '../../lib/errors.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import { type Carrier, carrierOf } from '../../lib/rules/hash/keyed-records.ts';
import type { Said } from '../../lib/rules/reason.ts';
import type { KindNotServed, ListProblem } from '../../lib/rules/report.ts';
import { sketchIfLarge, sketchOf } from '../../lib/rules/sketch.ts';
import type { ListedName, Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';
import { listWorkloads } from '../reading/list.ts';
import { workloadTooLarge } from '../reading/read-again.ts';
import type { TemplateUsers } from '../reading/template-users.ts';
import type { Keep, ListReduction } from '../reading/workload-list.ts';

/** The workloads that a pass listed. */
export interface OptedIn {
  /** Large workloads are sketches. */
  readonly workloads: readonly Workload[];
  readonly unhandled: readonly Unhandled[];
  readonly problems: readonly ListProblem[];
  readonly kindsNotServed: readonly KindNotServed[];
  /** The keys of the hashes on the workloads. Empty unless `withCarriers` is set. */
  readonly carriers: readonly Carrier[];
}

/** A workload that opted in, or may have opted in, but cannot be handled. */
export interface Unhandled {
  readonly workload: ListedName;
  readonly said: Said;
}

export interface OptedInDeps {
  readonly settings: Settings;
  readonly keep: Keep;
  /** Which objects `keep` may keep. */
  readonly needed: Pick<ListReduction, 'mentioning' | 'alsoIn'>;
  /** Why named namespaces could not be read, by name: see `OptInReading`. */
  readonly unread: ReadonlyMap<string, string>;
  /** The template users of the namespace; undefined if `keep` does not need them. */
  readonly users?: TemplateUsers;
  readonly lists: LimitFunction;
}

/**
 * Lists the workloads of a pass.
 *
 * @param withCarriers whether the hash key is not known yet
 * @throws UnreachableError if no list could be read
 */
export async function listOptedIn(
  { settings, keep, needed, unread, users, lists }: OptedInDeps,
  withCarriers: boolean,
  { cluster, signal }: ReadContext,
): Promise<OptedIn> {
  const carriers: Carrier[] = [];
  const sketch: Keep = (kind, object) => {
    const workload = keep(kind, object);
    if (workload === undefined) return undefined;
    if (withCarriers) carriers.push(carrierOf(workload));
    return sketchIfLarge(workload);
  };
  const byMetadata = (kind: WorkloadKind, metadata: ObjectMeta): Workload | undefined => {
    const workload = sketch(kind, { metadata });
    if (workload === undefined || workload.isSketch !== undefined) return workload;
    return sketchOf(workload, 'its page was large');
  };
  // Reloader's annotations can be on the pod template, which the metadata do not contain.
  const ofLargePage = settings.compatibility.includes('reloader') ? undefined : byMetadata;
  const found = await listWorkloads(
    withoutUnread(settings, unread),
    { keep: sketch, ...(users && { users }), ...needed, keepUnread: ofLargePage },
    { cluster, lists, signal },
  );
  return {
    workloads: found.workloads,
    unhandled: [
      ...found.unread.map((each) => ({ workload: each, said: unexpected(each.error) })),
      ...found.tooLarge
        .filter(({ kept }) => kept)
        .map((workload) => ({ workload, said: workloadTooLarge })),
    ],
    problems: [...problemsOf(unread), ...found.problems],
    kindsNotServed: found.kindsNotServed,
    carriers,
  };
}

/**
 * The settings without the namespaces whose opt-in is unknown. Otherwise, an opted-in workload in them would
 * count as opted out.
 */
function withoutUnread(settings: Settings, unread: ReadonlyMap<string, string>): Settings {
  if (unread.size === 0) return settings;
  const namespaces = settings.namespaces.filter((name) => !unread.has(name));
  const [first] = problemsOf(unread);
  if (namespaces.length === 0 && first !== undefined) {
    throw new UnreachableError(`no workload could be listed: ${first.why}`);
  }
  return { ...settings, namespaces };
}

function problemsOf(unread: ReadonlyMap<string, string>): ListProblem[] {
  return [...unread].map(([name, why]) => ({
    what: `workloads in namespace ${name}`,
    why: `it is unknown whether the namespace opts them in: ${why}`,
  }));
}

/** The carriers of all shards. `isWhole` is false if a list failed. */
export async function listAllCarriers(
  { settings, keep, needed, unread, lists }: OptedInDeps,
  { cluster, signal }: ReadContext,
): Promise<{ readonly carriers: readonly Carrier[]; readonly isWhole: boolean }> {
  const ofAll = { ...settings, shard: { count: 1 } };
  const carriers: Carrier[] = [];
  const note: Keep = (kind, object) => {
    const workload = keep(kind, object);
    if (workload !== undefined) carriers.push(carrierOf(workload));
    return undefined;
  };
  const deps = { cluster, lists, signal };
  const { problems } = await listWorkloads(ofAll, { keep: note, ...needed }, deps);
  return { carriers, isWhole: problems.length === 0 && unread.size === 0 };
}

/**
 * An error of our own code on one workload must not prevent the handling of the other workloads.
 */
export function unexpected(error: unknown): Said {
  return { reason: 'Failed', sentence: `it could not be handled: ${describeError(error)}` };
}
