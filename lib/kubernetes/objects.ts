/**
 * The fields of API objects that wave-cron reads, as the API server sends them: any field can be
 * absent, or null if an old client wrote it.
 */

type Maybe<T> = T | null | undefined;

export interface ObjectMeta {
  readonly name?: Maybe<string>;
  readonly namespace?: Maybe<string>;
  readonly uid?: Maybe<string>;
  readonly resourceVersion?: Maybe<string>;
  readonly generation?: Maybe<number>;
  readonly creationTimestamp?: Maybe<string>;
  readonly deletionTimestamp?: Maybe<string>;
  readonly labels?: Maybe<Readonly<Record<string, string>>>;
  readonly annotations?: Maybe<Readonly<Record<string, string>>>;
  readonly finalizers?: Maybe<readonly string[]>;
  readonly ownerReferences?: Maybe<readonly OwnerReference[]>;
  readonly managedFields?: Maybe<readonly ManagedFields[]>;
}

export interface OwnerReference {
  readonly apiVersion?: Maybe<string>;
  readonly kind?: Maybe<string>;
  readonly name?: Maybe<string>;
  readonly uid?: Maybe<string>;
  readonly controller?: Maybe<boolean>;
  readonly blockOwnerDeletion?: Maybe<boolean>;
}

/** Which manager wrote which fields, and when. Only the needed fields have types. */
export interface ManagedFields {
  readonly manager?: Maybe<string>;
  readonly time?: Maybe<string>;
  readonly subresource?: Maybe<string>;
  readonly fieldsV1?: Maybe<{
    readonly 'f:data'?: Maybe<Readonly<Record<string, unknown>>>;
    readonly 'f:binaryData'?: Maybe<Readonly<Record<string, unknown>>>;
    readonly 'f:stringData'?: Maybe<Readonly<Record<string, unknown>>>;
    readonly 'f:spec'?: Maybe<Readonly<Record<string, unknown>>>;
    readonly 'f:metadata'?: Maybe<{
      readonly 'f:annotations'?: Maybe<Readonly<Record<string, unknown>>>;
      readonly 'f:ownerReferences'?: Maybe<Readonly<Record<string, unknown>>>;
    }>;
  }>;
}

export interface KeySelector {
  readonly name?: Maybe<string>;
  readonly key?: Maybe<string>;
  readonly optional?: Maybe<boolean>;
}

export interface SourceSelector {
  readonly name?: Maybe<string>;
  readonly optional?: Maybe<boolean>;
}

export interface ItemsSelector extends SourceSelector {
  readonly items?: Maybe<readonly { readonly key?: Maybe<string> }[]>;
}

export interface Container {
  readonly name?: Maybe<string>;
  readonly env?: Maybe<
    readonly {
      readonly name?: Maybe<string>;
      readonly valueFrom?: Maybe<{
        readonly configMapKeyRef?: Maybe<KeySelector>;
        readonly secretKeyRef?: Maybe<KeySelector>;
      }>;
    }[]
  >;
  readonly envFrom?: Maybe<
    readonly {
      readonly configMapRef?: Maybe<SourceSelector>;
      readonly secretRef?: Maybe<SourceSelector>;
    }[]
  >;
}

export interface Volume {
  readonly name?: Maybe<string>;
  readonly configMap?: Maybe<ItemsSelector>;
  /** A Secret volume has the name in `secretName`. All other references have it in `name`. */
  readonly secret?: Maybe<Omit<ItemsSelector, 'name'> & { readonly secretName?: Maybe<string> }>;
  readonly csi?: Maybe<{
    readonly driver?: Maybe<string>;
    readonly volumeAttributes?: Maybe<Readonly<Record<string, string>>>;
  }>;
  readonly projected?: Maybe<{
    readonly sources?: Maybe<
      readonly {
        readonly configMap?: Maybe<ItemsSelector>;
        readonly secret?: Maybe<ItemsSelector>;
      }[]
    >;
  }>;
}

export interface PodSpec {
  readonly schedulerName?: Maybe<string>;
  readonly containers?: Maybe<readonly Container[]>;
  readonly initContainers?: Maybe<readonly Container[]>;
  readonly volumes?: Maybe<readonly Volume[]>;
}

export interface WorkloadObject {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly spec?: Maybe<{
    readonly paused?: Maybe<boolean>;
    readonly selector?: Maybe<LabelSelector>;
    /** Only in a Rollout: the Deployment whose pod template the Rollout uses. */
    readonly workloadRef?: Maybe<{
      readonly apiVersion?: Maybe<string>;
      readonly kind?: Maybe<string>;
      readonly name?: Maybe<string>;
    }>;
    /** The strategy of a Rollout. Only in a Rollout. */
    readonly strategy?: Maybe<RolloutStrategy>;
    /** Only in a Rollout: its controller replaces the Pods that are older than this time (RFC 3339). */
    readonly restartAt?: Maybe<string>;
    /** Only in a DeploymentConfig: the events that start a rollout. */
    readonly triggers?: Maybe<readonly { readonly type?: Maybe<string> }[]>;
    /** Only in a Service of Knative: the revisions that get requests. */
    readonly traffic?: Maybe<
      readonly {
        readonly revisionName?: Maybe<string>;
        readonly latestRevision?: Maybe<boolean>;
        readonly percent?: Maybe<number>;
      }[]
    >;
    readonly replicas?: Maybe<number>;
    readonly progressDeadlineSeconds?: Maybe<number>;
    readonly podManagementPolicy?: Maybe<string>;
    /** Only in a StatefulSet: the number of its first Pod. */
    readonly ordinals?: Maybe<{ readonly start?: Maybe<number> }>;
    readonly updateStrategy?: Maybe<{
      readonly type?: Maybe<string>;
      /** Only in a CloneSet, as is `partition` below, which may be a percentage. */
      readonly paused?: Maybe<boolean>;
      readonly partition?: Maybe<number | string>;
      readonly rollingUpdate?: Maybe<{
        readonly partition?: Maybe<number>;
        /** Only in a StatefulSet of OpenKruise, as is `podUpdatePolicy` below. */
        readonly paused?: Maybe<boolean>;
        readonly podUpdatePolicy?: Maybe<string>;
        readonly maxUnavailable?: Maybe<number | string>;
        readonly maxSurge?: Maybe<number | string>;
      }>;
    }>;
    readonly template?: Maybe<PodTemplate>;
  }>;
  readonly status?: Maybe<{
    /** The observed generation. In a Rollout, this is a text. */
    readonly observedGeneration?: Maybe<number | string>;
    readonly replicas?: Maybe<number>;
    readonly updatedReplicas?: Maybe<number>;
    readonly availableReplicas?: Maybe<number>;
    readonly currentRevision?: Maybe<string>;
    readonly updateRevision?: Maybe<string>;
    readonly desiredNumberScheduled?: Maybe<number>;
    readonly updatedNumberScheduled?: Maybe<number>;
    readonly currentNumberScheduled?: Maybe<number>;
    readonly numberMisscheduled?: Maybe<number>;
    readonly numberAvailable?: Maybe<number>;
    readonly conditions?: Maybe<readonly Condition[]>;
    /** Only in a Rollout, as are all fields from here to `workloadObservedGeneration`. */
    readonly phase?: Maybe<string>;
    readonly message?: Maybe<string>;
    readonly abort?: Maybe<boolean>;
    readonly abortedAt?: Maybe<string>;
    /** The last `restartAt` for which all Pods were replaced. */
    readonly restartedAt?: Maybe<string>;
    readonly pauseConditions?: Maybe<readonly { readonly reason?: Maybe<string> }[]>;
    readonly currentStepIndex?: Maybe<number>;
    readonly currentPodHash?: Maybe<string>;
    readonly stableRS?: Maybe<string>;
    /** The observed generation of the Deployment whose pod template the Rollout uses, as a text. */
    readonly workloadObservedGeneration?: Maybe<string>;
    /** Only in a Service of Knative, as is the next field. */
    readonly latestCreatedRevisionName?: Maybe<string>;
    readonly latestReadyRevisionName?: Maybe<string>;
  }>;
}

/** How a Rollout replaces its Pods. */
export interface RolloutStrategy {
  readonly blueGreen?: Maybe<{ readonly autoPromotionEnabled?: Maybe<boolean> }>;
  readonly canary?: Maybe<{
    readonly steps?: Maybe<
      readonly { readonly pause?: Maybe<{ readonly duration?: Maybe<number | string> }> }[]
    >;
  }>;
}

export interface Condition {
  readonly type?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly reason?: Maybe<string>;
  readonly message?: Maybe<string>;
  /** RFC 3339. */
  readonly lastTransitionTime?: Maybe<string>;
}

export interface PodTemplate {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly spec?: Maybe<PodSpec>;
}

export interface LabelSelector {
  readonly matchLabels?: Maybe<Readonly<Record<string, string>>>;
  readonly matchExpressions?: Maybe<
    readonly {
      readonly key?: Maybe<string>;
      readonly operator?: Maybe<string>;
      readonly values?: Maybe<readonly string[]>;
    }[]
  >;
}

export interface PodObject {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly spec?: Maybe<{ readonly nodeName?: Maybe<string> }>;
  readonly status?: Maybe<{
    readonly phase?: Maybe<string>;
    readonly startTime?: Maybe<string>;
    readonly conditions?: Maybe<readonly Condition[]>;
    readonly containerStatuses?: Maybe<
      readonly {
        readonly state?: Maybe<{
          readonly waiting?: Maybe<{ readonly reason?: Maybe<string> }>;
        }>;
      }[]
    >;
  }>;
}

export interface ReplicaSetObject {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly spec?: Maybe<{
    readonly replicas?: Maybe<number>;
    readonly template?: Maybe<PodTemplate>;
  }>;
}

/** The pod template in a revision. */
export interface RevisionTemplate {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly spec?: unknown;
}

/** A ReplicaSet, or a ControllerRevision. */
export interface RevisionObject {
  readonly metadata?: Maybe<ObjectMeta>;
  /** Only in a ControllerRevision. */
  readonly revision?: Maybe<number>;
  /** Only in a ReplicaSet. */
  readonly spec?: ReplicaSetObject['spec'];
  /** Only in a ControllerRevision. */
  readonly data?: Maybe<{ readonly spec?: Maybe<{ readonly template?: Maybe<RevisionTemplate> }> }>;
}

export interface SourceObject {
  readonly metadata?: Maybe<ObjectMeta>;
  /** Text in a ConfigMap, base64 in a Secret. */
  readonly data?: Maybe<Readonly<Record<string, string>>>;
  /** Base64. ConfigMaps only. */
  readonly binaryData?: Maybe<Readonly<Record<string, string>>>;
  readonly immutable?: Maybe<boolean>;
  /** Only in a SecretProviderClass. */
  readonly spec?: Maybe<Readonly<Record<string, unknown>>>;
}

/** A SecretProviderClassPodStatus. The driver writes it, with the Pod as its owner. */
export interface MountStatusObject {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly status?: Maybe<{
    readonly secretProviderClassName?: Maybe<string>;
    readonly mounted?: Maybe<boolean>;
    readonly objects?: Maybe<
      readonly { readonly id?: Maybe<string>; readonly version?: Maybe<string> }[]
    >;
  }>;
}
