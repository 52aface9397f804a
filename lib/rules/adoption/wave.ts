import { createHash, type Hash } from 'node:crypto';
import { type SourceKind, sourceEntry, sourceKinds } from '../../kubernetes/kinds.ts';
import { keptName } from '../../kubernetes/names.ts';
import type { Container, PodSpec } from '../../kubernetes/objects.ts';
import type { AnnotationKeys } from '../annotations.ts';
import type { SourceReading } from '../reading.ts';
import { sourceKey } from '../references.ts';
import { parseSourceList } from '../source-list.ts';

/**
 * The hash of upstream Wave, for adopting a workload from Wave without a restart. The rules of Wave
 * differ from ours: Wave ignores init containers, hashes all keys of a plain volume even if the
 * volume has `items`, and identifies a source in another namespace only by its name. The rules of
 * Wave 0.7 and 0.11 were found by experiments with the hashes that these versions wrote. The rules
 * of 0.5 and 0.6, and the rules for absent data, come from the source code of Wave.
 */

/** The kinds that Wave supports, in the order in which Wave hashes them. */
const sections = sourceKinds.flatMap((kind) => {
  const { waveMember, selectors } = sourceEntry(kind);
  return waveMember === undefined ? [] : [{ kind, member: waveMember, select: selectors }];
});

/** A reference to a source as Wave sees it. */
export interface WaveReference {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly keys: 'all' | ReadonlySet<string>;
  /**
   * The place of the reference. Only some versions of Wave support projected volumes and
   * `/extra-*`.
   */
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
  for (const volume of volumes ?? []) {
    for (const { kind, select } of sections) add(kind, select.volume(volume)?.name, 'all');
    for (const source of volume.projected?.sources ?? []) {
      for (const { kind, select } of sections) {
        const { name, items } = select.projected(source) ?? {};
        const keys = items == null || items.length === 0 ? 'all' : items.map(({ key }) => key);
        add(kind, name, keys, 'projected volume');
      }
    }
  }
  for (const { kind } of sections) {
    const annotation = annotations[annotationKeys[`extra${kind}s`]];
    for (const source of parseSourceList(annotation).sources) {
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
  for (const entry of envFrom ?? []) {
    for (const { kind, select } of sections) add(kind, select.envFrom(entry)?.name, 'all');
  }
  for (const { valueFrom } of env ?? []) {
    for (const { kind, select } of sections) {
      const { name, key } = select.env(valueFrom ?? {}) ?? {};
      add(kind, name, [key]);
    }
  }
}

/**
 * Which references a version of Wave includes, and how this version encodes the values of the
 * sources.
 */
interface Format {
  readonly sees: ReadonlySet<WaveReference['by']>;
  /**
   * The kinds for which a source is hashed as `null` if the source has no data and all keys are
   * used. If only some keys are used and none of these keys exists, the source is always hashed as
   * `{}`.
   */
  readonly emptyIsNull: 'none' | 'confidential' | 'all';
  /**
   * How values that are not confidential are encoded. With `text`, the version ignores
   * `binaryData`.
   */
  readonly plainValues: 'base64' | 'text';
}

const inTemplate = ['template', 'projected volume'] as const;

const formats: readonly Format[] = [
  { sees: new Set([...inTemplate, 'annotation']), emptyIsNull: 'none', plainValues: 'base64' },
  {
    sees: new Set([...inTemplate, 'annotation']),
    emptyIsNull: 'confidential',
    plainValues: 'base64',
  },
  { sees: new Set(inTemplate), emptyIsNull: 'confidential', plainValues: 'base64' },
  { sees: new Set(inTemplate), emptyIsNull: 'all', plainValues: 'text' },
  { sees: new Set(['template']), emptyIsNull: 'all', plainValues: 'text' },
];

/**
 * References that Wave treats as one source: references to the same source, and references to
 * sources with the same name in different namespaces.
 */
export interface WaveGroup {
  readonly kind: SourceKind;
  readonly name: string;
  readonly references: readonly WaveReference[];
}

/**
 * Checks whether any version of Wave since 0.5 would write a given hash for the given sources. The
 * sources are added group by group, in the order in which Wave hashes them. The readings of the
 * sources must contain all keys.
 */
export class WaveHashing {
  /** The required order of the groups. */
  readonly order: readonly WaveGroup[];
  readonly #hashes: readonly { readonly format: Format; readonly hash: Hash }[];
  #section = 0;
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
    for (const { hash } of this.#hashes) hash.update(`{"${sections[0]?.member}":{`);
  }

  /** @param readings one for each reference of the group, by `sourceKey` */
  take(group: WaveGroup, readings: ReadonlyMap<string, SourceReading>): void {
    while (sections[this.#section]?.kind !== group.kind) this.#nextSection();
    for (const { format, hash } of this.#hashes) {
      const joined = joinedValues(group, readings, format);
      if (joined === undefined) continue;
      const separator = this.#begun.has(format) ? ',' : '';
      this.#begun.add(format);
      hash.update(`${separator}${JSON.stringify(group.name)}:`);
      const { values, isWhole } = joined;
      const isNull = values.size === 0 && isWhole && isNullIfEmpty(group.kind, format);
      for (const piece of isNull ? ['null'] : jsonOf(values)) hash.update(piece);
    }
  }

  /**
   * Whether one of the versions of Wave would write this hash. Call this function once, after all
   * groups were added.
   */
  matches(carried: string): boolean {
    while (this.#section < sections.length - 1) this.#nextSection();
    return this.#hashes.some(({ hash }) => hash.update('}}').digest('hex') === carried);
  }

  #nextSection(): void {
    this.#section += 1;
    const section = sections[this.#section];
    if (section === undefined) throw new Error('a source of a kind that Wave does not know');
    this.#begun.clear();
    for (const { hash } of this.#hashes) hash.update(`},"${section.member}":{`);
  }
}

function isNullIfEmpty(kind: SourceKind, { emptyIsNull }: Format): boolean {
  return emptyIsNull === 'confidential' ? sourceEntry(kind).isConfidential : emptyIsNull === 'all';
}

interface JoinedValues {
  /** The keys with the JSON text of their values. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether any reference uses all keys. If so, Wave hashes the whole source. */
  readonly isWhole: boolean;
}

/** Undefined if Wave does not include any of the sources. */
function joinedValues(
  { kind, references }: WaveGroup,
  readings: ReadonlyMap<string, SourceReading>,
  { sees, plainValues }: Format,
): JoinedValues | undefined {
  const values = new Map<string, string>();
  const seen = references.flatMap((each) => {
    const reading = readings.get(sourceKey(each));
    return sees.has(each.by) && reading?.state === 'present' ? [{ keys: each.keys, reading }] : [];
  });
  const asText = plainValues === 'text' && !sourceEntry(kind).isConfidential;
  for (const { keys, reading } of seen) {
    for (const [key, base64] of reading.data) {
      if (keys !== 'all' && !keys.has(key)) continue;
      if (asText && reading.binaryKeys?.has(key)) continue;
      values.set(key, asText ? goString(Buffer.from(base64, 'base64').toString()) : `"${base64}"`);
    }
  }
  const isWhole = seen.some(({ keys }) => keys === 'all');
  return seen.length === 0 ? undefined : { values, isWhole };
}

/** The parts of a JSON object. Its keys are sorted as bytes, as Go sorts the keys of a map. */
function* jsonOf(values: ReadonlyMap<string, string>): Generator<string> {
  let separator = '{';
  for (const [key, text] of [...values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield `${separator}${JSON.stringify(key)}:${text}`;
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

/**
 * A string as Go's JSON encoder writes it. The encoder escapes characters of HTML, and uses fewer
 * short escapes than JavaScript.
 */
function goString(text: string): string {
  return JSON.stringify(text)
    .replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/\\(\\|b|f)/g, (short, c: string) =>
      c === 'b' ? '\\u0008' : c === 'f' ? '\\u000c' : short,
    );
}
