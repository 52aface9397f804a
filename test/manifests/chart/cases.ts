/** Values of the Helm chart, each with the kustomize overlay that must give the same objects and settings. */
import type { Fields } from '../../../tools/control-plane/api.ts';
import { ofUnknownKind } from '../admission-policies/unknown-kind.ts';
import { shardsFile } from '../kustomize.ts';

export type Case = {
  what: string;
  values: Fields;
  kinds: readonly ('CronJob' | 'Deployment')[];
  /** Names of the components of the overlay: folders in manifests/components. */
  components: readonly string[];
  /** The complete settings.yaml of the overlay. Default: the shipped one. */
  settings?: Fields;
  /** More files in the folder of the overlay. Each of them is also a resource of the overlay. */
  files?: Readonly<Record<string, string>>;
  /** More fields of the overlay. */
  overlay?: Fields;
};

const knownKinds = [
  ...['Deployment', 'Rollout.v1alpha1.argoproj.io', 'DeploymentConfig.v1.apps.openshift.io'],
  'Service.v1.serving.knative.dev',
];
const unknown = 'Widget.v1.example.com';

const both = ['CronJob', 'Deployment'] as const;

type Operation = { op: 'add' | 'replace' | 'remove' | 'test'; path: string; value?: unknown };

const patchOf = (target: Fields, ...operations: Operation[]): Fields => ({
  target,
  patch: JSON.stringify(operations),
});

const policyVariable = (policy: string, index: number, name: string, expression: string): Fields =>
  patchOf(
    { kind: 'ValidatingAdmissionPolicy', name: `wave-cron-${policy}` },
    { op: 'replace', path: `/spec/variables/${index}`, value: { name, expression } },
  );

const policyPrefix = (prefix: string): Fields =>
  policyVariable('workloads', 0, 'prefix', `'${prefix}'`);

const rule = (name: string, resource: string, verb: string): Fields =>
  patchOf(
    { kind: 'ClusterRole', name },
    {
      op: 'add',
      path: '/rules/-',
      value: { apiGroups: [''], resources: [resource], verbs: [verb] },
    },
  );

const wide = { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } };
const pod = { CronJob: '/spec/jobTemplate/spec/template', Deployment: '/spec/template' } as const;

/** A patch of the CronJob and a patch of the Deployment, with the same operations on the Pod template of each. */
const onPod = (...operations: Operation[]): Fields[] =>
  both.map((kind) =>
    patchOf({ kind }, ...operations.map((it) => ({ ...it, path: `${pod[kind]}${it.path}` }))),
  );

/**
 * The patch of the Deployment that the manifests need for another port in the setting `listen`. The chart
 * derives it.
 */
const portPatch = (port: number): Fields =>
  patchOf(
    { kind: 'Deployment' },
    {
      op: 'replace',
      path: `${pod.Deployment}/spec/containers/0/ports/0/containerPort`,
      value: port,
    },
    {
      op: 'replace',
      path: `${pod.Deployment}/metadata/annotations/prometheus.io~1port`,
      value: String(port),
    },
  );

/** The form adds these labels only to its own objects, and not to the objects of a component. */
const labelled = {
  labels: [
    {
      pairs: {
        'app.kubernetes.io/name': 'wave-cron',
        'app.kubernetes.io/part-of': 'wave-cron',
      },
    },
  ],
};

const windows = [
  { kind: 'allow', schedule: '0 22 * * 1-5', duration: '6h', timeZone: 'Europe/Berlin' },
  { kind: 'deny', schedule: '0 0 24 12 *', duration: '3d' },
];
const rollouts = {
  ...{ paused: '2026-12-27T08:00:00+01:00', windows, approval: 'required', settle: '30s' },
  ...{ cooldown: '10m', limit: { count: 5, period: '30m' }, progressDeadline: '15m' },
  ...{ waitSeconds: 60, onFailure: 'continue' },
};

const sinks = [
  { format: 'slack', urlFile: '/etc/wave-cron-notifications/slack', reasons: ['Paused'] },
];

/** Values of the setting `rollouts`, with a list, numbers and percentages. */
const rolloutCases: readonly Case[] = [
  { maxConcurrent: 5, maxConcurrentPerNamespace: 2 },
  { maxConcurrent: '25%', maxConcurrentPerNamespace: '10%' },
  { maxConcurrent: '7', paused: true, windows: [] },
].map((limits) => {
  const settings = { rollouts: { ...rollouts, ...limits } };
  const what = `rollouts with maxConcurrent ${JSON.stringify(limits.maxConcurrent)}`;
  return { what, kinds: both, values: { settings }, components: [], settings };
});

const rolloutsInOneNamespace: Case = {
  what: 'rollouts in one namespace',
  kinds: both,
  values: { namespaced: true, settings: { rollouts } },
  components: ['namespaced'],
  settings: { rollouts },
};

export const cases: readonly Case[] = [
  { what: 'no values but the image', kinds: both, values: {}, components: [] },
  {
    what: 'ownership switched off',
    kinds: both,
    // Helm reads the value `off` in a file as `false`.
    values: { settings: { ownership: false } },
    components: [],
    settings: { ownership: 'off' },
  },
  {
    what: 'rollout annotations of namespaces switched off',
    kinds: both,
    values: { settings: { rollouts: { namespaceAnnotations: false } } },
    components: [],
    settings: { rollouts: { namespaceAnnotations: 'off' } },
    // Without the annotations of namespaces, wave-cron needs no permission to read namespaces.
    overlay: {
      patches: [
        patchOf(
          { kind: 'ClusterRole', name: 'wave-cron' },
          { op: 'test', path: '/rules/2/resources/0', value: 'namespaces' },
          { op: 'remove', path: '/rules/2' },
        ),
      ],
    },
  },
  {
    what: 'kinds of other APIs that wave-cron knows',
    kinds: both,
    values: { settings: { kinds: knownKinds } },
    components: ['kinds/argo-rollouts', 'kinds/openshift', 'kinds/knative'],
    settings: { kinds: knownKinds },
  },
  {
    what: 'a kind of which wave-cron knows nothing',
    kinds: both,
    values: { settings: { kinds: ['Deployment', unknown] } },
    components: [],
    settings: { kinds: ['Deployment', unknown] },
    overlay: { patches: ofUnknownKind(unknown) },
  },
  ...rolloutCases,
  rolloutsInOneNamespace,
  {
    what: 'owner references',
    kinds: both,
    values: { settings: { ownership: 'references' } },
    components: ['ownership'],
    settings: { ownership: 'references' },
    overlay: labelled,
  },
  {
    what: 'owner references enforced',
    kinds: both,
    values: { settings: { ownership: 'finalizer' }, rbac: { ownershipEnforced: true } },
    components: ['ownership', 'ownership-enforced'],
    settings: { ownership: 'finalizer' },
    overlay: labelled,
  },
  {
    what: 'no admission policies',
    kinds: both,
    values: { admissionPolicies: { enabled: false } },
    components: ['no-admission-policies'],
  },
  {
    what: 'one namespace alone',
    kinds: both,
    values: { namespaced: true },
    components: ['namespaced'],
  },
  {
    what: 'one namespace alone, with the admission policies and the permission on Pods',
    kinds: both,
    values: {
      ...{ namespaced: true, admissionPolicies: { enabled: true }, rbac: { adoption: true } },
    },
    components: ['namespaced', 'admission-policies', 'adoption'],
    overlay: labelled,
  },
  {
    what: 'adoption without a restart',
    kinds: both,
    values: { settings: { adoption: 'if-changed' } },
    components: ['adoption'],
    settings: { adoption: 'if-changed' },
  },
  {
    what: 'workloads that their namespace opts in',
    kinds: both,
    values: { settings: { optIn: 'namespace' } },
    components: ['opt-in-namespace'],
    settings: { optIn: 'namespace' },
  },
  {
    what: 'all workloads opted in, those of kube-system too',
    kinds: both,
    values: { settings: { optIn: 'all', namespaces: ['kube-system', 'team-a'] } },
    components: ['opt-in-all'],
    settings: { optIn: 'all', namespaces: ['kube-system', 'team-a'] },
    overlay: { patches: [policyVariable('workloads', 3, 'leftAlone', '[]')] },
  },
  {
    what: 'another annotation prefix, and namespaces that are selected',
    kinds: both,
    values: {
      settings: { annotationPrefix: 'config.example.com', namespaceSelector: 'team=a' },
    },
    components: [],
    settings: { annotationPrefix: 'config.example.com', namespaceSelector: 'team=a' },
    overlay: {
      patches: [
        policyPrefix('config.example.com'),
        rule('wave-cron', 'namespaces', 'list'),
        patchOf(
          { kind: 'Deployment' },
          {
            op: 'replace',
            path: '/metadata/annotations',
            value: { 'config.example.com/update-on-config-change': 'false' },
          },
        ),
      ],
    },
  },
  {
    what: 'shards',
    kinds: ['CronJob'],
    values: { shards: 32 },
    components: ['sharded'],
    files: shardsFile(32),
  },
  {
    what: 'shards in one namespace alone',
    kinds: ['CronJob'],
    values: { shards: 32, namespaced: true },
    components: ['sharded', 'namespaced'],
    files: shardsFile(32),
  },
  {
    what: 'a schedule and longer passes',
    kinds: ['CronJob'],
    values: {
      ...{ schedule: '*/5 * * * *', timeZone: 'Europe/Berlin', cronJob: { suspend: true } },
      settings: { passTimeoutSeconds: 600, lease: { name: 'own', durationSeconds: 30 } },
    },
    components: [],
    settings: {
      ...{ passTimeoutSeconds: 600, timeZone: 'Europe/Berlin' },
      lease: { name: 'own', durationSeconds: 30 },
    },
    overlay: {
      patches: [
        patchOf(
          { kind: 'CronJob' },
          { op: 'replace', path: '/spec/schedule', value: '*/5 * * * *' },
          { op: 'replace', path: '/spec/timeZone', value: 'Europe/Berlin' },
          { op: 'add', path: '/spec/suspend', value: true },
          { op: 'replace', path: '/spec/jobTemplate/spec/activeDeadlineSeconds', value: 750 },
        ),
        patchOf(
          { kind: 'Role', name: 'wave-cron-lease' },
          { op: 'replace', path: '/rules/1/resourceNames', value: ['own'] },
        ),
        policyVariable('leases', 0, 'leaseName', "'own'"),
      ],
    },
  },
  {
    what: 'an interval, another port and two replicas',
    kinds: ['Deployment'],
    values: { replicas: 2, settings: { resyncInterval: '30s', listen: '0.0.0.0:9090' } },
    components: [],
    settings: { resyncInterval: '30s', listen: '0.0.0.0:9090' },
    overlay: {
      replicas: [{ name: 'wave-cron', count: 2 }],
      patches: [portPatch(9090)],
    },
  },
  {
    what: 'dashboard, alerts and their rule',
    kinds: both,
    values: {
      metrics: {
        dashboard: true,
        alerts: true,
        prometheusRule: { create: true, labels: { a: 'b' } },
      },
    },
    components: ['metrics', 'prometheus-rule'],
    overlay: {
      patches: [
        patchOf({ kind: 'PrometheusRule' }, { op: 'add', path: '/metadata/labels/a', value: 'b' }),
      ],
    },
  },
  {
    what: 'a monitor of its Pods',
    kinds: ['Deployment'],
    values: { metrics: { podMonitor: { create: true, labels: { a: 'b' } } } },
    components: ['pod-monitor'],
    overlay: {
      patches: [
        patchOf({ kind: 'PodMonitor' }, { op: 'add', path: '/metadata/labels/a', value: 'b' }),
      ],
    },
  },
  {
    what: 'triggers by HTTP',
    kinds: ['Deployment'],
    values: { triggers: { http: { tokenSecret: 'wave-cron-trigger' } } },
    components: ['http-trigger'],
  },
  {
    what: 'the files of notifications',
    kinds: both,
    values: {
      notifications: { secret: 'wave-cron-notifications' },
      settings: { notifications: sinks },
    },
    components: ['notifications'],
    settings: { notifications: sinks },
  },
  {
    what: 'a network policy',
    kinds: both,
    values: { networkPolicy: { enabled: true } },
    components: ['network-policy'],
  },
  {
    what: 'a network policy for one Prometheus, at another port',
    kinds: ['Deployment'],
    values: {
      networkPolicy: { enabled: true, from: [{ podSelector: { matchLabels: { app: 'p' } } }] },
      settings: { listen: ':9090' },
    },
    components: ['network-policy'],
    settings: { listen: ':9090' },
    overlay: {
      patches: [
        portPatch(9090),
        patchOf(
          { kind: 'NetworkPolicy' },
          {
            op: 'replace',
            path: '/spec/ingress/0/from',
            value: [{ podSelector: { matchLabels: { app: 'p' } } }],
          },
        ),
      ],
    },
  },
  {
    what: 'everything that can be said of a Pod',
    kinds: both,
    values: {
      resources: wide,
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'system-cluster-critical',
      imagePullSecrets: [{ name: 'registry' }],
      podLabels: { team: 'a' },
      podAnnotations: { note: 'b' },
      extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example.com' }],
      image: { repository: 'registry.example.com/wave-cron', tag: 'test', pullPolicy: 'Always' },
    },
    components: [],
    overlay: {
      patches: [
        ...onPod(
          { op: 'replace', path: '/spec/containers/0/resources', value: wide },
          { op: 'add', path: '/spec/containers/0/imagePullPolicy', value: 'Always' },
          {
            op: 'add',
            path: '/spec/containers/0/env/-',
            value: { name: 'HTTPS_PROXY', value: 'http://proxy.example.com' },
          },
          { op: 'add', path: '/spec/nodeSelector', value: { disk: 'ssd' } },
          { op: 'add', path: '/spec/tolerations', value: [{ key: 'a', operator: 'Exists' }] },
          { op: 'add', path: '/spec/affinity', value: { nodeAffinity: {} } },
          { op: 'add', path: '/spec/priorityClassName', value: 'system-cluster-critical' },
          { op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'registry' }] },
          { op: 'add', path: '/metadata/labels/team', value: 'a' },
        ),
        patchOf(
          { kind: 'CronJob' },
          { op: 'add', path: `${pod.CronJob}/metadata/annotations`, value: { note: 'b' } },
        ),
        patchOf(
          { kind: 'Deployment' },
          { op: 'add', path: `${pod.Deployment}/metadata/annotations/note`, value: 'b' },
        ),
      ],
    },
  },
];
