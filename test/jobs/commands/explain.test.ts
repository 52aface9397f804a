import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, suite, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { shardOf } from '../../../lib/rules/shards.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  using,
  type Workload,
} from '../../../tools/control-plane/objects.ts';
import {
  type Rule,
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  getting,
  hashAnnotation,
  optedIn,
  permissionsOnWorkloads,
  prefix,
  requestsIn,
  runPass,
  sourcesAnnotation,
  writeVerbs,
} from '../../handler/run-pass.ts';
import type { Flags } from '../run-check.ts';
import { runExplain } from '../run-explain.ts';
import { runProgram } from '../run-program.ts';

const { api, cluster } = testCluster();

/** A value that must never be printed, in any encoding. */
const planted = 'planted-value-of-a-secret';

const optIn = `${prefix}/update-on-config-change`;

const pod = using(
  { configMap: 'settings' },
  { secret: 'credentials', key: 'password', as: 'PASSWORD' },
);

/** Deployment web, which uses ConfigMap settings and a key of Secret credentials. */
const web = (namespace: string, more: Partial<Workload> = {}) =>
  deployment({ namespace, name: 'web', annotations: optedIn, pod, ...more });

const sources = async (namespace: string): Promise<void> => {
  await api.create(configMap({ namespace, name: 'settings', data: { level: planted } }));
  await api.create(secret({ namespace, name: 'credentials', data: { password: planted } }));
};

const shop = async (namespace: string, more: Partial<Workload> = {}): Promise<void> => {
  await sources(namespace);
  await api.create(web(namespace, more));
};

/** Like `shop`, and then runs a pass. */
const passed = async (namespace: string, more: Partial<Workload> = {}): Promise<void> => {
  await shop(namespace, more);
  await runPass(namespace);
  await rollouts('Deployment', namespace, 'web');
};

const change = (namespace: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: `${planted}-changed` } });

/** Removes the hash, like a tool that replaces the live template with its own. */
const takeOff = (namespace: string) => {
  const annotations = { [hashAnnotation]: null, [sourcesAnnotation]: null };
  const spec = { template: { metadata: { annotations } } };
  return api.patch(path('Deployment', namespace, 'web'), { spec }, 'merge');
};

const stranger = 'example.com/hold';
const letGo = (namespace: string) =>
  api.patch(path('Deployment', namespace, 'web'), { metadata: { finalizers: null } }, 'merge');

/** Permissions of a person who may read workloads and their ReplicaSets. */
const looking: readonly Rule[] = [
  ...permissionsOnWorkloads,
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['list'] },
];

/** The kubeconfig of a cluster at a port without a server. */
const nowhere = join(mkdtempSync(join(tmpdir(), 'wave-cron-nowhere-')), 'kubeconfig');
writeFileSync(
  nowhere,
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'a' },
    clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'a', user: {} }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  }),
);
after(() => rmSync(dirname(nowhere), { recursive: true }));

type Situation = {
  /** A sentence about the state of the workload. */
  name: string;
  prepare: (namespace: string, t: TestContext) => Promise<unknown>;
  /** Permissions of the caller in the namespace. Default: all. */
  permissions?: readonly Rule[];
  flags?: (namespace: string) => Flags;
  workload?: string;
  /** The namespace or the kubeconfig for the command, if they are not the usual ones. */
  asked?: { readonly namespace?: string; readonly kubeconfig?: string };
  status?: number;
  /** Each must match the text output. */
  text: readonly (RegExp | ((namespace: string) => RegExp))[];
  /** Must be part of the JSON output. Undefined if the command ends with an error. */
  json?: (namespace: string) => object;
};

const situations: readonly Situation[] = [
  {
    name: 'it is not opted in',
    prepare: (namespace) => shop(namespace, { annotations: {} }),
    text: [
      /^Opted in +NO: it has no annotation wave\.pusher\.com\/update-on-config-change: "true"$/m,
      /^Next pass +nothing: it has no annotation/m,
      /^ +ConfigMap\/settings +present +required +all /m,
    ],
    json: () => ({
      optedIn: { yes: false },
      nextPass: { reason: null, wouldRestart: false, certain: true },
      hash: { recorded: null },
    }),
  },
  {
    name: 'the annotation has a wrong value',
    prepare: (namespace) => shop(namespace, { annotations: { [optIn]: 'True' } }),
    text: [
      /^Opted in +NO: annotation \S+ is "True": it must be "true" or "false"$/m,
      /^Next pass +InvalidAnnotation: /m,
    ],
    json: () => ({
      optedIn: { yes: false },
      nextPass: { reason: 'InvalidAnnotation', wouldRestart: false },
    }),
  },
  {
    name: 'the annotation is on the pod template',
    prepare: (namespace) => shop(namespace, { annotations: {}, podAnnotations: optedIn }),
    text: [
      /annotation \S+\/update-on-config-change is on the pod template, where it has no effect: move it to metadata.annotations of the Deployment/,
    ],
    json: () => ({ optedIn: { yes: false }, nextPass: { reason: null } }),
  },
  {
    name: 'the annotation is misspelled',
    prepare: (namespace) =>
      shop(namespace, { annotations: { [`${prefix}/update-on-config-changes`]: 'true' } }),
    text: [/annotation "wave\.pusher\.com\/update-on-config-changes" looks similar, but the name/],
    json: () => ({ optedIn: { yes: false } }),
  },
  {
    name: 'a label opts it in instead of an annotation',
    prepare: (namespace) => shop(namespace, { annotations: {}, labels: optedIn }),
    text: [/label wave\.pusher\.com\/update-on-config-change has no effect/],
    json: () => ({ optedIn: { yes: false } }),
  },
  {
    name: 'it has an annotation of Reloader, which does not count',
    prepare: (namespace) =>
      shop(namespace, { annotations: { 'reloader.stakater.com/auto': 'true' } }),
    text: [
      /annotation "reloader\.stakater\.com\/auto" has an effect only if the setting compatibility includes/,
    ],
    json: () => ({ optedIn: { yes: false }, nextPass: { reason: null } }),
  },
  {
    name: 'annotations of Reloader opt it in, for some of its sources',
    prepare: (namespace) =>
      shop(namespace, {
        annotations: {
          'configmap.reloader.stakater.com/reload': 'settings,elsewhere',
        },
      }),
    flags: () => ({ compatibility: 'reloader' }),
    text: [
      /^Opted in +yes: annotations of Reloader opt it in, with the setting compatibility$/m,
      /^ +ConfigMap\/elsewhere +ABSENT +optional +all .*annotation configmap\.reloader\.stakater\.com\/reload/m,
      /^ +ConfigMap\/settings +present +required +all /m,
      /^ +Secret\/credentials +ignored .*the annotations that opt the workload in exclude it$/m,
    ],
    json: () => ({
      optedIn: { yes: true },
      nextPass: {
        reason: 'FirstSeen',
        changed: ['ConfigMap/elsewhere', 'ConfigMap/settings'],
      },
    }),
  },
  {
    name: 'its namespace is excluded by name',
    prepare: (namespace) => shop(namespace),
    flags: (namespace) => ({ ignoreNamespaces: namespace }),
    text: [
      (namespace) =>
        new RegExp(`^In scope +NO: setting ignoreNamespaces includes ${namespace}$`, 'm'),
      /^Next pass +nothing: setting ignoreNamespaces/m,
    ],
    json: (namespace) => ({
      optedIn: { yes: true },
      inScope: { yes: false },
      nextPass: { reason: null },
      blockers: [`setting ignoreNamespaces includes ${namespace}`],
    }),
  },
  {
    name: 'its namespace is not in the setting namespaces',
    prepare: (namespace) => shop(namespace),
    flags: () => ({ namespaces: 'team-a,team-b' }),
    text: [
      (namespace) =>
        new RegExp(`setting namespaces is team-a, team-b, which does not include ${namespace}`),
    ],
    json: () => ({ inScope: { yes: false }, nextPass: { reason: null } }),
  },
  {
    name: 'its namespace does not match the selector',
    prepare: (namespace) => shop(namespace),
    flags: () => ({ namespaceSelector: 'team=a' }),
    text: [/^In scope +NO: namespace \S+ does not match setting namespaceSelector, team=a$/m],
    json: () => ({ inScope: { yes: false }, nextPass: { reason: null } }),
  },
  {
    name: 'its labels do not match the selector',
    prepare: (namespace) => shop(namespace, { labels: { team: 'b' } }),
    flags: () => ({ workloadSelector: 'team in (a)' }),
    text: [/^In scope +NO: its labels do not match setting workloadSelector, team in \(a\)$/m],
    json: () => ({ inScope: { yes: false }, nextPass: { reason: null } }),
  },
  {
    name: 'its labels match the selector',
    prepare: (namespace) => shop(namespace, { labels: { team: 'a' } }),
    flags: () => ({ workloadSelector: 'team in (a)' }),
    text: [/^In scope +yes/m, /^Blockers +none$/m],
    json: () => ({ inScope: { yes: true }, nextPass: { reason: 'FirstSeen' }, blockers: [] }),
  },
  {
    name: 'its kind is excluded',
    prepare: (namespace) => shop(namespace),
    flags: () => ({ kinds: 'StatefulSet,DaemonSet' }),
    text: [
      /^In scope +NO: setting kinds is StatefulSet, DaemonSet, which does not include Deployment$/m,
    ],
    json: () => ({ inScope: { yes: false }, nextPass: { reason: null } }),
  },
  {
    name: 'a required source is missing',
    prepare: async (namespace) => {
      await shop(namespace);
      await api.delete(path('ConfigMap', namespace, 'settings'));
    },
    text: [
      /^Next pass +MissingSource: ConfigMap\/settings does not exist$/m,
      /^Blockers +ConfigMap\/settings does not exist$/m,
      /^ +ConfigMap\/settings +ABSENT +required /m,
    ],
    json: () => ({
      hash: { now: null },
      nextPass: { reason: 'MissingSource', wouldRestart: false },
      blockers: ['ConfigMap/settings does not exist'],
    }),
  },
  {
    name: 'a required source went missing after it was seen',
    prepare: async (namespace) => {
      await passed(namespace);
      await api.delete(path('Secret', namespace, 'credentials'));
    },
    text: [/Secret\/credentials no longer exists/],
    json: () => ({
      hash: { differences: [{ source: 'Secret/credentials', how: 'no longer exists' }] },
    }),
  },
  {
    name: 'a required key is missing',
    prepare: async (namespace) => {
      await shop(namespace);
      const data = { password: null, other: Buffer.from(planted).toString('base64') };
      await api.patch(path('Secret', namespace, 'credentials'), { data }, 'merge');
    },
    text: [
      /^Blockers +Secret\/credentials has no key "password"$/m,
      /^ +Secret\/credentials +KEY ABSENT +required +password /m,
    ],
    json: () => ({
      nextPass: { reason: 'MissingSource' },
      blockers: ['Secret/credentials has no key "password"'],
    }),
  },
  {
    name: 'an optional source is absent',
    prepare: async (namespace) => {
      const volumes = [{ name: 'extra', configMap: { name: 'later', optional: true } }];
      await passed(namespace, { pod: { ...pod, volumes } });
    },
    text: [
      /^Next pass +UpToDate: /m,
      /^ +ConfigMap\/later +ABSENT +optional +all +same +volumes\[extra\] +the Pods start without it$/m,
    ],
    json: () => ({ nextPass: { reason: 'UpToDate' }, blockers: [] }),
  },
  {
    name: 'the caller may not read a source',
    prepare: (namespace) => passed(namespace),
    permissions: [...looking, getting('configmaps')],
    text: [
      /^Next pass +unknown: a source could not be read with your permissions/m,
      /^Blockers +Secret\/credentials could not be read$/m,
      /^ +ConfigMap\/settings +present +required +all +\S+ +same /m,
      /^ +Secret\/credentials +NOT READ +required +password .*see below$/m,
      /^ +Secret\/credentials: secrets "credentials" is forbidden: /m,
    ],
    json: () => ({
      hash: { now: null, differences: [] },
      nextPass: { reason: 'UnreadableSource', certain: false, wouldRestart: false },
      lease: { state: 'unknown' },
      events: null,
    }),
  },
  {
    name: 'it is up to date',
    prepare: (namespace) => passed(namespace),
    text: [
      /^Next pass +UpToDate: the template carries the hash of the current configuration$/m,
      /^Hash +[0-9a-f]{12} on the template and now$/m,
      /^Blockers +none$/m,
      /^ +2 \(current\) .*the hash was first written$/m,
      /^ +\S+ +Normal +FirstSeen +1 +first seen, 2 sources/m,
    ],
    json: () => ({
      optedIn: { yes: true },
      inScope: { yes: true },
      hash: { recordedOn: 'template', differences: [] },
      nextPass: { reason: 'UpToDate', wouldRestart: false, certain: true, changed: [] },
      notRead: [],
    }),
  },
  {
    name: 'a source has changed',
    prepare: async (namespace) => {
      await passed(namespace);
      await change(namespace);
    },
    text: [
      /^Next pass +ConfigChanged, which restarts it: ConfigMap\/settings changed$/m,
      /^Hash +[0-9a-f]{12} on the template, [0-9a-f]{12} now\n +ConfigMap\/settings changed$/m,
      /^ +ConfigMap\/settings +present +required +all +\S+Z +changed +containers\[main\]\.envFrom$/m,
      /^ +Secret\/credentials +present +required +password +\S+Z +same +containers\[main\]\.env\[PASSWORD\]$/m,
    ],
    json: () => ({
      nextPass: { reason: 'ConfigChanged', wouldRestart: true, changed: ['ConfigMap/settings'] },
      hash: { differences: [{ source: 'ConfigMap/settings', how: 'changed' }] },
      references: [
        {
          source: 'ConfigMap/settings',
          kind: 'ConfigMap',
          keys: 'all',
          required: true,
          places: ['containers[main].envFrom'],
          state: 'present',
          change: 'changed',
        },
        { source: 'Secret/credentials', keys: ['password'], state: 'present', change: null },
      ],
    }),
  },
  {
    name: 'it is seen first',
    prepare: async (namespace) => {
      await shop(namespace);
      await rollouts('Deployment', namespace, 'web');
    },
    text: [
      /^Next pass +FirstSeen, which restarts it: first seen, 2 sources/m,
      /^Hash +none recorded, [0-9a-f]{12} now$/m,
      /^ +1 \(current\) +\S+Z +none +the first, without a hash$/m,
      /^Last events\n +none/m,
    ],
    json: () => ({
      nextPass: { reason: 'FirstSeen', wouldRestart: true },
      hash: { recordedOn: null, recorded: null, template: null },
      events: [],
    }),
  },
  {
    name: 'its Pods decide, and the caller may not read them',
    prepare: async (namespace) => {
      await api.create(web(namespace, { annotations: {} }));
      await sources(namespace);
      await change(namespace);
      const annotations = { ...optedIn, [`${prefix}/adoption`]: 'if-changed' };
      // The sources are younger than the workload, so the age of its Pods matters.
      await pause(1_100);
      await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: 'info' } });
      await api.patch(path('Deployment', namespace, 'web'), { metadata: { annotations } });
      await rollouts('Deployment', namespace, 'web');
    },
    permissions: [...looking, getting('configmaps', 'secrets')],
    text: [
      /^Next pass +FirstSeen, which restarts it: .*its Pods could not be read: .*\(as far as your permissions show; a pass has its own\)$/m,
      /^ +its Pods: pods is forbidden: /m,
    ],
    json: () => ({ nextPass: { reason: 'FirstSeen', certain: false } }),
  },
  {
    name: 'it was adopted without a restart',
    prepare: async (namespace) => {
      await shop(namespace);
      await runPass(namespace, { settings: { adoption: 'baseline' } });
    },
    text: [
      /^Next pass +UpToDate: the record of its adoption carries the hash/m,
      /^Hash +[0-9a-f]{12} in the record of its adoption and now$/m,
    ],
    json: () => ({
      nextPass: { reason: 'UpToDate' },
      hash: { recordedOn: 'adopted', template: null, differences: [] },
    }),
  },
  {
    name: 'it was adopted, and a source has changed since',
    prepare: async (namespace) => {
      await shop(namespace);
      await runPass(namespace, { settings: { adoption: 'baseline' } });
      await change(namespace);
    },
    text: [/^Next pass +ConfigChanged, which restarts it: ConfigMap\/settings changed$/m],
    json: () => ({ hash: { recordedOn: 'adopted' }, nextPass: { wouldRestart: true } }),
  },
  {
    name: 'it opted out, and its finalizer remains',
    prepare: async (namespace) => {
      await shop(namespace);
      await runPass(namespace, { settings: { ownership: 'finalizer' } });
      const annotations = { [optIn]: null };
      await api.patch(path('Deployment', namespace, 'web'), { metadata: { annotations } }, 'merge');
    },
    flags: () => ({ ownership: 'finalizer' }),
    text: [
      /^Opted in +NO: it has no annotation/m,
      /^Next pass +OptedOut: it is no longer opted in; it no longer owns ConfigMap\/settings, Secret\/credentials, its finalizer is removed$/m,
      /^Ownership +finalizer; has the finalizer; owns ConfigMap\/settings, Secret\/credentials$/m,
    ],
    json: () => ({
      nextPass: {
        reason: 'OptedOut',
        wouldRestart: false,
        ownership: {
          referencesRemoved: ['ConfigMap/settings', 'Secret/credentials'],
          finalizer: 'removed',
        },
      },
      ownership: {
        finalizer: true,
        recorded: ['ConfigMap/settings', 'Secret/credentials'],
        owned: ['ConfigMap/settings', 'Secret/credentials'],
        complete: true,
      },
    }),
  },
  {
    name: 'it is being deleted',
    prepare: async (namespace, t) => {
      await passed(namespace);
      const patch = { metadata: { finalizers: [stranger] } };
      await api.patch(path('Deployment', namespace, 'web'), patch);
      t.after(() => letGo(namespace));
      await api.delete(path('Deployment', namespace, 'web'));
    },
    text: [/^Next pass +Deleting: it is being deleted$/m, /^Blockers +it is being deleted$/m],
    json: () => ({ nextPass: { reason: 'Deleting' }, blockers: ['it is being deleted'] }),
  },
  {
    name: 'its namespace is being deleted',
    prepare: async (namespace, t) => {
      await shop(namespace);
      const patch = { metadata: { finalizers: [stranger] } };
      await api.patch(path('Deployment', namespace, 'web'), patch);
      t.after(() => letGo(namespace));
      await api.delete(path('Namespace', undefined, namespace));
      await api.waitFor(path('Deployment', namespace, 'web'), (it) =>
        Boolean(it?.metadata['deletionTimestamp']),
      );
    },
    text: [(namespace) => new RegExp(`namespace ${namespace} is being deleted`)],
    json: (namespace) => ({
      nextPass: { reason: 'Deleting' },
      blockers: ['it is being deleted', `namespace ${namespace} is being deleted`],
    }),
  },
  {
    name: 'it is paused',
    prepare: async (namespace) => {
      await passed(namespace);
      await api.patch(path('Deployment', namespace, 'web'), { spec: { paused: true } });
      await change(namespace);
      await runPass(namespace);
    },
    text: [
      /^Blockers +it is paused: Pods restart when it is resumed$/m,
      /The current template has no revision yet/,
    ],
    json: () => ({
      nextPass: { reason: 'UpToDate' },
      blockers: ['it is paused: Pods restart when it is resumed'],
    }),
  },
  {
    name: 'its update strategy is OnDelete',
    workload: 'ds/agent',
    prepare: async (namespace) => {
      await sources(namespace);
      await api.create(
        daemonSet({
          ...{ namespace, name: 'agent', annotations: optedIn, pod },
          spec: { updateStrategy: { type: 'OnDelete' } },
        }),
      );
    },
    text: [
      /^DaemonSet /,
      /^Next pass +FirstSeen, which restarts it: .*its update strategy is OnDelete/m,
      /^Blockers +its update strategy is OnDelete: Pods restart when they are deleted$/m,
    ],
    json: () => ({ workload: { kind: 'DaemonSet' }, nextPass: { reason: 'FirstSeen' } }),
  },
  {
    name: 'it names a source of another namespace that is not allowed',
    prepare: (namespace) =>
      shop(namespace, { annotations: { ...optedIn, [`${prefix}/extra-secrets`]: 'vault/token' } }),
    text: [
      /^Next pass +CrossNamespaceDenied: Secret\/vault\/token belongs to another namespace/m,
      /^ +Secret\/vault\/token +DENIED +optional +all +annotation wave\.pusher\.com\/extra-secrets +setting crossNamespaceReferences does not allow namespace vault$/m,
    ],
    json: () => ({ nextPass: { reason: 'CrossNamespaceDenied', wouldRestart: false } }),
  },
  {
    name: 'its annotation contains a name that cannot be a source',
    prepare: (namespace) =>
      shop(namespace, { annotations: { ...optedIn, [`${prefix}/ignore-secrets`]: 'A b' } }),
    text: [/^Blockers +annotation wave\.pusher\.com\/ignore-secrets contains "A b"/m],
    json: () => ({ optedIn: { yes: true }, nextPass: { reason: 'InvalidAnnotation' } }),
  },
  {
    name: 'the workload excludes a source, and another source excludes itself',
    prepare: async (namespace) => {
      await shop(namespace, {
        annotations: { ...optedIn, [`${prefix}/ignore-secrets`]: 'credentials' },
      });
      const annotations = { [`${prefix}/ignore`]: 'true' };
      await api.patch(path('ConfigMap', namespace, 'settings'), { metadata: { annotations } });
    },
    text: [
      /^ +ConfigMap\/settings +ignored .*its own annotation wave\.pusher\.com\/ignore excludes it$/m,
      /^ +Secret\/credentials +ignored .*annotation wave\.pusher\.com\/ignore-secrets excludes it$/m,
    ],
    json: () => ({
      nextPass: { reason: 'UpToDate', wouldRestart: false, changed: [] },
      blockers: ['it references no ConfigMap or Secret other than ignored ones'],
    }),
  },
  {
    name: 'it references nothing',
    prepare: (namespace) =>
      api.create(deployment({ namespace, name: 'web', annotations: optedIn })),
    text: [
      /^Next pass +UpToDate: it references no ConfigMap or Secret: nothing can restart it$/m,
      /^Blockers +it references no ConfigMap or Secret$/m,
    ],
    json: () => ({ nextPass: { reason: 'UpToDate', wouldRestart: false } }),
  },
  {
    name: 'another program removes the hash each time',
    prepare: async (namespace) => {
      await passed(namespace);
      await takeOff(namespace);
      await runPass(namespace);
      await takeOff(namespace);
      await rollouts('Deployment', namespace, 'web');
    },
    text: [
      /^Next pass +Reverted: the hash was written twice and removed each time/m,
      /^Blockers +the hash was written twice/m,
      /the hash was removed$/m,
    ],
    json: () => ({ nextPass: { reason: 'Reverted', wouldRestart: false, certain: true } }),
  },
  {
    name: 'another program removes the hash, and the caller may not read Events',
    prepare: async (namespace) => {
      await passed(namespace);
      await takeOff(namespace);
    },
    permissions: [...looking, getting('configmaps', 'secrets')],
    text: [/^Next pass +FirstSeen, which restarts it: .*\(as far as your permissions show/m],
    json: () => ({ nextPass: { certain: false }, events: null }),
  },
  {
    name: 'another process holds the lease',
    prepare: async (namespace) => {
      await passed(namespace);
      const at = '2026-01-02T03:04:05.000000Z';
      await api.create({
        ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
        metadata: { namespace, name: 'wave-cron' },
        spec: {
          ...{ holderIdentity: 'pod-b', leaseDurationSeconds: 15, leaseTransitions: 1 },
          ...{ acquireTime: at, renewTime: at },
        },
      });
    },
    text: [
      /^Lease +\S+\/wave-cron is held by "pod-b" since 2026-01-02T03:04:05Z, renewed at 2026-01-02T03:04:05Z \(/m,
      /^Blockers +Lease \S+ is held by "pod-b": no other pass starts until it is released$/m,
    ],
    json: (namespace) => ({
      lease: { namespace, name: 'wave-cron', state: 'held', holder: 'pod-b' },
    }),
  },
  {
    name: 'the caller may read only the workload',
    prepare: (namespace) => passed(namespace),
    permissions: permissionsOnWorkloads.filter(({ apiGroups }) => apiGroups.includes('apps')),
    flags: () => ({ namespaceSelector: 'team=a' }),
    text: [
      /^Opted in +yes/m,
      /^In scope +unknown/m,
      /^ +ReplicaSets: replicasets\.apps is forbidden/m,
      /^ +its events: events\.events\.k8s\.io is forbidden/m,
      /^ +namespace \S+: namespaces "\S+" is forbidden/m,
      /^Last changes\n +could not be read$/m,
    ],
    json: () => ({
      inScope: { yes: null },
      revisions: null,
      events: null,
      nextPass: { certain: false },
    }),
  },
  {
    name: 'it does not exist, but a workload of another kind does',
    workload: 'sts/web',
    prepare: (namespace) => shop(namespace),
    status: 1,
    text: [
      (namespace) =>
        new RegExp(
          `^StatefulSet ${namespace}/web does not exist; there is Deployment ${namespace}/web$`,
        ),
    ],
  },
  {
    name: 'it does not exist, but a workload with a similar name does',
    workload: 'Deployments.apps/webb',
    prepare: (namespace) => shop(namespace),
    status: 1,
    text: [/^Deployment \S+\/webb does not exist; there is Deployment \S+\/web$/],
  },
  {
    name: 'the caller may not read it',
    prepare: (namespace) => shop(namespace),
    permissions: [],
    status: 3,
    text: [/^Deployment \S+\/web cannot be read: .*forbidden/],
  },
  {
    name: 'the namespace is not a valid name',
    prepare: async () => undefined,
    asked: { namespace: '../kube-system' },
    status: 2,
    text: [/-n "\.\.\/kube-system" is not a valid namespace name/],
  },
  {
    name: 'the cluster cannot be reached',
    prepare: async () => undefined,
    asked: { kubeconfig: nowhere },
    status: 3,
    text: [/^Deployment \S+\/web cannot be read: connection refused/],
  },
  {
    name: 'the argument does not name a workload',
    workload: 'pod/web',
    prepare: async () => undefined,
    status: 2,
    text: [/"pod\/web" is not KIND\/NAME/],
  },
];

// The tests mostly wait for controllers, so four of them run at the same time.
suite('explain', { concurrency: 4 }, () => {
  for (const situation of situations) {
    const {
      name,
      prepare,
      permissions: rules,
      flags,
      workload = 'deploy/web',
      text,
      json,
    } = situation;
    const { status = 0, asked: otherwise } = situation;
    test(`explains the next pass if ${name}`, async (t) => {
      const namespace = await testNamespace(t);
      await prepare(namespace, t);
      const account = rules === undefined ? {} : await serviceAccount(t, { namespace, rules });
      const asked = {
        ...{ workload, namespace, ...account, ...otherwise },
        flags: { 'lease.namespace': namespace, ownership: 'off', ...flags?.(namespace) },
      };
      const answer = await runExplain(asked);
      assert.equal(answer.status, status, answer.text);
      for (const each of text) {
        assert.match(answer.text, typeof each === 'function' ? each(namespace) : each);
      }
      assertHarmless(answer.text);
      if (json === undefined) {
        assert.notEqual(status, 0);
        return;
      }
      const printed = await runExplain(asked, 'json');
      assert.equal(printed.status, status);
      assertHarmless(printed.text);
      assert.partialDeepStrictEqual(JSON.parse(printed.text), json(namespace));
    });
  }
});

function assertHarmless(output: string): void {
  assert.ok(!output.includes(planted));
  assert.ok(!output.includes(Buffer.from(planted).toString('base64').slice(0, 20)));
}

test('text from the cluster cannot control the terminal', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  const { metadata } = await api.get(path('Deployment', namespace, 'web'));
  await api.create({
    ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { namespace, name: 'web.1' } },
    ...{ eventTime: '2026-01-02T03:04:05.000000Z', type: 'Warning', reason: 'Failed' },
    ...{ action: 'LeaveAlone', note: 'red \u001b[31m\nsecond line \u202e' },
    ...{ reportingController: 'wave-cron', reportingInstance: 'somebody' },
    regarding: {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      ...{ namespace, uid: metadata.uid },
    },
  });
  const { text } = await runExplain({
    ...{ workload: 'deploy/web', namespace },
    flags: { 'lease.namespace': namespace },
  });
  assert.match(
    text,
    /^ +2026-01-02T03:04:05Z +Warning +Failed +1 +red \\u\{1b\}\[31m second line \\u\{202e\}$/m,
  );
});

test('with shards it says which one has the workload, and who holds the Lease of that one', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  const shard = shardOf(namespace, 7);
  const name = `wave-cron-${shard}`;
  const spec = { holderIdentity: 'pod-b', renewTime: '2026-01-02T03:04:05.000000Z' };
  const metadata = { namespace, name };
  await api.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
  const asked = {
    ...{ workload: 'deploy/web', namespace },
    flags: { 'lease.namespace': namespace, 'shard.count': '7' },
  };
  const { text } = await runExplain(asked);
  assert.match(text, new RegExp(`^Shard +${shard}/7, by its namespace$`, 'm'));
  const json = JSON.parse((await runExplain(asked, 'json')).text);
  assert.equal(json.shard, `${shard}/7`);
  assert.partialDeepStrictEqual(json.lease, { name, state: 'held', holder: 'pod-b' });
});

test('explain writes nothing, and does not try to', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  const audit = await auditFromHere(cluster);
  await runExplain({
    ...{ workload: 'deploy/web', namespace },
    flags: { 'lease.namespace': namespace },
  });
  assert.ok((await audit.entries(requestsIn(namespace))).length > 0);
  assert.deepEqual(await audit.entries({ ...requestsIn(namespace), verb: writeVerbs }), []);
});

suite('explain of a held workload', () => {
  const inADay = () => new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z/, 'Z');
  const pausing = (namespace: string, until: string) =>
    api.patch(path('Deployment', namespace, 'web'), {
      metadata: { annotations: { [`${prefix}/rollout-pause`]: until } },
    });

  test('says since when, and until when if that is known, in text and JSON', async (t) => {
    const namespace = await testNamespace(t);
    await passed(namespace);
    await change(namespace);
    const until = inADay();
    await pausing(namespace, until);
    await runPass(namespace);
    const { metadata } = await api.get(path('Deployment', namespace, 'web'));
    const { since } = JSON.parse(metadata.annotations?.[`${prefix}/pending-config`] ?? '');
    const asked = { workload: 'deploy/web', namespace };
    const { text } = await runExplain(asked);
    const line = new RegExp(
      `^Next pass +Paused, held back since ${since} until ${until}: its configuration changed`,
      'm',
    );
    assert.match(text, line);
    assert.match(text, /^Blockers +its configuration changed \(ConfigMap\/settings\), but /m);
    const held = async () => JSON.parse((await runExplain(asked, 'json')).text).nextPass.held;
    assert.deepEqual(await held(), { since, until });
    await pausing(namespace, 'true');
    assert.deepEqual(await held(), { since, until: null });
    assert.match((await runExplain(asked)).text, new RegExp(`Paused, held back since ${since}: `));
  });

  test('is not certain if the caller may not read the annotations of its namespace', async (t) => {
    const namespace = await testNamespace(t);
    await passed(namespace);
    await change(namespace);
    const rules = [
      ...looking.filter(({ resources }) => !resources.includes('namespaces')),
      getting('configmaps', 'secrets'),
    ];
    const { kubeconfig } = await serviceAccount(t, { namespace, rules });
    const asked = { workload: 'deploy/web', namespace, kubeconfig };
    assert.match(
      (await runExplain(asked)).text,
      /^Next pass +unknown: the annotations of its namespace could not be read with your permissions/m,
    );
    const { nextPass } = JSON.parse((await runExplain(asked, 'json')).text);
    assert.deepEqual([nextPass.reason, nextPass.certain], ['PolicyUnreadable', false]);
  });

  test('says that it did not check the queue if limits or orders are set, and only then', async (t) => {
    const namespace = await testNamespace(t);
    await passed(namespace);
    await change(namespace);
    const says = async (flags: Flags = {}) => {
      const asked = { workload: 'deploy/web', namespace, flags };
      const { nextPass } = JSON.parse((await runExplain(asked, 'json')).text);
      assert.equal(nextPass.reason, 'ConfigChanged');
      assert.equal(
        /the queue of rollouts was not asked/.test(nextPass.sentence),
        !nextPass.queueAsked,
      );
      return !nextPass.queueAsked;
    };
    assert.equal(await says(), false);
    assert.equal(await says({ 'rollouts.maxConcurrent': '5' }), true);
    assert.equal(await says({ 'rollouts.maxConcurrentPerNamespace': '50%' }), true);
    const annotations = { ...optedIn, [`${prefix}/rollout-order`]: '-1' };
    await api.create(deployment({ namespace, name: 'first', annotations, pod }));
    assert.equal(await says(), true);
    assert.equal(await says({ 'rollouts.onFailure': 'continue' }), true);
  });
});

test('docs/explain.md names every field of the JSON', async (t) => {
  const namespace = await testNamespace(t);
  await passed(namespace);
  await change(namespace);
  const rules = [...looking, getting('configmaps')];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const asked = { workload: 'deploy/web', namespace };
  const whole = await runExplain(asked, 'json');
  const partly = await runExplain({ ...asked, kubeconfig }, 'json');
  const page = readFileSync(join(import.meta.dirname, '../../../docs/explain.md'), 'utf8');
  const fields = [whole, partly].flatMap(({ text }) => fieldsOf(JSON.parse(text)));
  assert.ok(fields.length > 40);
  for (const field of fields) assert.ok(page.includes(`\`${field}\``), field);
});

function fieldsOf(json: unknown): string[] {
  if (typeof json !== 'object' || json === null) return [];
  if (Array.isArray(json)) return json.flatMap(fieldsOf);
  return Object.entries(json).flatMap(([name, value]) => [name, ...fieldsOf(value)]);
}

test('without -n the namespace is that of the context', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  const rules = [...looking, getting('configmaps', 'secrets')];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const run = await runProgram(['explain', 'Deployment/web', '-o', 'json'], {
    KUBECONFIG: kubeconfig,
  });
  assert.equal(run.status, 0, run.stderr);
  assert.partialDeepStrictEqual(JSON.parse(run.stdout), {
    workload: { kind: 'Deployment', namespace, name: 'web' },
    lease: { namespace },
  });
});

test('a workload that does not exist is an error on stderr, with exit status 1', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = cluster;
  const run = await runProgram(['explain', 'ds/x', '-n', namespace, '--kubeconfig', kubeconfig]);
  assert.equal(run.status, 1);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /DaemonSet \S+\/x does not exist; namespace \S+ has no DaemonSet/);
});
