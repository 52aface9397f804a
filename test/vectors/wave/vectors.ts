/**
 * Objects, and the hashes that upstream Wave 0.11 and 0.7 wrote for them on a real control plane
 * (kube-apiserver 1.36.3, measured on 2026-11-25); null where it wrote none.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';

type Version = '0.11' | '0.7';

export type Vector = {
  readonly sources: readonly {
    readonly kind: 'ConfigMap' | 'Secret';
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly data?: Record<string, string>;
    readonly binaryData?: Record<string, string>;
  }[];
  readonly workloads: readonly {
    readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
    readonly namespace: string;
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
    /** The Pod spec. */
    readonly template: Fields;
    readonly hashes: Readonly<Record<Version, string | null>>;
  }[];
};

const read = (file: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'));

/** The objects as they were applied. */
export function waveObjects(): KubernetesObject[] {
  return (read('objects.json') as { items: KubernetesObject[] }).items;
}

export function waveVectors(): Vector {
  const hashes = {
    '0.11': read('hashes-wave-0.11.json') as Record<string, string | null>,
    '0.7': read('hashes-wave-0.7.json') as Record<string, string | null>,
  };
  const objects = waveObjects();
  const sources = objects.filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret');
  const workloads = objects.filter(({ spec }) => spec !== undefined);
  return {
    sources: sources as unknown as Vector['sources'],
    workloads: workloads.map(({ kind, metadata, spec }) => ({
      kind: kind as Vector['workloads'][number]['kind'],
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      annotations: metadata.annotations ?? {},
      template: (spec as { template: { spec: Fields } }).template.spec,
      hashes: {
        '0.11': hashes['0.11'][`${kind}/${metadata.name}`] ?? null,
        '0.7': hashes['0.7'][`${kind}/${metadata.name}`] ?? null,
      },
    })),
  };
}
