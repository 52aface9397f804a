import type {
  Container,
  ItemsSelector,
  KeySelector,
  RevisionObject,
  RevisionTemplate,
  SourceSelector,
  Volume,
  WorkloadObject,
} from '../objects.ts';
import type { KindRollout, PodControl } from './rollout.ts';

/** The group, version and plural under which the API serves objects of a kind. */
export interface ApiResource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  /** The name in paths and RBAC rules: `deployments`. */
  readonly plural: string;
}

/** Everything that is specific to a workload kind. */
export interface WorkloadKindEntry extends ApiResource {
  /** The kind in an object: `Rollout`. Two kinds of different groups may have the same name. */
  readonly kind: string;
  /**
   * Whether the kind is handled by default (setting `kinds`). False for a kind that a cluster may
   * not have, or that the shipped roles do not include.
   */
  readonly isDefault: boolean;
  /** The short names of kubectl, in addition to singular and plural: `deploy`. */
  readonly shortNames: readonly string[];
  readonly patchType: PatchType;
  /** The path of the pod template in an object: `['spec', 'template']`. */
  readonly podTemplatePath: readonly string[];
  /**
   * The kind of the objects that keep earlier pod templates; undefined if no objects keep them, or
   * if the workload kind is unknown.
   */
  readonly revisions: RevisionKind | undefined;
  readonly rollout: KindRollout;
  readonly pods: PodControl;
  /**
   * Why a changed annotation of its pod template would not restart its Pods, as a sentence that includes the
   * remedy. Undefined if it would restart them.
   */
  whyNotRestarted?(object: WorkloadObject): string | undefined;
  /**
   * The fields of a patch after which the controller restarts all Pods that are older than `at` (RFC 3339),
   * without a new pod template. Absent: the controller cannot do that.
   */
  restartPatch?(at: string): object;
  /**
   * The owner of the pod template that this object uses, in the same namespace: see lib/rules/template-user.ts.
   * Undefined if the object has its own template. Absent: objects of this kind always have their own.
   */
  templateOwner?(object: WorkloadObject): TemplateOwner | undefined;
  /** A copy of a template user with only the fields that `rollout` reads, to save memory. */
  withoutTheRest?(object: WorkloadObject): WorkloadObject;
}

export interface TemplateOwner {
  readonly kind: 'Deployment';
  readonly name: string;
}

/**
 * The media type of a patch. Custom resources support only the second one, which replaces complete
 * lists.
 */
export type PatchType = 'application/strategic-merge-patch+json' | 'application/merge-patch+json';

/** The kind of the objects that keep the earlier pod templates of a workload. */
export interface RevisionKind extends ApiResource {
  readonly kind: string;
  template(object: RevisionObject): RevisionTemplate;
  number(object: RevisionObject): number;
  /**
   * The numbers that the revision had before rollbacks to it, separated by commas; undefined if the
   * kind does not keep them.
   */
  earlierNumbers(object: RevisionObject): string | undefined;
  /**
   * Whether `status.updateRevision` of the workload names the newest revision. Otherwise, the newest revision
   * is the one with the highest number.
   */
  readonly isNamedByStatus: boolean;
}

/** Everything that is specific to a source kind. */
export interface SourceKindEntry extends ApiResource {
  /**
   * Whether the values of the source are secret. If so, messages of the API server that may quote a
   * value are redacted, and no digest of its values without a key is written.
   */
  readonly isConfidential: boolean;
  /** Returns a value of the source's `data` in base64. */
  base64Of(value: string): string;
  readonly selectors: SelectorsOfKind;
  /**
   * The member of upstream Wave's hash that contains this kind; undefined if Wave does not support
   * the kind.
   */
  readonly waveMember: string | undefined;
}

type EnvSource = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;
type EnvFrom = NonNullable<Container['envFrom']>[number];
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type Maybe<T> = T | null | undefined;

/**
 * Functions that return the reference to a source of one kind from each place in a pod template, if
 * there is one.
 */
export interface SelectorsOfKind {
  env(valueFrom: EnvSource): Maybe<KeySelector>;
  envFrom(entry: EnvFrom): Maybe<SourceSelector>;
  volume(volume: Volume): Maybe<ItemsSelector>;
  projected(source: Projection): Maybe<ItemsSelector>;
}
