/** Fills a control plane with a cluster of a given size, as real clusters have their objects. */
import pLimit from 'p-limit';
import type { Api, KubernetesObject } from '../../tools/control-plane/api.ts';
import { configMap, deployment, namespace, secret } from '../../tools/control-plane/objects.ts';
import type { Size } from './size.ts';

export interface BenchWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly optedIn: boolean;
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}

export const optIn = { 'wave.pusher.com/update-on-config-change': 'true' } as const;

/**
 * The Deployments of a cluster. Those that opted in are those of its first namespaces, as it is
 * teams that opt in; each references its own sources, every third a Secret.
 */
export function workloadsOf(size: Size): readonly BenchWorkload[] {
  const perNamespace = size.deployments / size.namespaces;
  return Array.from({ length: size.deployments }, (_, i) => {
    const optedIn = i < size.optedIn;
    const references = optedIn ? size.referencesEach : size.referencesOfOthers;
    const names = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_element, n) => `config-${i}-${from + n}`);
    return {
      namespace: `team-${Math.floor(i / perNamespace)}`,
      name: `app-${i}`,
      optedIn,
      configMaps: names(0, references - 1),
      secrets: names(references - 1, references),
    };
  });
}

/**
 * Creates one object after the other, many at once; `tell` is told how far it is.
 *
 * @param waiting how many are in memory, at the most
 */
export async function create(
  api: Api,
  objects: Iterable<KubernetesObject>,
  total: number,
  tell: (text: string) => void,
  { atOnce = 24, waiting: most = 500 } = {},
): Promise<void> {
  const limit = pLimit(atOnce);
  let done = 0;
  let told = 0;
  const createOne = async (object: KubernetesObject): Promise<void> => {
    await api.create(object);
    done += 1;
    if (done - told < total / 4) return;
    told = done;
    tell(`  ${done} of ${total} objects created`);
  };
  // A hundred thousand objects are not to wait in memory at once.
  let waiting: Promise<void>[] = [];
  for (const object of objects) {
    waiting.push(limit(createOne, object));
    if (waiting.length < most) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
}

/** Everything that workloads need: namespaces, the sources that they reference, and they themselves. */
export function* usedObjects(size: Size): Generator<KubernetesObject> {
  const workloads = workloadsOf(size);
  for (let i = 0; i < size.namespaces; i += 1) yield namespace(`team-${i}`);
  let secrets = 0;
  for (const { namespace: of, configMaps, secrets: names } of workloads) {
    for (const name of configMaps) yield configMapOf(of, name);
    for (const name of names) yield secretOf(of, name, secrets++);
  }
  for (const workload of workloads) yield deploymentOf(workload);
}

/** Sources that nobody references: they are what controllers keep in memory, and we never see. */
export function* otherSources(
  size: Size,
  from: Pick<Size, 'secrets' | 'configMaps'>,
): Generator<KubernetesObject> {
  const somewhere = (i: number): string => `team-${i % size.namespaces}`;
  for (let i = from.configMaps; i < size.configMaps; i += 1)
    yield configMapOf(somewhere(i), `other-${i}`);
  for (let i = from.secrets; i < size.secrets; i += 1)
    yield secretOf(somewhere(i), `other-${i}`, i);
}

const configMapOf = (inNamespace: string, name: string): KubernetesObject =>
  configMap({ namespace: inNamespace, name, data: { 'app.yaml': filler(name, 1024) } });

/** Of each ten, three are of 2 KiB and seven of 16 KiB. */
const secretOf = (inNamespace: string, name: string, i: number): KubernetesObject =>
  secret({
    namespace: inNamespace,
    name,
    data: { password: filler(name, (i % 10 < 3 ? 2 : 16) * 1024) },
  });

function filler(name: string, bytes: number): string {
  return `${name} `.repeat(Math.ceil(bytes / (name.length + 1))).slice(0, bytes);
}

/** Of the size that a Deployment has in a cluster, with what kubectl keeps on it. */
function deploymentOf(workload: BenchWorkload): KubernetesObject {
  const { namespace: inNamespace, name, optedIn, configMaps, secrets } = workload;
  const probe = (path: string) => ({
    httpGet: { path, port: 8080 },
    periodSeconds: 10,
    failureThreshold: 3,
  });
  const object = deployment({
    namespace: inNamespace,
    name,
    labels: {
      'app.kubernetes.io/name': name,
      'app.kubernetes.io/part-of': 'shop',
      team: inNamespace,
    },
    annotations: optedIn ? { ...optIn } : {},
    pod: {
      containers: [
        {
          name: 'main',
          image: `registry.example.com/shop/${name}:1.2.3`,
          args: ['--listen=:8080', '--log-format=json', '--shutdown-timeout=20s'],
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [
            ...Array.from({ length: 10 }, (_, i) => ({
              name: `SETTING_${i}`,
              value: `value-${i}-of-${name}`,
            })),
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          envFrom: configMaps.map((source) => ({ configMapRef: { name: source } })),
          volumeMounts: secrets.map((source, i) => ({
            name: `s${i}`,
            mountPath: `/etc/${source}`,
          })),
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          livenessProbe: probe('/healthz'),
          readinessProbe: probe('/readyz'),
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
        },
      ],
      volumes: secrets.map((source, i) => ({ name: `s${i}`, secret: { secretName: source } })),
    },
  });
  const { metadata } = object;
  const lastApplied = JSON.stringify(object);
  return {
    ...object,
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        'kubectl.kubernetes.io/last-applied-configuration': lastApplied,
      },
    },
  };
}
