/** The Pods and the annotations of the workloads in a walk. */
import { prefix } from '../../handler/run-pass.ts';
import { sourceNames } from './model.ts';
import type { Reference } from './steps.ts';

/** Keeps one reference of each kind to a source, in the original order. */
export function distinct(references: readonly Reference[]): Reference[] {
  const seen = new Set<string>();
  return references.filter(({ source, how }) => {
    // There is an annotation for each kind of source, but a walk needs only one.
    if (how === 'extra' && sourceNames[source]?.kind === 'Secret') return false;
    const key = `${source} ${how}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

export const present = (
  annotations: Readonly<Record<string, string | null>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );

export function extras(references: readonly Reference[]): Record<string, string | null> {
  const names = references.flatMap(({ source, how }) =>
    how === 'extra' ? [sourceNames[source]?.name ?? ''] : [],
  );
  return { [`${prefix}/extra-configmaps`]: names.length === 0 ? null : names.join(', ') };
}

export function podOf(
  references: readonly Reference[],
  image: number,
): { containers: object[]; volumes: object[] } {
  const of = (how: Reference['how']) =>
    references
      .filter((each) => each.how === how)
      .map(({ source }) => sourceNames[source] ?? sourceNames[0]);
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

export const isDifferent = (a: object, b: object) => JSON.stringify(a) !== JSON.stringify(b);
