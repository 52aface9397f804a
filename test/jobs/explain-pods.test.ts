/** The reasons why Pods do not follow a template with the hash of the current configuration. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Outcome } from '../../lib/rules/report.ts';
import { type Fields, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  type Workload,
} from '../../tools/control-plane/objects.ts';
import { kubectl, testCluster } from '../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../tools/node-agent/support.ts';
import { testAgent } from '../../tools/node-agent/testing.ts';
import { optedIn, outcomeOf, runPass, type WorkloadKind } from '../handler/run-pass.ts';
import { runExplain } from './run-explain.ts';

const { api } = testCluster();
const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };

type Status = Readonly<Record<string, number>> & {
  conditions?: readonly { type: string; status: string; reason: string }[];
};

type Stage = {
  readonly namespace: string;
  /** Changes the image of the workload's Pods. */
  image(tag: string): Promise<unknown>;
  patch(spec: Fields): Promise<unknown>;
  /** Waits until the controller has seen the last change, and the status meets the condition. */
  until(is: (status: Status) => boolean): Promise<void>;
};

type Situation = {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly spec?: Fields;
  /** Is called when all Pods run with the current configuration. */
  readonly prepare: (stage: Stage, t: TestContext) => Promise<unknown>;
  readonly blockers: readonly RegExp[];
  /** The expected sentence about the Pods. */
  readonly pods: RegExp;
  /** The expected sentence of a pass. Undefined if a pass does not report the blockers either. */
  readonly pass: RegExp | undefined;
};

/** Waits until the status says that a Pod cannot pull its image. */
const untilBroken = (namespace: string, name: string) =>
  api.waitFor(path('Pod', namespace, name), (it) =>
    JSON.stringify(it?.status ?? {}).includes('ImagePullBackOff'),
  );

const condition = (status: Status, type: string) =>
  status.conditions?.find((each) => each.type === type);
const isDown = ({ updatedReplicas, availableReplicas = 0 }: Status) =>
  updatedReplicas === 1 && availableReplicas < 2;

/** From now on, the namespace does not accept Pods of the tests. */
const refusePods = (namespace: string) =>
  api.patch(path('Namespace', undefined, namespace), {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });

const situations: readonly Situation[] = [
  {
    name: 'a StatefulSet whose updated Pod is broken',
    kind: 'StatefulSet',
    async prepare({ namespace, image, until }) {
      await image('broken');
      await until(isDown);
      await untilBroken(namespace, 'web-1');
    },
    blockers: [
      /^its rollout waits for Pod web-1 to become Ready \("ImagePullBackOff"\)$/,
      /^its rollout waits for a Pod that is not available: 1 of 2 have the current template, 1 available; .*kubernetes#67250/,
    ],
    pods: /^1 of 2 have the current template, 1 available$/,
    pass: /; its Pods: 1 of 2 have the current template, 1 available; its rollout waits for a Pod that is not available/,
  },
  {
    name: 'a StatefulSet that waits for a broken Pod after a correction, until that is deleted',
    kind: 'StatefulSet',
    async prepare({ namespace, image, until }) {
      await image('broken');
      await until(isDown);
      await untilBroken(namespace, 'web-1');
      await image('3');
      await until(({ updatedReplicas = 0 }) => updatedReplicas === 0);
    },
    blockers: [
      /^Pod web-1 is not Ready \("ImagePullBackOff"\) and has an earlier template: with podManagementPolicy OrderedReady it is not replaced, even after a correction \(kubernetes#67250\): run kubectl -n \S+ delete pod web-1$/,
      /^its rollout waits for a Pod that is not available/,
    ],
    pods: /^0 of 2 have the current template, 1 available$/,
    pass: /kubernetes#67250\): delete it with kubectl delete pod$/,
  },
  {
    name: 'a StatefulSet with a partition',
    kind: 'StatefulSet',
    spec: { updateStrategy: { rollingUpdate: { partition: 1 } } },
    async prepare({ image, until }) {
      await image('3');
      await until(
        ({ updatedReplicas, readyReplicas }) => updatedReplicas === 1 && readyReplicas === 2,
      );
    },
    blockers: [/^the partition of its update strategy is 1: its first Pod keeps its template$/],
    pods: /^1 of 2 have the current template, 2 available$/,
    pass: /; the partition of its update strategy is 1/,
  },
  ...(['StatefulSet', 'DaemonSet'] as const).map(
    (kind): Situation => ({
      name: `a ${kind} with the update strategy OnDelete`,
      kind,
      spec: { updateStrategy: { type: 'OnDelete' } },
      async prepare({ image, until }) {
        await image('3');
        await until(({ updatedReplicas = 0, updatedNumberScheduled = 0 }) => {
          return updatedReplicas + updatedNumberScheduled === 0;
        });
      },
      blockers: [/^its update strategy is OnDelete: Pods restart when they are deleted$/],
      pods: /^0 of \d have the current template, \d available$/,
      pass: /; its update strategy is OnDelete/,
    }),
  ),
  {
    name: 'a Deployment past its progress deadline',
    kind: 'Deployment',
    spec: { progressDeadlineSeconds: 2 },
    async prepare({ image, until }) {
      await image('broken');
      await until((status) => condition(status, 'Progressing')?.status === 'False');
    },
    blockers: [
      /^its rollout exceeded its deadline of 2 s \(ProgressDeadlineExceeded\): 1 of 3 have the current template, 2 available$/,
    ],
    pods: /^1 of 3 have the current template, 2 available$/,
    pass: /; its rollout exceeded its deadline of 2 s/,
  },
  {
    name: 'a Deployment that has no progress deadline',
    kind: 'Deployment',
    spec: { progressDeadlineSeconds: 2_147_483_647 },
    async prepare({ image, until }) {
      await image('broken');
      await until(({ updatedReplicas, replicas }) => updatedReplicas === 1 && replicas === 3);
    },
    blockers: [
      /^its rollout waits for Pods to become available, and has no deadline: 1 of 3 have the current template/,
    ],
    pods: /^1 of 3 /,
    pass: /and has no deadline/,
  },
  {
    name: 'a Deployment that is paused',
    kind: 'Deployment',
    async prepare({ patch, image, until }) {
      await patch({ paused: true });
      await image('3');
      await until(({ updatedReplicas = 0 }) => updatedReplicas === 0);
    },
    blockers: [/^it is paused: Pods restart when it is resumed$/],
    pods: /^0 of 2 have the current template, 2 available$/,
    pass: /; it is paused: Pods restart when it is resumed$/,
  },
  {
    name: 'a Deployment with Pods that an admission plugin refuses',
    kind: 'Deployment',
    async prepare({ namespace, image, until }) {
      await refusePods(namespace);
      await image('3');
      await until((status) => condition(status, 'ReplicaFailure')?.status === 'True');
    },
    blockers: [
      /^Pods cannot be created \("FailedCreate"\): "pods \\"web-\S+ is forbidden: violates/,
    ],
    pods: /^0 of 2 have the current template, 2 available$/,
    pass: /; Pods cannot be created \("FailedCreate"\)/,
  },
  {
    name: 'a StatefulSet with Pods that an admission plugin refuses',
    kind: 'StatefulSet',
    async prepare({ namespace, image, until }) {
      await refusePods(namespace);
      await image('3');
      await until(({ replicas }) => replicas === 1);
    },
    blockers: [/^only 1 of its 2 Pods exist: the others cannot be created, or wait for these$/],
    pods: /^0 of 2 have the current template, 1 available$/,
    pass: /; only 1 of its 2 Pods exist/,
  },
  {
    name: 'a DaemonSet with Pods that an admission plugin refuses',
    kind: 'DaemonSet',
    async prepare({ namespace, image, until }) {
      await refusePods(namespace);
      await image('3');
      await until(({ currentNumberScheduled }) => currentNumberScheduled === 0);
    },
    blockers: [/^1 of its 1 nodes have no Pod$/, /^its rollout waits for a Pod that is not/],
    pods: /^0 of 1 have the current template, 0 available$/,
    pass: /; 1 of its 1 nodes have no Pod/,
  },
  {
    name: 'a DaemonSet with a broken Pod next to the old one',
    kind: 'DaemonSet',
    spec: { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    async prepare({ namespace, image }) {
      // The status counts the older Pod of a node, and the first by name if both are of the same second.
      await pause(1_100);
      await image('broken');
      await api.waitFor<{ items: KubernetesObject[] }>(
        path('Pod', namespace),
        (it) => it?.items.length === 2,
      );
    },
    blockers: [
      /^its rollout waits for new Pods to become available in addition to the old ones \(maxSurge 1\): 0 of 1 have/,
    ],
    pods: /^0 of 1 have the current template, 1 available$/,
    pass: /in addition to the old ones \(maxSurge 1\)/,
  },
  ...(['Deployment', 'StatefulSet'] as const).map(
    (kind): Situation => ({
      name: `a ${kind} of zero replicas`,
      kind,
      async prepare({ patch, until }) {
        await patch({ replicas: 0 });
        await until(({ replicas = 0 }) => replicas === 0);
      },
      blockers: [],
      pods: /^none: it is scaled to zero, or no node matches$/,
      pass: undefined,
    }),
  ),
];

async function stage(t: TestContext, { kind, spec = {} }: Situation): Promise<Stage> {
  const { agent, namespace } = await testAgent(t);
  const web = path(kind, namespace, 'web');
  const until: Stage['until'] = async (is) => {
    await api.waitFor(web, (it) => {
      const status = (it?.status ?? {}) as Status;
      return status['observedGeneration'] === it?.metadata['generation'] && is(status);
    });
  };
  const pod = (tag: string): Fields => ({
    tolerations: [agent.toleration],
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        ...{ name: 'main', image: `example.com/main:${tag}` },
        envFrom: [{ configMapRef: { name: 'settings' } }],
      },
    ],
  });
  const own: Workload = { namespace, name: 'web', replicas: 2, annotations: optedIn };
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  // The update strategy is set after the first pass. Otherwise, the Pods would not follow the rollout of that
  // pass.
  const { updateStrategy, ...first } = spec;
  await api.create(make[kind]({ ...own, pod: pod('1'), spec: first }));
  const patch = (more: Fields) => api.patch(web, { spec: more }, 'merge');
  const run = ({ readyReplicas, updatedReplicas, replicas, ...rest }: Status) =>
    kind === 'DaemonSet'
      ? rest['numberReady'] === 1 && rest['updatedNumberScheduled'] === 1
      : readyReplicas === 2 && updatedReplicas === 2 && replicas === 2;
  await until(run);
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'FirstSeen');
  await until(run);
  if (updateStrategy !== undefined) {
    await patch({ updateStrategy: { rollingUpdate: null, ...(updateStrategy as Fields) } });
    await until(run);
  }
  return {
    ...{ namespace, patch, until },
    image: (tag) => patch({ template: { spec: { containers: pod(tag)['containers'] } } }),
  };
}

const isExpected = ({ sentence }: Outcome, { pass }: Situation): boolean =>
  (pass ?? /of the current configuration$/).test(sentence);

suite('a current template with Pods that do not follow it', {
  skip: skipWithoutNodeAgent(),
  concurrency: 3,
}, () => {
  for (const situation of situations) {
    test(`is explained by its blockers: ${situation.name}`, async (t) => {
      const it = await stage(t, situation);
      await situation.prepare(it, t);
      const { namespace } = it;
      const workload = `${situation.kind}/web`;
      let explained = await runExplain({ workload, namespace }, 'json');
      const blockers = () => JSON.parse(explained.text).blockers.length;
      // While a broken Pod comes and goes, the controller updates the status repeatedly.
      for (let more = 120; more > 0 && blockers() !== situation.blockers.length; more -= 1) {
        await pause(250);
        explained = await runExplain({ workload, namespace }, 'json');
      }
      const explanation = JSON.parse(explained.text);
      assert.equal(explained.status, 0);
      assert.equal(explanation.nextPass.reason, 'UpToDate');
      assert.deepEqual(explanation.notRead, []);
      assert.equal(
        explanation.blockers.length,
        situation.blockers.length,
        JSON.stringify(explanation.blockers),
      );
      for (const [i, each] of situation.blockers.entries()) {
        assert.match(explanation.blockers[i], each);
      }
      assert.match(explanation.pods.sentence, situation.pods);

      let outcome: Outcome = outcomeOf(await runPass(namespace), 'web');
      for (let more = 120; more > 0 && !isExpected(outcome, situation); more -= 1) {
        await pause(250);
        outcome = outcomeOf(await runPass(namespace), 'web');
      }
      assert.deepEqual([outcome.reason, outcome.written], ['UpToDate', false]);
      assert.ok(isExpected(outcome, situation), outcome.sentence);
      assert.equal(outcome.blockers !== undefined, situation.pass !== undefined);
    });
  }

  test('gets its Pods after the command in the message', async (t) => {
    const [, situation] = situations;
    assert.ok(situation);
    const it = await stage(t, situation);
    await situation.prepare(it, t);
    const { namespace } = it;
    const { text } = await runExplain({ workload: 'sts/web', namespace }, 'json');
    const command = /: run kubectl (.*)$/.exec(JSON.parse(text).blockers[0])?.[1];
    await kubectl(command?.split(' ') ?? []);
    await it.until(({ updatedReplicas, readyReplicas }) => {
      return updatedReplicas === 2 && readyReplicas === 2;
    });
    const after = await runExplain({ workload: 'sts/web', namespace }, 'json');
    assert.deepEqual(JSON.parse(after.text).blockers, []);
  });
});
