/** Fills a control plane with a cluster of a given size. The objects are like those in real clusters. */
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
 * The Deployments of a cluster. All Deployments of the first namespaces opted in, because teams tend to opt in
 * as a whole. Each Deployment references its own sources, and every third source is a Secret.
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
 * Creates the objects concurrently, and reports the progress through `tell`.
 *
 * @param waiting the maximum number of objects in memory
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
  // The generator may yield a hundred thousand objects. They must not all wait in memory.
  let waiting: Promise<void>[] = [];
  for (const object of objects) {
    waiting.push(limit(createOne, object));
    if (waiting.length < most) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
}

/** Namespaces, workloads, and the sources that they reference. */
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

/** Sources that no workload references. Controllers keep them in memory, and wave-cron never reads them. */
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

/** Three of ten Secrets have 2 KiB, and seven have 16 KiB. */
const secretOf = (inNamespace: string, name: string, i: number): KubernetesObject =>
  secret({
    namespace: inNamespace,
    name,
    data: { password: filler(name, (i % 10 < 3 ? 2 : 16) * 1024) },
  });

function filler(name: string, bytes: number): string {
  return `${name} `.repeat(Math.ceil(bytes / (name.length + 1))).slice(0, bytes);
}

/** A Deployment of a realistic size, with the annotation of kubectl. */
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
