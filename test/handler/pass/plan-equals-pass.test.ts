/**
 * A plan and the pass after it make the same decisions. The test generates workloads. Tools remove wave-cron's
 * annotations from them, their sources change, and their rollouts are limited. A failure prints the seed and
 * the path that repeat it:
 *
 *     WAVE_CRON_SEED=1 npx node --test test/handler/pass/plan-equals-pass.test.ts
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Reason } from '../../../lib/rules/reason.ts';
import type { Report } from '../../../lib/rules/report.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  type Use,
  using,
} from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  getting,
  hashAnnotation,
  optedIn,
  permissionsOnEvents,
  permissionsOnRevisions,
  permissionsOnWorkloads,
  prefix,
  runPass,
  sourcesAnnotation,
  type WorkloadKind,
} from '../run-pass.ts';

const { api } = testCluster();

/** An action of a tool, or of the owner of a workload, before a pass. */
type Step = 'nothing' | 'removes the hash' | 'removes everything' | 'changes the template';

type Workload = {
  kind: WorkloadKind;
  annotations: Record<string, string>;
  replicas: number;
  uses: readonly { source: keyof typeof sources; optional: boolean }[];
  steps: readonly Step[];
};

type World = {
  settings: Pick<Settings, 'adoption' | 'restart' | 'ownership' | 'rollouts'>;
  /** The permission with which the account that plans finds earlier writes. */
  plannerMay: 'get events' | 'patch events';
  /** Whether the source `changing` changes before each pass. */
  changes: readonly boolean[];
  workloads: readonly Workload[];
};

const rounds = 4;

const sources = {
  still: { kind: 'ConfigMap' },
  changing: { kind: 'ConfigMap' },
  hidden: { kind: 'Secret' },
  absent: { kind: 'ConfigMap' },
} as const;

const named = (name: string, value: string) => ({ [`${prefix}/${name}`]: value });

/** All ways of opting in, and invalid values. */
const annotations = fc.oneof(
  { weight: 8, arbitrary: fc.constant(optedIn) },
  fc.constant({}),
  fc.constant({ ...optedIn, ...named('update-on-config-change', 'yes') }),
  fc.constant({ ...optedIn, ...named('adoption', 'always') }),
  fc.constantFrom('stamp', 'if-changed', 'baseline').map((adoption) => ({
    ...optedIn,
    ...named('adoption', adoption),
  })),
  fc.constant({ ...optedIn, ...named('restart', 'if-stale') }),
  fc.constant({ ...optedIn, ...named('ignore-configmaps', 'still') }),
  fc.constant({ ...optedIn, ...named('extra-configmaps', 'elsewhere/settings') }),
);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>('nothing') },
  { weight: 3, arbitrary: fc.constant<Step>('removes the hash') },
  { weight: 2, arbitrary: fc.constant<Step>('removes everything') },
  fc.constant<Step>('changes the template'),
);

const workload: fc.Arbitrary<Workload> = fc.record({
  kind: fc.constantFrom<WorkloadKind>('Deployment', 'StatefulSet', 'DaemonSet'),
  annotations,
  replicas: fc.nat(1),
  uses: fc.uniqueArray(
    fc.record({
      source: fc.constantFrom<keyof typeof sources>('still', 'changing', 'hidden', 'absent'),
      optional: fc.boolean(),
    }),
    { maxLength: 3, selector: ({ source }) => source },
  ),
  steps: fc.array(step, { minLength: rounds, maxLength: rounds }),
});

const world: fc.Arbitrary<World> = fc.record({
  settings: fc.record({
    adoption: fc.constantFrom('stamp', 'if-changed', 'baseline'),
    restart: fc.constantFrom('always', 'if-stale'),
    ownership: fc.constantFrom('off', 'references', 'finalizer'),
    rollouts: fc
      .record({ count: fc.integer({ min: 0, max: 3 }), period: fc.constant('1h') })
      .map((limit) => ({ ...defaultSettings.rollouts, limit })),
  }),
  plannerMay: fc.constantFrom('get events', 'patch events'),
  changes: fc.array(fc.boolean(), { minLength: rounds, maxLength: rounds }),
  workloads: fc.array(workload, { minLength: 8, maxLength: 12 }),
});

const ordinary: Workload = {
  kind: 'Deployment',
  annotations: optedIn,
  replicas: 0,
  uses: [{ source: 'still', optional: false }],
  steps: Array(rounds).fill('nothing'),
};
const removed: Workload = { ...ordinary, steps: Array(rounds).fill('removes the hash') };
const uses = (source: keyof typeof sources, optional = false) => [{ source, optional }];

/** Worlds that random generation may miss. Together, they have every reason of `knownReasons`. */
const known: readonly World[] = (['get events', 'patch events'] as const).map((plannerMay) => ({
  settings: {
    adoption: 'stamp',
    restart: 'always',
    ownership: 'references',
    rollouts: { ...defaultSettings.rollouts, limit: { count: 3, period: '1h' } },
  },
  plannerMay,
  changes: Array(rounds).fill(true),
  workloads: [
    ordinary,
    removed,
    { ...removed, steps: Array(rounds).fill('removes everything') },
    { ...removed, kind: 'StatefulSet', uses: uses('hidden') },
    { ...ordinary, uses: uses('changing') },
    { ...removed, kind: 'DaemonSet', uses: uses('changing') },
    { ...ordinary, uses: uses('absent') },
    { ...ordinary, uses: uses('absent', true) },
    { ...ordinary, annotations: { ...optedIn, ...named('adoption', 'baseline') } },
    { ...removed, annotations: { ...optedIn, ...named('adoption', 'baseline') } },
    { ...ordinary, annotations: { ...optedIn, ...named('adoption', 'always') } },
    { ...ordinary, annotations: { ...optedIn, ...named('extra-configmaps', 'other/settings') } },
    { ...ordinary, annotations: {} },
  ],
}));
const knownReasons: readonly Reason[] = [
  ...(['UpToDate', 'FirstSeen', 'ConfigChanged', 'Reverted', 'Adopted', 'LimitExceeded'] as const),
  ...(['MissingSource', 'InvalidAnnotation', 'CrossNamespaceDenied'] as const),
];

test('a plan and the pass after it give the same reasons, in any state of the cluster', async (t) => {
  const reasons = new Set<Reason>();
  const seed = process.env['WAVE_CRON_SEED'];
  const property = fc.asyncProperty(world, async (each) => {
    for (const reason of await planAndPass(t, each)) reasons.add(reason);
  });
  await fc.assert(property, {
    examples: known.map((each) => [each] as const),
    numRuns: 6,
    // Each run takes seconds, so the first failure is reported without shrinking.
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  });
  assert.deepEqual([...new Set(knownReasons).difference(reasons)], []);
});

/** @returns the reasons of all outcomes */
async function planAndPass(
  t: Parameters<typeof testNamespace>[0],
  { settings, plannerMay, changes, workloads }: World,
): Promise<Reason[]> {
  const namespace = await testNamespace(t);
  const planner = await serviceAccount(t, {
    namespace,
    rules: [
      ...permissionsOnWorkloads,
      permissionsOnRevisions,
      plannerMay === 'get events'
        ? { ...permissionsOnEvents, verbs: ['get'] }
        : permissionsOnEvents,
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      getting('configmaps', 'secrets'),
    ],
  });
  await Promise.all([
    api.create(configMap({ namespace, name: 'still', data: { a: '1' } })),
    api.create(configMap({ namespace, name: 'changing', data: { a: '0' } })),
    api.create(secret({ namespace, name: 'hidden', data: { a: '1' } })),
  ]);
  await Promise.all(workloads.map((each, i) => api.create(objectOf(each, namespace, `w${i}`))));
  const met: Reason[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (changes[round] === true) {
      const data = { a: `${round + 1}` };
      await api.patch(path('ConfigMap', namespace, 'changing'), { data });
    }
    const at = (each: Workload, i: number) => path(each.kind, namespace, `w${i}`);
    if (round > 0) {
      await Promise.all(workloads.map((each, i) => take(each.steps[round], at(each, i), round)));
    }
    await isQuiet(namespace, workloads);
    const { kubeconfig } = planner;
    const planned = decided(await runPass(namespace, { settings, kubeconfig, write: false }));
    const passed = decided(await runPass(namespace, { settings }));
    assert.deepEqual(planned, passed, `in round ${round}`);
    met.push(...Object.values(passed).map(({ reason }) => reason));
  }
  return met;
}

function decided({ outcomes }: Report) {
  return Object.fromEntries(
    outcomes.map(({ kind, name, reason, written, changed }) => [
      `${kind}/${name}`,
      { reason, written, changed },
    ]),
  );
}

const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };

function objectOf(
  { kind, annotations, replicas, uses }: Workload,
  namespace: string,
  name: string,
) {
  const pod = using(
    ...uses.map(({ source, optional }): Use => {
      const isSecret = sources[source].kind === 'Secret';
      return { ...(isSecret ? { secret: source } : { configMap: source }), optional };
    }),
  );
  return make[kind]({ namespace, name, annotations, replicas, pod });
}

const noTemplateAnnotations = { [hashAnnotation]: null, [sourcesAnnotation]: null };
const records = ['written-hash', 'adopted', 'rollout-history', 'owned-sources'];
const noRecords = Object.fromEntries(records.map((name) => [`${prefix}/${name}`, null]));

async function take(step: Step | undefined, at: string, round: number): Promise<void> {
  if (step === undefined || step === 'nothing') return;
  const annotations =
    step === 'changes the template' ? { round: `${round}` } : noTemplateAnnotations;
  await api.patch(at, {
    ...(step === 'removes everything' ? { metadata: { annotations: noRecords } } : {}),
    spec: { template: { metadata: { annotations } } },
  });
}

/** Resolves when the controllers have seen every workload and have stopped writing. */
async function isQuiet(namespace: string, workloads: readonly Workload[]): Promise<void> {
  await Promise.all(workloads.map(({ kind }, i) => rollouts(kind, namespace, `w${i}`)));
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod'] as const;
  const versions = async () => {
    const lists = await Promise.all(kinds.map((kind) => api.list(path(kind, namespace))));
    return lists.flat().map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`);
  };
  let before: string[] | undefined;
  for (;;) {
    const now = (await versions()).sort();
    if (before?.join() === now.join()) return;
    before = now;
    await sleep(200);
  }
}
