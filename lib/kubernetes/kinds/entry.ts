import type {
  Container,
  ItemsSelector,
  KeySelector,
  RevisionObject,
  RevisionTemplate,
  SourceSelector,
  Volume,
} from '../objects.ts';
import type { KindRollout, PodControl } from './rollout.ts';

/** Where the API serves objects of a kind. */
export interface ApiResource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  /** As in a path and in a rule of RBAC: `deployments`. */
  readonly plural: string;
}

/** What there is to know of a kind of workloads. */
export interface WorkloadKindEntry extends ApiResource {
  /**
   * Whether it is handled unless the setting `kinds` says otherwise. False for a kind that a cluster may
   * not have, or that the shipped roles do not include.
   */
  readonly isDefault: boolean;
  /** As kubectl has them, beside singular and plural: `deploy`. */
  readonly shortNames: readonly string[];
  readonly patchType: PatchType;
  /** Where the pod template is in an object: `['spec', 'template']`. */
  readonly podTemplatePath: readonly string[];
  readonly revisions: RevisionKind;
  readonly rollout: KindRollout;
  readonly pods: PodControl;
}

/** The media type of a patch. Custom resources take the second alone, which replaces lists as a whole. */
export type PatchType = 'application/strategic-merge-patch+json' | 'application/merge-patch+json';

/** The kind of the objects that keep the earlier pod templates of a workload. */
export interface RevisionKind extends ApiResource {
  readonly kind: string;
  template(object: RevisionObject): RevisionTemplate;
  number(object: RevisionObject): number;
  /** The numbers that it had before its template was gone back to, with commas; undefined: not kept. */
  earlierNumbers(object: RevisionObject): string | undefined;
  /** Whether `status.updateRevision` of the workload names the newest; else it has the highest number. */
  readonly isNamedByStatus: boolean;
}

/** What there is to know of a kind of sources. */
export interface SourceKindEntry extends ApiResource {
  /**
   * Whether its values are secret. No message of the API server about it is passed on that may quote one,
   * and no digest of it is written that was made without a key.
   */
  readonly isConfidential: boolean;
  /** A value of its `data` in base64. */
  base64Of(value: string): string;
  readonly selectors: SelectorsOfKind;
  /** The member of upstream Wave's hash that it stands in; undefined: Wave does not know the kind. */
  readonly waveMember: string | undefined;
}

type EnvSource = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;
type EnvFrom = NonNullable<Container['envFrom']>[number];
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type Maybe<T> = T | null | undefined;

/** How the places of a pod template name a source of one kind, each if it does. */
export interface SelectorsOfKind {
  env(valueFrom: EnvSource): Maybe<KeySelector>;
  envFrom(entry: EnvFrom): Maybe<SourceSelector>;
  volume(volume: Volume): Maybe<ItemsSelector>;
  projected(source: Projection): Maybe<ItemsSelector>;
}
