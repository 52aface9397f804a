/** Runs several sequences at the same time until the requested number of requests is sent. */
import { randomBytes } from 'node:crypto';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { Cluster } from '../../../tools/control-plane/cluster-folder.ts';
import { namespace as namespaceObject } from '../../../tools/control-plane/objects.ts';
import { createSimulatedServer, type SimulatedServer } from '../server/server.ts';
import { Random } from './random.ts';
import { type RealServer, realServer } from './real.ts';
import { type Difference, Sequence, settleSimulated } from './sequence.ts';
import type { Send } from './server-side.ts';
import type { Step } from './step.ts';
import { type StepMaker, stepMakers } from './steps.ts';
import { nodeKey, runPods } from './workload-steps.ts';

export interface RunOptions {
  readonly cluster: Cluster;
  readonly requests: number;
  readonly seed: number;
  readonly parallel: number;
  /** The only kind for which sequences run. Absent: all kinds. */
  readonly only?: string | undefined;
  /** Whether only sequences run that need no controller. Default: false. */
  readonly withoutControllers?: boolean;
  onProgress?(text: string): void;
  onDifference?(found: Found): void;
}

export interface Found extends Difference {
  readonly seed: number;
}

export interface RunResult {
  readonly requests: number;
  readonly sequences: number;
  readonly differences: readonly Found[];
}

/** The number of requests in one sequence. Each sequence has a new namespace. */
const sequenceLength = 400;
const mostDifferences = 20;

export async function runDifferential(options: RunOptions): Promise<RunResult> {
  const { cluster, requests, seed, parallel, onProgress, onDifference } = options;
  const differences: Found[] = [];
  const began = performance.now();
  let sent = 0;
  let started = 0;
  const isEnough = () => sent >= requests || differences.length >= mostDifferences;
  const lane = async (): Promise<void> => {
    const real = realServer(cluster);
    try {
      while (!isEnough()) {
        const own = seed + started;
        started += 1;
        const { count, difference } = await oneSequence(real, own, isEnough, options);
        sent += count;
        if (difference !== undefined) {
          const found = { seed: own, ...difference };
          differences.push(found);
          onDifference?.(found);
        }
        const seconds = (performance.now() - began) / 1000;
        onProgress?.(
          `${sent} requests, ${Math.round(sent / seconds)} a second, ${differences.length} differences`,
        );
      }
    } finally {
      real.close();
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return { requests: sent, sequences: started, differences };
}

async function oneSequence(
  { send, watch }: RealServer,
  seed: number,
  isEnough: () => boolean,
  choice: Choice,
): Promise<{ readonly count: number; readonly difference: Difference | undefined }> {
  const random = new Random(seed);
  const simulated = createSimulatedServer({
    wallTime: () => new Date(),
    random: () => random.next(),
  });
  const namespace = `differential-${randomBytes(4).toString('hex')}`;
  const maker = makerOf(random, choice);
  await createNamespace(namespace, send, simulated);
  const sequence = new Sequence({
    ...{ namespace, real: send, watchReal: watch, simulated, kinds: maker.kinds },
    watches: maker.watches ?? [],
  });
  await sequence.begin();
  const node = new OwnNode(namespace, send);
  try {
    const length = maker.isSlow ? sequenceLength / 4 : sequenceLength;
    for (let i = 0; i < length && !isEnough(); i++) {
      const step = maker.makeStep(random);
      if (maker.isSlow && changesTemplate(step)) await nextSecond();
      if (maker.isSlow) await node.beat();
      const difference =
        (await sequence.take(step)) ??
        (maker.runsPods ? await sequence.take(runPods(maker.kinds[0] ?? 'Pod')) : undefined);
      if (difference !== undefined) return { count: sequence.count, difference };
    }
    const difference = (await sequence.settle()) ?? (await sequence.end());
    return { count: sequence.count, difference };
  } finally {
    sequence.close();
    for (const path of [`/api/v1/namespaces/${namespace}`, `/api/v1/nodes/${namespace}`]) {
      await send({ method: 'DELETE', path, headers: {} });
    }
  }
}

type Choice = Pick<RunOptions, 'only' | 'withoutControllers'>;

function makerOf(random: Random, { only, withoutControllers = false }: Choice): StepMaker {
  const [first = stepMakers[0], ...others] = stepMakers.filter(
    ([, { kinds, needsControllers }]) =>
      (only === undefined || kinds[0] === only) && !(withoutControllers && needsControllers),
  );
  return random.weighted([first, ...others]);
}

const changesTemplate = ({ body, edit }: Step): boolean =>
  JSON.stringify([body, edit]).includes('"template"');

const nextSecond = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 1_000 - (Date.now() % 1_000)));

const beatMs = 10_000;

/** The node of a sequence. Without heartbeats, the node controller marks the node as not ready. */
class OwnNode {
  readonly #name: string;
  readonly #send: Send;
  #last = -beatMs;

  constructor(name: string, send: Send) {
    this.#name = name;
    this.#send = send;
  }

  async beat(): Promise<void> {
    if (performance.now() - this.#last < beatMs) return;
    this.#last = performance.now();
    const lastHeartbeatTime = new Date().toISOString();
    const condition = { type: 'Ready', status: 'True', reason: 'Differential', message: '' };
    await this.#send({
      method: 'PATCH',
      path: `/api/v1/nodes/${this.#name}/status`,
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: JSON.stringify({ status: { conditions: [{ ...condition, lastHeartbeatTime }] } }),
    });
  }
}

async function createNamespace(
  name: string,
  real: Send,
  simulated: SimulatedServer,
): Promise<void> {
  const object: KubernetesObject = namespaceObject(name);
  const request = {
    method: 'POST',
    ...{ path: '/api/v1/namespaces', body: JSON.stringify(object) },
    headers: { 'content-type': 'application/json', 'user-agent': 'differential' },
  } as const;
  await real(request);
  simulated.handle(request);
  settleSimulated(simulated);
  const node = {
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { [nodeKey]: name } } },
    spec: { taints: [{ key: nodeKey, value: name, effect: 'NoSchedule' }] },
  };
  const nodeRequest = { ...request, path: '/api/v1/nodes', body: JSON.stringify(node) };
  await real(nodeRequest);
  simulated.handle(nodeRequest);
  // The controllers of a namespace create these two objects.
  for (const path of ['configmaps/kube-root-ca.crt', 'serviceaccounts/default']) {
    const get = { method: 'GET', path: `/api/v1/namespaces/${name}/${path}`, headers: {} } as const;
    while ((await real(get)).status !== 200) await new Promise((done) => setTimeout(done, 20));
  }
}
