import { createHash } from 'node:crypto';
import type { PodTemplate, WorkloadObject } from '../../kubernetes/objects.ts';
import type { WorkloadKind } from '../workload.ts';

/** What the object of a workload says about its rollout, for checking its Pods. */
export interface Rollout {
  /** `templateDigest` of its pod template. */
  readonly template: string;
  /** Whether its controller has observed its current spec. */
  readonly observed: boolean;
  /** Whether its spec was never changed, so that its Pods cannot have another template. */
  readonly neverChanged: boolean;
  /** When the pod template was last written, RFC 3339; undefined if managedFields do not say. */
  readonly templateWrittenAt: string | undefined;
  /** Whether the controller of a Deployment has exceeded its progress deadline. */
  readonly deadlineExceeded: boolean;
  /** Whether its spec keeps some Pods on an earlier template. */
  readonly partial: boolean;
  /** Only for a StatefulSet: the label of the Pods with the current template. */
  readonly updateRevision: string | undefined;
  /**
   * Only for a DaemonSet: like `updateRevision`, but a counter; a template that was undone gets
   * another one.
   */
  readonly generation: string | undefined;
  /**
   * Only for a StatefulSet or DaemonSet: whether all of its Pods have the current template,
   * according to its status.
   */
  readonly complete: boolean;
}

const generationAnnotation = 'deprecated.daemonset.template.generation';

export function rolloutOf(kind: WorkloadKind, object: WorkloadObject): Rollout {
  const { metadata, spec, status } = object;
  const generation = metadata?.generation ?? 0;
  return {
    template: templateDigest(spec?.template),
    observed: (status?.observedGeneration ?? 0) >= generation,
    neverChanged: generation <= 1,
    templateWrittenAt: templateWrittenAt(object),
    deadlineExceeded:
      status?.conditions?.some(
        (each) => each.type === 'Progressing' && each.reason === 'ProgressDeadlineExceeded',
      ) === true,
    partial: (spec?.updateStrategy?.rollingUpdate?.partition ?? 0) > 0,
    updateRevision: status?.updateRevision ?? undefined,
    generation: metadata?.annotations?.[generationAnnotation],
    complete: kind === 'DaemonSet' ? isScheduled(object) : isUpdated(object),
  };
}

function isUpdated({ status }: WorkloadObject): boolean {
  return status?.currentRevision != null && status.currentRevision === status.updateRevision;
}

function isScheduled({ status }: WorkloadObject): boolean {
  const desired = status?.desiredNumberScheduled ?? 0;
  return (
    (status?.updatedNumberScheduled ?? 0) === desired &&
    (status?.currentNumberScheduled ?? 0) === desired &&
    (status?.numberMisscheduled ?? 0) === 0
  );
}

function templateWrittenAt({ metadata }: WorkloadObject): string | undefined {
  const times = (metadata?.managedFields ?? []).flatMap(({ time, fieldsV1 }) =>
    time && fieldsV1?.['f:spec']?.['f:template'] !== undefined ? [time] : [],
  );
  return times.sort().at(-1);
}

/** The controller of a Deployment adds it to the template of its ReplicaSet. */
const addedByController = 'pod-template-hash';

/**
 * Equal for two pod templates that start the same Pods, for example those of a Deployment and its
 * ReplicaSet.
 */
export function templateDigest(template: PodTemplate | null | undefined): string {
  const { metadata, ...rest } = template ?? {};
  const { [addedByController]: _, ...labels } = metadata?.labels ?? {};
  const compared = { ...rest, metadata: { ...metadata, labels } };
  return shortHash(JSON.stringify(sorted(compared)));
}

/** Binds a record to this workload and this template. */
export function bindingOf(uid: string, { template }: Pick<Rollout, 'template'>): string {
  return shortHash(`${uid}\n${template}`);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** With the members of every object in one order, and without empty ones. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([, member]) => member !== null && member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
