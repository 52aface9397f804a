/** Makes arguments for rules: a Deployment that uses ConfigMap settings and mounts SecretProviderClass vault. */
import type { ObjectMeta, WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { decide } from '../../../lib/rules/decide.ts';
import type { Proposal } from '../../../lib/rules/decision.ts';
import { withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { Hashing } from '../../../lib/rules/hash/hashing.ts';
import type { Mounted } from '../../../lib/rules/mounted.ts';
import { readSource } from '../../../lib/rules/reading.ts';
import { isMounted } from '../../../lib/rules/references.ts';
import type { SourcesSeen } from '../../../lib/rules/sources-seen.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';

export const kinds = ['ConfigMap', 'Secret', 'SecretProviderClass'] as const;
export const keys = annotationKeysOf('wave.pusher.com', [], kinds);

export const classVolume = (secretProviderClass: string) => ({
  name: secretProviderClass,
  csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { secretProviderClass } },
});

export type Given = {
  annotations?: Record<string, string>;
  onTemplate?: Record<string, string>;
  /** Default: vault. */
  classes?: readonly string[];
  restart?: 'always' | 'if-stale';
  adoption?: 'stamp' | 'if-changed';
  image?: string;
};

export function mounting(given: Given = {}): Workload {
  const { annotations, onTemplate, classes = ['vault'], image = '1' } = given;
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }];
  const container = { name: 'main', image, env };
  const object = {
    metadata: {
      ...{ namespace: 'shop', name: 'web', uid: 'web', generation: 2 },
      annotations: { [keys.updateOnConfigChange]: 'true', ...annotations },
    },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { annotations: { ...onTemplate } },
        spec: { containers: [container], volumes: classes.map(classVolume) },
      },
    },
    status: { observedGeneration: 2 },
  } satisfies WorkloadObject;
  const workload = readWorkload('Deployment', object, {
    ...{ annotations: keys, crossNamespaceReferences: [], adoption: given.adoption ?? 'stamp' },
    restart: given.restart ?? 'always',
  });
  if (workload === undefined) throw new Error('it is not opted in');
  return workload;
}

/** All Pods have these objects, and started with them, except the Pod `rotatedIn`. */
export const agreed = (
  version: string,
  more: Partial<Extract<Mounted, { state: 'agreed' }>> = {},
): Mounted => ({
  ...{ state: 'agreed', objects: version.repeat(32), rotatedIn: undefined, inAllPods: true },
  ...more,
});
export const different: Mounted = { state: 'different', pods: ['web-1', 'web-2'] };
export const unknown: Mounted = { state: 'unknown', why: 'it has no Pod' };

export type Sources = {
  /** The mounted objects by class. Default: only those of vault. */
  mounted: Mounted | Readonly<Record<string, Mounted>>;
  a?: string;
  parameters?: Record<string, string>;
};

/** The time at which the sources were written. */
export const writtenAt = '2026-11-30T09:00:00Z';

export function seenMounted(
  workload: Workload,
  { mounted, a = '1', parameters }: Sources,
): SourcesSeen {
  const { configuration } = workload;
  const references = configuration.kind === 'references' ? configuration.references : [];
  const hashing = new Hashing(workload, references, withoutKey);
  const states = 'state' in mounted ? { vault: mounted as Mounted } : mounted;
  for (const reference of hashing.order) {
    const { kind, name } = reference;
    const written = (fieldsV1: object): ObjectMeta => ({
      creationTimestamp: '2026-11-30T08:00:00Z',
      managedFields: [{ manager: 'm', time: writtenAt, fieldsV1 }],
    });
    const object = isMounted(reference)
      ? {
          metadata: written({ 'f:spec': { 'f:parameters': {} } }),
          spec: { parameters: { ...parameters } },
        }
      : { metadata: written({ 'f:data': { 'f:a': {} } }), data: { a } };
    const state = isMounted(reference) ? states[name] : undefined;
    hashing.take(reference, readSource(kind, object, 'all'), state);
  }
  const hashes = hashing.hashes();
  return { readings: hashing.readings, hashes, carriesHashOfWave: false, tooLarge: undefined };
}

export function decideMounted(given: Given, sources: Sources, pods?: PodsReading): Proposal {
  const workload = mounting(given);
  return decide(workload, seenMounted(workload, sources), pods);
}

/** Decides about these sources, and returns the same workload with the annotations that were written. */
export function recorded(given: Given, sources: Sources): Given {
  const { hashAnnotations } = decideMounted(given, sources);
  if (hashAnnotations === undefined) throw new Error('no hash is written');
  const { hash, sources: text } = hashAnnotations;
  return { ...given, onTemplate: { [keys.configHash]: hash, [keys.configSources]: text } };
}

/** Returns the same workload after the record of adoption was written. */
export function adopted(given: Given, { adopt }: Proposal): Given {
  if (adopt === undefined) throw new Error('nothing is adopted');
  const annotations = { ...given.annotations, [keys.adopted]: JSON.stringify(adopt) };
  return { ...given, annotations };
}
