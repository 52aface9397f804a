import { createHash } from 'node:crypto';
import {
  isDeadlineExceeded,
  isObserved,
  labelsOfControllers,
  type NewestTemplate,
  podTemplateOf,
  type WorkloadKind,
  workloadEntry,
  writesPodTemplate,
} from '../../kubernetes/kinds.ts';
import type { PodTemplate, WorkloadObject } from '../../kubernetes/objects.ts';
import { sortedMembers } from '../../text/sorted-members.ts';
import type { Runner } from '../template-user.ts';

/** The state of a rollout according to the workload alone. It shows which Pods are current. */
export interface Rollout extends NewestTemplate {
  /** The `templateDigest` of the workload's pod template. */
  readonly template: string;
  /**
   * Whether the spec of the workload has never been changed: there is no other template that Pods
   * could have.
   */
  readonly neverChanged: boolean;
  /**
   * The time at which the pod template was last written, RFC 3339; undefined if managedFields do
   * not contain it.
   */
  readonly templateWrittenAt: string | undefined;
  /** Whether the controller of a Deployment has exceeded its progress deadline. */
  readonly deadlineExceeded: boolean;
  /** Whether the spec of the workload keeps some Pods on an earlier template. */
  readonly partial: boolean;
}

const generationAnnotation = 'deprecated.daemonset.template.generation';

/** @param runner the workload whose status reports the rollout: see template-user.ts */
export function rolloutOf(
  kind: WorkloadKind,
  object: WorkloadObject,
  runner: Runner = { kind, object },
): Rollout {
  const { metadata } = object;
  const { spec, status } = runner.object;
  const { rollout, pods } = workloadEntry(runner.kind);
  const generation = metadata?.generation ?? 0;
  return {
    template: templateDigest(podTemplateOf(workloadEntry(kind), object)),
    observed: isObserved(runner.object),
    neverChanged: generation <= 1,
    templateWrittenAt: templateWrittenAt(kind, object),
    deadlineExceeded: isDeadlineExceeded(runner.object),
    partial: rollout.keepsSomePods(spec ?? {}),
    updateRevision: status?.updateRevision ?? undefined,
    ...podHashOf(runner),
    generation: metadata?.annotations?.[generationAnnotation],
    complete: pods.controlledBy === 'workload' && pods.isComplete(status ?? {}),
  };
}

function podHashOf({ kind, object }: Runner): Pick<Rollout, 'podHash'> {
  const { pods } = workloadEntry(kind);
  if (pods.controlledBy !== 'revision' || pods.newest === undefined) return {};
  return { podHash: isObserved(object) ? pods.newest.hashOf(object.status ?? {}) : undefined };
}

function templateWrittenAt(kind: WorkloadKind, { metadata }: WorkloadObject): string | undefined {
  const times = (metadata?.managedFields ?? []).flatMap((entry) =>
    entry.time && writesPodTemplate(workloadEntry(kind), entry) ? [entry.time] : [],
  );
  return times.sort().at(-1);
}

/**
 * A digest that is equal for two pod templates that start the same Pods, for example the templates
 * of a Deployment and its ReplicaSet.
 */
export function templateDigest(template: PodTemplate | null | undefined): string {
  const { metadata, ...rest } = template ?? {};
  const labels = Object.fromEntries(
    Object.entries(metadata?.labels ?? {}).filter(([name]) => !labelsOfControllers.includes(name)),
  );
  const compared = { ...rest, metadata: { ...metadata, labels } };
  return shortHash(JSON.stringify(sortedMembers(compared)));
}

/** Binds a record to this workload and this template. */
export function bindingOf(uid: string, { template }: Pick<Rollout, 'template'>): string {
  return shortHash(`${uid}\n${template}`);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
