/**
 * Twenty tenants who may edit one namespace each, and try to disturb all other tenants: with the largest
 * objects that the API server accepts, the most references, the largest annotations, and invalid names. Their
 * namespaces are the first ones in alphabetical order, as an attacker would choose.
 */
import { randomBytes } from 'node:crypto';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  deployment,
  mainContainer,
  secret,
  using,
} from '../../../tools/control-plane/objects.ts';
import { optIn } from '../load.ts';

export type HostileSize = 'small' | 'large';

export interface HostileTenant {
  readonly namespace: string;
  /** Yields the objects in an order in which they can be created. */
  readonly objects: () => Iterable<KubernetesObject>;
  /** The approximate size of the objects in etcd. */
  readonly megabytes: number;
}

/** The tenants whose workloads are written during passes: see commotion.ts. */
export const writers = ['a-writers-1', 'a-writers-2'] as const;
export const writtenEach = 15;
/** The tenants whose sources change before each pass. */
export const flapping = { many: 'a-flapping-1', large: 'a-flapping-2' } as const;
export const flappingSources = 3;

const amounts = {
  small: { pages: [60, 5, 5], sources: [30, 5, 5], most: 1, real: 200, users: 2, records: 4 },
  large: {
    pages: [60, 60, 60],
    sources: [30, 60, 140],
    most: 6,
    real: 1000,
    users: 10,
    records: 20,
  },
} as const;

export function hostileTenants(size: HostileSize): readonly HostileTenant[] {
  const { pages, sources, most, real, users, records } = amounts[size];
  const tenant = (
    namespace: string,
    megabytes: number,
    objects: (namespace: string) => Iterable<KubernetesObject>,
  ): HostileTenant => ({ namespace, megabytes, objects: () => objects(namespace) });
  return [
    ...pages.map((count, i) =>
      tenant(`a-pages-${i + 1}`, 1.2 * count, (of) => largestDeployments(of, count)),
    ),
    ...sources.map((count, i) =>
      tenant(`a-sources-${i + 1}`, count, (of) => largestSources(of, count)),
    ),
    tenant('a-names-1', most / 4, (of) => maxNames(of, most)),
    tenant('a-names-2', 2, namesInTemplate),
    tenant('a-names-3', 1, ownedNames),
    tenant('a-many-1', real / 1000, (of) => manySources(of, real)),
    tenant('a-many-2', real / 1000, (of) => sharedSources(of, real, users)),
    tenant('a-records-1', records / 4, (of) => ownedRecords(of, records)),
    tenant('a-records-2', records / 4, (of) => adoptedRecords(of, records)),
    tenant('a-records-3', records / 2, (of) => templateRecords(of, records)),
    tenant('a-text-1', 1, steeringNames),
    tenant('a-text-2', 7, longNames),
    ...writers.map((namespace) => tenant(namespace, 1, writtenOften)),
    tenant(flapping.many, 1, flappingMany),
    tenant(flapping.large, 2, flappingLarge),
  ];
}

/**
 * These Deployments do not opt in: they only make the lists large. A character beyond Latin-1 doubles the
 * memory that a text takes in the program. They are paused, because a ReplicaSet of each would double the data
 * in etcd.
 */
function* largestDeployments(namespace: string, count: number): Iterable<KubernetesObject> {
  for (let i = 0; i < count; i += 1) {
    const env = [{ name: 'LARGE', value: `${incompressible(1_200_000)}→` }];
    yield deployment({
      namespace,
      name: `large-${i}`,
      pod: withMain({ env }),
      spec: { paused: true },
    });
  }
}

function* largestSources(namespace: string, count: number): Iterable<KubernetesObject> {
  const names = numbered('large', count);
  for (const name of names) yield largestSecret(namespace, name);
  const envFrom = names.map((name) => ({ secretRef: { name } }));
  yield deployment({ namespace, name: 'reads', annotations: optIn, pod: withMain({ envFrom }) });
}

/** Annotations with the maximum number of names. None of the sources exists. */
function* maxNames(namespace: string, count: number): Iterable<KubernetesObject> {
  const annotations = { ...optIn, 'wave.pusher.com/extra-secrets': manyNames(250_000).join(',') };
  for (const name of numbered('names', count)) yield deployment({ namespace, name, annotations });
}

function* namesInTemplate(namespace: string): Iterable<KubernetesObject> {
  const names = manyNames(250_000).slice(0, 40_000);
  const envFrom = names.map((name) => ({ secretRef: { name, optional: true } }));
  yield deployment({ namespace, name: 'names', annotations: optIn, pod: withMain({ envFrom }) });
}

/** Records of thousands of sources that do not exist, on workloads that opted in and on workloads that did not. */
function* ownedNames(namespace: string): Iterable<KubernetesObject> {
  for (const [name, count] of [
    ['some', 500],
    ['more', 2000],
    ['most', 3000],
  ] as const) {
    const owned = JSON.stringify(
      manyNames(250_000)
        .slice(0, count)
        .map((it) => `Secret/${it}`),
    );
    const annotations = { 'wave.pusher.com/owned-sources': owned };
    yield deployment({ namespace, name, annotations });
    yield deployment({ namespace, name: `${name}-in`, annotations: { ...annotations, ...optIn } });
  }
}

function* manySources(namespace: string, count: number): Iterable<KubernetesObject> {
  const names = numbered('small', count);
  for (const name of names) yield secret({ namespace, name, data: { password: name } });
  const annotations = { ...optIn, 'wave.pusher.com/extra-secrets': names.join(',') };
  yield deployment({ namespace, name: 'reads', annotations });
}

function* sharedSources(
  namespace: string,
  count: number,
  users: number,
): Iterable<KubernetesObject> {
  const names = numbered('shared', count);
  for (const name of names) yield configMap({ namespace, name, data: { level: name } });
  for (let i = 0; i < users; i += 1) {
    // Each workload begins with another name.
    const from = Math.floor((count * i) / users);
    const order = [...names.slice(from), ...names.slice(0, from)];
    const envFrom = order.map((name) => ({ configMapRef: { name } }));
    yield deployment({
      namespace,
      name: `reads-${i}`,
      annotations: optIn,
      pod: withMain({ envFrom }),
    });
  }
}

function* ownedRecords(namespace: string, count: number): Iterable<KubernetesObject> {
  const owned = JSON.stringify(
    manyNames(250_000)
      .slice(0, 19_000)
      .map((it) => `Secret/${it}`),
  );
  const annotations = { 'wave.pusher.com/owned-sources': owned };
  for (const name of numbered('owned', count)) yield deployment({ namespace, name, annotations });
}

function* adoptedRecords(namespace: string, count: number): Iterable<KubernetesObject> {
  const config = 'a'.repeat(64);
  const adopted = JSON.stringify({ template: '', config, sources: sourceDigests(250_000) });
  const annotations = { ...optIn, 'wave.pusher.com/adopted': adopted };
  yield configMap({ namespace, name: 'settings', data: { level: 'info' } });
  for (const name of numbered('adopted', count)) {
    yield deployment({ namespace, name, annotations, pod: withSettings });
  }
}

function* templateRecords(namespace: string, count: number): Iterable<KubernetesObject> {
  const podAnnotations = {
    'wave.pusher.com/config-hash': 'b'.repeat(64),
    'wave.pusher.com/config-sources': JSON.stringify(sourceDigests(250_000)),
  };
  yield configMap({ namespace, name: 'settings', data: { level: 'info' } });
  for (const name of numbered('recorded', count)) {
    yield deployment({ namespace, name, annotations: optIn, podAnnotations, pod: withSettings });
  }
}

/**
 * Names that clear a terminal and imitate log lines, names that are paths, and a finalizer without any owner
 * reference.
 */
function* steeringNames(namespace: string): Iterable<KubernetesObject> {
  const steering =
    'x\u001b[2J\u001b[1;1H\u001b[32mINFO pass Completed\u001b]0;owned\u0007\nINFO all is well';
  for (const name of numbered('steers', 20)) {
    yield deployment({ namespace, name, annotations: optIn, pod: withVolume(steering) });
  }
  yield deployment({ namespace, name: 'path', annotations: optIn, pod: withVolume('a/b', true) });
  const held = deployment({
    namespace,
    name: 'held',
    annotations: { 'wave.pusher.com/owned-sources': '["*"]' },
  });
  yield { ...held, metadata: { ...held.metadata, finalizers: ['wave.pusher.com/finalizer'] } };
}

function* longNames(namespace: string): Iterable<KubernetesObject> {
  for (const name of numbered('long', 3)) {
    const pod = withVolume('x'.repeat(1_100_000));
    yield deployment({ namespace, name, annotations: optIn, pod });
  }
}

function* writtenOften(namespace: string): Iterable<KubernetesObject> {
  yield configMap({ namespace, name: 'settings', data: { level: 'info' } });
  for (const name of numbered('written', writtenEach)) {
    yield deployment({ namespace, name, annotations: optIn, pod: withSettings });
  }
}

function* flappingMany(namespace: string): Iterable<KubernetesObject> {
  const names = numbered('flaps', flappingSources);
  for (const name of names) yield configMap({ namespace, name, data: { level: 'info' } });
  const envFrom = names.map((name) => ({ configMapRef: { name } }));
  for (const name of numbered('rolls', 30)) {
    yield deployment({ namespace, name, annotations: optIn, pod: withMain({ envFrom }) });
  }
}

function* flappingLarge(namespace: string): Iterable<KubernetesObject> {
  yield largestSecret(namespace, 'flaps');
  for (const name of numbered('rolls', 10)) {
    yield deployment({ namespace, name, annotations: optIn, pod: withVolume('flaps') });
  }
}

/** The value differs in each call. */
export function largestSecret(namespace: string, name: string): KubernetesObject {
  return secret({
    namespace,
    name,
    binaryData: { data: randomBytes(1_000_000).toString('base64') },
  });
}

const withMain = (container: object) => ({
  containers: [{ ...mainContainer, ...container }],
});

const withSettings = using({ configMap: 'settings' });

const withVolume = (secretName: string, optional = false) => ({
  ...withMain({ volumeMounts: [{ name: 'files', mountPath: '/files' }] }),
  volumes: [{ name: 'files', secret: { secretName, optional } }],
});

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** The maximum number of names of Secrets in a list with this number of characters. */
function manyNames(characters: number): string[] {
  const names: string[] = [];
  for (let left = characters; ; ) {
    const name = names.length.toString(36).padStart(3, '0');
    left -= name.length + 1;
    if (left < 0) return names;
    names.push(name);
  }
}

function sourceDigests(characters: number): Record<string, string> {
  const each = '"Secret/0000":"012345678901",'.length;
  const names = manyNames(250_000).slice(0, Math.floor(characters / each));
  return Object.fromEntries(names.map((name) => [`Secret/${name}`, '012345678901']));
}

const incompressible = (characters: number): string =>
  randomBytes(Math.ceil((characters * 3) / 4))
    .toString('base64')
    .slice(0, characters);
