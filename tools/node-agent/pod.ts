/** The fields of a Pod that the node agent reads and writes, as in the API. */
import type { KubernetesObject, Metadata } from '../control-plane/api.ts';

export type Pod = Omit<KubernetesObject, 'metadata' | 'spec' | 'status'> & {
  metadata: PodMetadata;
  spec: PodSpec;
  status?: PodStatus;
};

export type PodMetadata = Metadata & {
  namespace: string;
  uid: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
};

export type PodSpec = {
  nodeName?: string;
  schedulingGates?: unknown[];
  affinity?: { nodeAffinity?: NodeAffinity };
  serviceAccountName?: string;
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  activeDeadlineSeconds?: number;
  terminationGracePeriodSeconds?: number;
  hostname?: string;
  securityContext?: PodSecurityContext;
  volumes?: Volume[];
  initContainers?: Container[];
  containers: Container[];
  [field: string]: unknown;
};

export type NodeAffinity = {
  requiredDuringSchedulingIgnoredDuringExecution?: {
    nodeSelectorTerms: { matchFields?: { key: string; values?: string[] }[] }[];
  };
};

export type PodSecurityContext = {
  runAsUser?: number;
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  fsGroup?: number;
  supplementalGroups?: number[];
};

export type Container = {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: EnvVariable[];
  envFrom?: EnvFrom[];
  volumeMounts?: VolumeMount[];
  resources?: Resources;
  securityContext?: ContainerSecurityContext;
  terminationMessagePath?: string;
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError';
  ports?: { name?: string; containerPort: number }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  [field: string]: unknown;
};

export type ContainerSecurityContext = {
  runAsUser?: number;
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  readOnlyRootFilesystem?: boolean;
  allowPrivilegeEscalation?: boolean;
  privileged?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
};

export type Resources = { limits?: Record<string, string>; requests?: Record<string, string> };

export type KeyReference = { name: string; key: string; optional?: boolean };
export type SourceReference = { name: string; optional?: boolean };
export type FieldReference = { fieldPath: string };
export type ResourceReference = { resource: string; containerName?: string; divisor?: string };

export type EnvVariable = {
  name: string;
  value?: string;
  valueFrom?: {
    fieldRef?: FieldReference;
    resourceFieldRef?: ResourceReference;
    configMapKeyRef?: KeyReference;
    secretKeyRef?: KeyReference;
  };
};

export type EnvFrom = {
  prefix?: string;
  configMapRef?: SourceReference;
  secretRef?: SourceReference;
};

export type VolumeMount = {
  name: string;
  mountPath: string;
  subPath?: string;
  readOnly?: boolean;
};

export type KeyToPath = { key: string; path: string; mode?: number };

export type DownwardFile = {
  path: string;
  mode?: number;
  fieldRef?: FieldReference;
  resourceFieldRef?: ResourceReference;
};

export type TokenProjection = { path: string; audience?: string; expirationSeconds?: number };

export type Projection = {
  configMap?: SourceReference & { items?: KeyToPath[] };
  secret?: SourceReference & { items?: KeyToPath[] };
  downwardAPI?: { items?: DownwardFile[] };
  serviceAccountToken?: TokenProjection;
};

export type Volume = {
  name: string;
  emptyDir?: object;
  configMap?: SourceReference & { items?: KeyToPath[]; defaultMode?: number };
  secret?: {
    secretName: string;
    optional?: boolean;
    items?: KeyToPath[];
    defaultMode?: number;
  };
  downwardAPI?: { items?: DownwardFile[]; defaultMode?: number };
  projected?: { sources: Projection[]; defaultMode?: number };
};

export type Probe = {
  httpGet?: {
    path?: string;
    port: number | string;
    host?: string;
    scheme?: 'HTTP' | 'HTTPS';
    httpHeaders?: { name: string; value: string }[];
  };
  exec?: { command: string[] };
  tcpSocket?: { port: number | string; host?: string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
  [field: string]: unknown;
};

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export type PodStatus = {
  phase?: Phase;
  reason?: string;
  message?: string;
  conditions?: Condition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
  podIP?: string;
  podIPs?: { ip: string }[];
  hostIP?: string;
  hostIPs?: { ip: string }[];
  startTime?: string;
  qosClass?: string;
};

export type Condition = {
  type: string;
  status: 'True' | 'False';
  lastTransitionTime: string | null;
  reason?: string;
  message?: string;
};

export type Terminated = {
  exitCode: number;
  reason: string;
  message?: string;
  startedAt: string;
  finishedAt: string;
  containerID: string;
};

/** A state has exactly one of the three fields. */
export type ContainerState =
  | { waiting: { reason: string; message?: string } }
  | { running: { startedAt: string } }
  | { terminated: Terminated };

export type ContainerStatus = {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState | Record<string, never>;
};

/** A time in RFC 3339 with whole seconds, as Kubernetes writes it. */
export const timestamp = (date = new Date()): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
