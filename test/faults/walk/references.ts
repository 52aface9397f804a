/** The references of workloads to sources in a walk. */
import { sourceNames } from './names.ts';

/** How a workload references a source. */
export const mentions = ['all', 'optional', 'key', 'volume', 'extra'] as const;
export type Mention = (typeof mentions)[number];
export type Reference = { readonly source: number; readonly how: Mention };

const sourceAt = (place: number) => sourceNames[place] ?? sourceNames[0];

/**
 * Keeps one reference of each kind to a source, in the original order. There is an annotation for additional
 * sources of each kind, but a walk needs only the one for ConfigMaps.
 */
export function distinct(references: readonly Reference[]): Reference[] {
  const seen = new Set<string>();
  return references.filter(({ source, how }) => {
    if (how === 'extra' && sourceAt(source).kind === 'Secret') return false;
    const key = `${source} ${how}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** The value of the annotation for additional ConfigMaps; null if the workload does not have it. */
export function extraNames(references: readonly Reference[]): string | null {
  const names = references.flatMap(({ source, how }) =>
    how === 'extra' ? [sourceAt(source).name] : [],
  );
  return names.length === 0 ? null : names.join(', ');
}

/** The part of the pod template that the references and the image determine. */
export function podOf(
  references: readonly Reference[],
  image: number,
): { containers: object[]; volumes: object[] } {
  const of = (how: Mention) =>
    references.filter((each) => each.how === how).map(({ source }) => sourceAt(source));
  const envFrom = [
    ...of('all').map(({ kind, name }) => ({ [refField(kind)]: { name } })),
    ...of('optional').map(({ kind, name }) => ({ [refField(kind)]: { name, optional: true } })),
  ];
  const env = of('key').map(({ kind, name }) => ({
    name: `KEY_${name}`,
    valueFrom: { [kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef']: { name, key: 'x' } },
  }));
  const items = [{ key: 'y', path: 'y' }];
  const volumes = of('volume').map(({ kind, name }) => ({
    name: `volume-${name}`,
    ...(kind === 'Secret'
      ? { secret: { secretName: name, optional: true, items } }
      : { configMap: { name, optional: true, items } }),
  }));
  return {
    containers: [{ name: 'main', image: `example.com/main:${image}`, envFrom, env }],
    volumes,
  };
}

const refField = (kind: string) => (kind === 'Secret' ? 'secretRef' : 'configMapRef');
