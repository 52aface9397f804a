import { createHash, type Hash } from 'node:crypto';
import { keptName } from '../../kubernetes/names.ts';
import type { Container, PodSpec } from '../../kubernetes/objects.ts';
import { type AnnotationKeys, parseSourceList } from '../annotations.ts';
import type { SourceReading } from '../reading.ts';
import { type SourceKind, sourceKey } from '../references.ts';

/**
 * The hash of upstream Wave, for adopting a workload from Wave without a restart. Its rules differ
 * from ours: it ignores init containers, hashes all keys of a plain volume whatever its `items`,
 * and identifies a source of another namespace by its plain name. The rules were found by measuring
 * what Wave 0.7 and 0.11 wrote. The rules of 0.5 and 0.6, and for absent data, come from their
 * source code.
 */

/** A source as Wave sees it. */
export interface WaveReference {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly keys: 'all' | ReadonlySet<string>;
  /** Only some versions support projected volumes and `/extra-*`. */
  readonly by: 'template' | 'projected volume' | 'annotation';
}

export function waveReferences(
  { containers, volumes }: PodSpec,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
  annotationKeys: AnnotationKeys,
): WaveReference[] {
  const references: WaveReference[] = [];
  const add = (
    kind: SourceKind,
    name: string | null | undefined,
    keys: readonly (string | null | undefined)[] | 'all',
    by: WaveReference['by'] = 'template',
  ): void => {
    if (!name) return;
    const wanted = keys === 'all' ? keys : new Set(keys.map((key) => keptName(key ?? '')));
    references.push({ kind, namespace, name: keptName(name), keys: wanted, by });
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
        const keys = items.length === 0 ? 'all' : items.map(({ key }) => key);
        add(kind, selector?.name, keys, 'projected volume');
      }
    }
  }
  for (const [kind, annotation] of [
    ['ConfigMap', annotationKeys.extraConfigMaps],
    ['Secret', annotationKeys.extraSecrets],
  ] as const) {
    for (const source of parseSourceList(annotations[annotation]).sources) {
      const { name } = source;
      const other = source.namespace ?? namespace;
      references.push({ kind, namespace: other, name, keys: 'all', by: 'annotation' });
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

/** What a version of Wave includes, and how it encodes it. */
interface Format {
  readonly sees: ReadonlySet<WaveReference['by']>;
  /**
   * Kinds for which a whole source without data is `null`. If only missing keys are referenced, it
   * is always `{}`.
   */
  readonly emptyIsNull: readonly SourceKind[];
  /** With text encoding, Wave ignores `binaryData`. */
  readonly configMapValues: 'base64' | 'text';
}

const inTemplate = ['template', 'projected volume'] as const;

const formats: readonly Format[] = [
  { sees: new Set([...inTemplate, 'annotation']), emptyIsNull: [], configMapValues: 'base64' },
  {
    sees: new Set([...inTemplate, 'annotation']),
    emptyIsNull: ['Secret'],
    configMapValues: 'base64',
  },
  { sees: new Set(inTemplate), emptyIsNull: ['Secret'], configMapValues: 'base64' },
  { sees: new Set(inTemplate), emptyIsNull: ['ConfigMap', 'Secret'], configMapValues: 'text' },
  { sees: new Set(['template']), emptyIsNull: ['ConfigMap', 'Secret'], configMapValues: 'text' },
];

/**
 * Sources that are one to Wave: mentions of the same source, and sources with the same name in
 * different namespaces.
 */
export interface WaveGroup {
  readonly kind: SourceKind;
  readonly name: string;
  readonly references: readonly WaveReference[];
}

/**
 * Checks whether any version of Wave since 0.5 would write a hash for the given sources. They are
 * added group by group, in the order of Wave's text. Their readings must contain all keys.
 */
export class WaveHashing {
  /** The required order of the groups. */
  readonly order: readonly WaveGroup[];
  readonly #hashes: readonly { readonly format: Format; readonly hash: Hash }[];
  #section: SourceKind = 'ConfigMap';
  readonly #begun = new Set<Format>();

  constructor(references: readonly WaveReference[]) {
    const groups = Map.groupBy(references, ({ kind, name }) => `${kind}/${name}`);
    this.order = [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, [first, ...rest]]) =>
        first === undefined
          ? []
          : [{ kind: first.kind, name: first.name, references: [first, ...rest] }],
      );
    this.#hashes = formats.map((format) => ({ format, hash: createHash('sha256') }));
    for (const { hash } of this.#hashes) hash.update('{"configMaps":{');
  }

  /** @param readings one for each reference of the group, by `sourceKey` */
  take(group: WaveGroup, readings: ReadonlyMap<string, SourceReading>): void {
    if (group.kind === 'Secret') this.#beginSecrets();
    for (const { format, hash } of this.#hashes) {
      const joined = joinedValues(group, readings, format);
      if (joined === undefined) continue;
      const separator = this.#begun.has(format) ? ',' : '';
      this.#begun.add(format);
      hash.update(`${separator}${JSON.stringify(group.name)}:`);
      const { values, isWhole } = joined;
      const isNull = values.size === 0 && isWhole && format.emptyIsNull.includes(group.kind);
      for (const piece of isNull ? ['null'] : jsonOf(values)) hash.update(piece);
    }
  }

  /** Call it once, after all groups were added. */
  matches(carried: string): boolean {
    this.#beginSecrets();
    return this.#hashes.some(({ hash }) => hash.update('}}').digest('hex') === carried);
  }

  #beginSecrets(): void {
    if (this.#section === 'Secret') return;
    this.#section = 'Secret';
    this.#begun.clear();
    for (const { hash } of this.#hashes) hash.update('},"secrets":{');
  }
}

interface JoinedValues {
  /** Keys with the JSON text of their values. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether any mention uses all keys. Then Wave hashes the source as it is. */
  readonly isWhole: boolean;
}

/** Undefined if Wave sees none of the sources. */
function joinedValues(
  { kind, references }: WaveGroup,
  readings: ReadonlyMap<string, SourceReading>,
  { sees, configMapValues }: Format,
): JoinedValues | undefined {
  const values = new Map<string, string>();
  const seen = references.filter(
    (each) => sees.has(each.by) && readings.get(sourceKey(each))?.state === 'present',
  );
  for (const reference of seen) {
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present') continue;
    const { keys } = reference;
    const asText = kind === 'ConfigMap' && configMapValues === 'text';
    for (const [key, base64] of reading.data) {
      if (keys !== 'all' && !keys.has(key)) continue;
      if (asText && reading.binaryKeys?.has(key)) continue;
      values.set(key, asText ? goString(Buffer.from(base64, 'base64').toString()) : `"${base64}"`);
    }
  }
  const isWhole = seen.some(({ keys }) => keys === 'all');
  return seen.length === 0 ? undefined : { values, isWhole };
}

/** The parts of a JSON object, with its keys sorted as bytes, like Go sorts the keys of a map. */
function* jsonOf(values: ReadonlyMap<string, string>): Generator<string> {
  let separator = '{';
  for (const [key, text] of [...values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield `${separator}${JSON.stringify(key)}:${text}`;
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

/** A string as Go's encoder writes it: escaped for HTML, and with fewer short escapes. */
function goString(text: string): string {
  return JSON.stringify(text)
    .replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/\\(\\|b|f)/g, (short, c: string) =>
      c === 'b' ? '\\u0008' : c === 'f' ? '\\u000c' : short,
    );
}
