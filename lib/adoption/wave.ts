import { createHash } from 'node:crypto';
import { type AnnotationNames, parseSourceList } from '../annotations.ts';
import type { Readings } from '../decide.ts';
import type { Container, PodSpec } from '../pod-spec.ts';
import type { Reading } from '../reading.ts';
import { type SourceKind, sourceKey } from '../references.ts';
import { keptName } from '../source-name.ts';

/**
 * The hash of upstream Wave, which carries a workload over to us without a restart. Its rules are
 * not ours: it sees no init container, takes a plain volume for all keys whatever its `items`, and
 * knows a source of another namespace by its bare name. They were found by measuring what Wave 0.7
 * and 0.11 wrote; 0.5 and 0.6 differ in the values of ConfigMaps.
 */

/** A source as Wave sees it referenced. */
export interface WaveReference {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly keys: 'all' | ReadonlySet<string>;
  /** Named by `/extra-*`, which 0.7 and earlier do not know. */
  readonly extra: boolean;
}

export function waveReferences(
  { containers, volumes }: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  names: AnnotationNames,
): WaveReference[] {
  const references: WaveReference[] = [];
  const add = (
    kind: SourceKind,
    name: string | null | undefined,
    keys: readonly (string | null | undefined)[] | 'all',
  ): void => {
    if (!name) return;
    const wanted = keys === 'all' ? keys : new Set(keys.map((key) => keptName(key ?? '')));
    references.push({ kind, namespace, name: keptName(name), keys: wanted, extra: false });
  };
  for (const container of containers ?? []) addEnvironment(container, add);
  for (const { configMap, secret, projected } of volumes ?? []) {
    add('ConfigMap', configMap?.name, 'all');
    add('Secret', secret?.secretName, 'all');
    for (const source of projected?.sources ?? []) {
      for (const [kind, selector] of [
        ['ConfigMap', source.configMap],
        ['Secret', source.secret],
      ] as const) {
        const items = selector?.items ?? [];
        add(kind, selector?.name, items.length === 0 ? 'all' : items.map(({ key }) => key));
      }
    }
  }
  for (const [kind, annotation] of [
    ['ConfigMap', names.extraConfigMaps],
    ['Secret', names.extraSecrets],
  ] as const) {
    for (const source of parseSourceList(annotations[annotation]).sources) {
      const { name } = source;
      const other = source.namespace ?? namespace;
      references.push({ kind, namespace: other, name, keys: 'all', extra: true });
    }
  }
  return references;
}

function addEnvironment(
  { env, envFrom }: Container,
  add: (
    kind: SourceKind,
    name: string | null | undefined,
    keys: 'all' | (string | null | undefined)[],
  ) => void,
): void {
  for (const { configMapRef, secretRef } of envFrom ?? []) {
    add('ConfigMap', configMapRef?.name, 'all');
    add('Secret', secretRef?.name, 'all');
  }
  for (const { valueFrom } of env ?? []) {
    add('ConfigMap', valueFrom?.configMapKeyRef?.name, [valueFrom?.configMapKeyRef?.key]);
    add('Secret', valueFrom?.secretKeyRef?.name, [valueFrom?.secretKeyRef?.key]);
  }
}

/**
 * Whether Wave, of any version since 0.5, would write this hash over these readings. The readings
 * must hold all keys.
 */
export function isHashOfWave(
  hash: string,
  references: readonly WaveReference[],
  readings: Readings,
): boolean {
  return formats.some((format) => waveHash(references, readings, format) === hash);
}

interface Format {
  readonly extras: boolean;
  readonly emptySecret: '{}' | 'null';
  readonly configMapValues: 'base64' | 'text';
}

const formats: readonly Format[] = [
  { extras: true, emptySecret: '{}', configMapValues: 'base64' },
  { extras: false, emptySecret: 'null', configMapValues: 'base64' },
  { extras: false, emptySecret: 'null', configMapValues: 'text' },
];

/** Undefined where a source that Wave sees was not read, or could not be. */
function waveHash(
  references: readonly WaveReference[],
  readings: Readings,
  format: Format,
): string | undefined {
  const configMaps = new Map<string, Map<string, string> | null>();
  const secrets = new Map<string, Map<string, string> | null>();
  for (const reference of references) {
    if (reference.extra && !format.extras) continue;
    const reading = readings.get(sourceKey(reference));
    if (reading === undefined || reading.state === 'unreadable') return undefined;
    if (reading.state === 'absent') continue;
    const { kind, name } = reference;
    const values = valuesOf(kind, reading, reference.keys, format);
    const sources = kind === 'Secret' ? secrets : configMaps;
    const known = sources.get(name);
    // Mentions of one source join, and so do sources of one name in different namespaces.
    const joined = known ? new Map([...known, ...values]) : values;
    const isNull = format.emptySecret === 'null' && kind === 'Secret' && joined.size === 0;
    sources.set(name, isNull ? null : joined);
  }
  const text = `{"configMaps":${jsonOf(configMaps, (value) => jsonOfValues(value))},"secrets":${jsonOf(secrets, (value) => jsonOfValues(value))}}`;
  return createHash('sha256').update(text).digest('hex');
}

/** Key to the JSON text of its value. */
function valuesOf(
  kind: SourceKind,
  reading: Extract<Reading, { state: 'present' }>,
  keys: 'all' | ReadonlySet<string>,
  { configMapValues }: Format,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, base64] of reading.data) {
    if (keys !== 'all' && !keys.has(key)) continue;
    const asText = kind === 'ConfigMap' && configMapValues === 'text';
    values.set(key, asText ? goString(Buffer.from(base64, 'base64').toString()) : `"${base64}"`);
  }
  return values;
}

function jsonOfValues(values: ReadonlyMap<string, string> | null): string {
  return values === null ? 'null' : jsonOf(values, (text) => text);
}

/** A JSON object, its keys sorted as bytes, as Go sorts the keys of a map. */
function jsonOf<T>(map: ReadonlyMap<string, T>, value: (of: T) => string): string {
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${value(each)}`).join(',')}}`;
}

/** A string as Go's encoder writes it: safe within HTML, and with fewer short forms. */
function goString(text: string): string {
  return JSON.stringify(text)
    .replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/\\(\\|b|f)/g, (short, c: string) =>
      c === 'b' ? '\\u0008' : c === 'f' ? '\\u000c' : short,
    );
}
