/**
 * Helpers for the agent's own tests: an agent with a namespace, and an image with small commands
 * (image/main.ts).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Api, type Fields, type KubernetesObject, path } from '../control-plane/api.ts';
import { testCluster, testNamespace } from '../control-plane/testing.ts';
import { hostImage, type Images } from './images.ts';
import { type NodeAgent, type NodeAgentOptions, startNodeAgent } from './node-agent.ts';
import type { ContainerState, ContainerStatus, Pod, Terminated } from './pod.ts';

export type Agent = {
  api: Api;
  namespace: string;
  agent: NodeAgent;
  /**
   * Creates a Pod with `podOf` and restartPolicy Never, waits until it has ended, and parses the
   * JSON in its log.
   */
  run<T>(args: readonly string[], more?: PodOptions): Promise<T>;
  create(object: KubernetesObject): Promise<KubernetesObject>;
  waitForPod(
    name: string,
    predicate: (pod: Pod | undefined) => boolean,
    what?: string,
  ): Promise<Pod>;
};

export type PodOptions = {
  name?: string;
  /** Merged into the first container. */
  container?: Fields;
  /** Merged into the spec. */
  spec?: Fields;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};

export const imageName = 'example.com/agent-test:1';

export const testImages: Images = {
  [imageName]: hostImage({
    folders: { '/app': join(import.meta.dirname, 'image') },
    entrypoint: ['node', '/app/main.ts'],
  }),
};

const ownLabels = { 'app.kubernetes.io/name': 'wave-cron' };

/** The fields that the Pod Security Standard "restricted" requires. */
export const restricted = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  runAsGroup: 65_531,
  seccompProfile: { type: 'RuntimeDefault' },
};

export const restrictedContainer = {
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};

/** The template of a Pod that matches `own` and runs a command of image/main.ts. */
export function templateOf(args: readonly string[], options: PodOptions = {}) {
  const { container = {}, spec = {}, labels = {}, annotations = {} } = options;
  const first = {
    ...{ name: 'main', image: imageName, args, securityContext: restrictedContainer },
    ...container,
  };
  return {
    metadata: { labels: { ...ownLabels, ...labels }, annotations },
    spec: { securityContext: restricted, containers: [first], ...spec },
  };
}

/** Starts an agent for this test, and stops it after the test. */
export async function testAgent(
  t: Pick<TestContext, 'after'>,
  options: Partial<NodeAgentOptions> = {},
): Promise<Agent> {
  const { api, cluster } = testCluster();
  const namespace = await testNamespace(t);
  const own = { cluster, namespaces: [namespace], images: testImages };
  const agent = await startNodeAgent({ ...own, ...options });
  t.after(() => agent.stop());
  const waitForPod: Agent['waitForPod'] = async (name, predicate, what) => {
    const options = what === undefined ? {} : { what };
    const pod = await api.waitFor<Pod>(path('Pod', namespace, name), predicate, options);
    assert.ok(pod);
    return pod;
  };
  return {
    api,
    namespace,
    agent,
    waitForPod,
    create: (object) => api.create({ ...object, metadata: { ...object.metadata, namespace } }),
    async run(args, { name = 'pod', ...more } = {}) {
      const spec = { restartPolicy: 'Never', ...more.spec };
      await api.create(podOf(namespace, name, templateOf(args, { ...more, spec })));
      await waitForPod(name, hasEnded, `the end of Pod ${name}`);
      return JSON.parse(agent.logs(namespace, name));
    },
  };
}

export function podOf(
  namespace: string,
  name: string,
  template: ReturnType<typeof templateOf>,
): KubernetesObject {
  const { metadata, spec } = template;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, namespace, name }, spec };
}

export const hasEnded = (pod: Pod | undefined): boolean =>
  pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed';

export const isReady = (pod: Pod | undefined): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
  false;

/** The status of a Pod's first container. */
export function containerStatus(pod: Pod | undefined): ContainerStatus | undefined {
  return pod?.status?.containerStatuses?.[0];
}

/** How the first container ended. */
export function terminated(pod: Pod | undefined): Terminated | undefined {
  return terminatedOf(containerStatus(pod)?.state);
}

export function terminatedOf(
  state: ContainerState | Record<string, never> | undefined,
): Terminated | undefined {
  return state && 'terminated' in state ? state.terminated : undefined;
}

/** Why the first container does not run. */
export function waitingReason(pod: Pod | undefined): string | undefined {
  const state = containerStatus(pod)?.state;
  return state && 'waiting' in state ? state.waiting.reason : undefined;
}
