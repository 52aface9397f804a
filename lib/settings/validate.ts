import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { readWindows } from '../schedule/window-list.ts';
import { nearest } from '../text/nearest.ts';
import { allSettings } from './all-settings.ts';
import { allowed } from './allowed.ts';
import { entryProblem } from './entry-problem.ts';
import { formats } from './formats.ts';
import type { Origin } from './origin.ts';
import {
  type SettingGroupSchema,
  type SettingSchema,
  settingsSchema,
  type ValueSchema,
} from './schema.ts';
import { shownValue } from './shown-value.ts';

/** Settings from one source: the file, the environment or the flags. */
export interface Layer {
  /** The values, nested as in a file. */
  readonly values: object;
  /**
   * The name of a setting or an unknown key in messages: `settings.yaml:3:5: lease.name`,
   * `--lease-name`. `keys` is the path of the invalid value, which may be an entry of a list.
   */
  subject(path: string, keys: readonly string[]): string;
  origin(keys: readonly string[]): Origin;
  /** Whether values have types as in YAML, so that quotes make a difference. */
  readonly isTyped: boolean;
}

export interface Given {
  readonly value: unknown;
  readonly origin: Origin;
}

export interface CheckedLayer {
  /** The valid values, by the path of each setting. */
  readonly given: ReadonlyMap<string, Given>;
  /** The problems, one line each. */
  readonly problems: readonly string[];
}

/** The maximum number of problems of one layer. More problems do not help a reader. */
const maxReported = 50;

/** Checks one layer against the schema and describes all problems. */
export function checkLayer(layer: Layer): CheckedLayer {
  if (Object.keys(layer.values).length === 0) return { given: new Map(), problems: [] };
  const validate = validatorFor(layer.values);
  const errors = validate(layer.values) ? [] : firstOfEach(validate.errors ?? []);
  const wrong = errors.map(keysOf);
  // Positions are found only for the reported errors: for a hundred thousand errors, this would
  // take long.
  const reported = inFileOrder(errors.slice(0, maxReported), layer);
  const problems = reported.map((error) => sentence(error, layer));
  if (errors.length > reported.length) {
    problems.push(`and ${errors.length - reported.length} more problems`);
  }

  const given = new Map<string, Given>();
  for (const { path } of allSettings) {
    const keys = path.split('.');
    const value = valueAt(layer.values, keys);
    const isWrong = wrong.some((at) => keys.every((key, depth) => (at[depth] ?? key) === key));
    if (value !== undefined && !isWrong) given.set(path, { value, origin: layer.origin(keys) });
  }
  return { given, problems };
}

function inFileOrder(errors: readonly ErrorObject[], layer: Layer): ErrorObject[] {
  const position = (error: ErrorObject): readonly [number, number] => {
    const origin = layer.origin(keysOf(error));
    return origin.kind === 'file' ? [origin.line, origin.column] : [0, 0];
  };
  return errors
    .map((error) => ({ error, at: position(error) }))
    .sort(({ at: a }, { at: b }) => a[0] - b[0] || a[1] - b[1])
    .map(({ error }) => error);
}

/**
 * Compiles a validator only for the given settings. Most layers contain few settings. To compile
 * the rules of all settings would take longer than everything else at the start.
 */
function validatorFor(values: object): ValidateFunction {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    allowUnionTypes: true,
    // A test checks the schema itself. A check at each start would take a tenth of a second.
    validateSchema: false,
    // The validator runs only once, and optimizing it would take longer than running it.
    code: { optimize: false },
  });
  ajv.addVocabulary(['allowed', 'group', 'ofProcess', 'placeholder', 'renamed', 'confidential']);
  ajv.addKeyword({
    keyword: 'windows',
    type: 'array',
    validate: (_: true, value: unknown) => windowsProblem(value) === undefined,
  });
  for (const [name, problem] of Object.entries(formats)) {
    ajv.addFormat(name, { type: 'string', validate: (text) => problem(text, '') === undefined });
  }
  return ajv.compile(partOf(settingsSchema, values));
}

/** The part of the schema for the given settings. Settings that are not given cannot be invalid. */
function partOf(group: SettingGroupSchema, values: object): SettingGroupSchema {
  const given = new Map(Object.entries(values));
  const properties: Record<string, SettingSchema | SettingGroupSchema> = Object.create(null);
  for (const [name, schema] of Object.entries(group.properties)) {
    if (!given.has(name)) continue;
    const value: unknown = given.get(name);
    const isGroup =
      schema.type === 'object' &&
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value);
    properties[name] = isGroup ? partOf(schema, value) : schema;
  }
  return { ...group, properties };
}

/** The path of the invalid value. If a key is unknown, the path of the key. */
function keysOf(error: ErrorObject): string[] {
  const keys = error.instancePath.split('/').slice(1);
  const unknown: unknown = error.params['additionalProperty'];
  return typeof unknown === 'string' ? [...keys, unknown] : keys;
}

/**
 * What is wrong with a list of windows. If a window names no time zone, its time zone is not checked
 * here: the window gets the setting `timeZone` later.
 */
function windowsProblem(value: unknown): string | undefined {
  const windows = readWindows(value, 'UTC', '');
  return 'problem' in windows ? windows.problem : undefined;
}

/**
 * Keeps the first error of each value. If `reads: "x"` has the wrong type, further errors of this
 * value do not matter.
 */
function firstOfEach(errors: readonly ErrorObject[]): ErrorObject[] {
  const seen = new Set<string>();
  return errors.filter((error) => {
    if (error.keyword === 'additionalProperties') return true;
    const isFirst = !seen.has(error.instancePath);
    seen.add(error.instancePath);
    return isFirst;
  });
}

function sentence(error: ErrorObject, layer: Layer): string {
  const keys = keysOf(error);
  const entry = entryProblem(error, keys);
  if (entry !== undefined) return `${layer.subject(entry.path, keys)} ${entry.problem}`;
  if (error.keyword === 'additionalProperties') {
    return `${layer.subject(shortened(keys.join('.')), keys)} ${unknownSetting(keys)}`;
  }
  if (error.keyword === 'windows')
    return `${layer.subject(keys.join('.'), keys)} ${windowsProblem(error.data)}`;
  const isEntry = /\/\d+$/.test(error.instancePath);
  const subject = layer.subject((isEntry ? keys.slice(0, -1) : keys).join('.'), keys);
  const value: unknown = error.data;
  if (error.keyword === 'uniqueItems' && Array.isArray(value)) {
    return `${subject} lists ${shownValue(value[Number(error.params['i'])])} more than once`;
  }
  const shown = shownValue(value, error.parentSchema?.['format'] === 'http-url');
  return `${subject} ${isEntry ? 'contains' : 'is'} ${shown}: ${why(error, layer)}`;
}

function why(error: ErrorObject, layer: Layer): string {
  const value: unknown = error.data;
  const parent = error.parentSchema;
  if (parent?.['type'] === 'object') {
    return `must be a mapping of ${Object.keys(Object(parent['properties'])).join(', ')}`;
  }
  // The `satisfies` of the schema guarantees that the schema of each setting has this shape.
  const schema = parent as ValueSchema;
  const takes = allowed(schema);
  const format = schema.format === undefined ? undefined : formats[schema.format];
  if (error.keyword === 'format' && format !== undefined && typeof value === 'string') {
    return format(value, takes) ?? `must be ${takes}`;
  }
  if (error.keyword === 'minItems') return `must not be empty; it must be ${takes}`;
  const renamed = typeof value === 'string' ? schema.renamed?.[value] : undefined;
  if (renamed !== undefined) return `must be ${takes}; ${renamed}`;
  return `must be ${takes}${typeHint(value, schema, layer)}`;
}

function typeHint(value: unknown, schema: ValueSchema, layer: Layer): string {
  if (!layer.isTyped) return '';
  if (value === null) return '; omit it to use the default';
  if (schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return '; put it in quotes';
  }
  const isNumberInQuotes = typeof value === 'string' && /^-?\d+$/.test(value);
  return schema.type === 'integer' && isNumberInQuotes ? '; remove the quotes' : '';
}

/**
 * Shortens a key, which may be as long as the file. The names of settings are shorter than the
 * limit.
 */
function shortened(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 99)}…`;
}

function unknownSetting(keys: readonly string[]): string {
  const paths = allSettings.map(({ path }) => path);
  const groups = paths.filter((path) => path.includes('.')).map((path) => path.split('.')[0] ?? '');
  const known = keys.length > 1 ? paths : [...paths, ...new Set(groups)];
  const siblings = known
    .filter((path) => keys.length === 1 || path.startsWith(`${keys[0]}.`))
    .filter((path) => path.split('.').length === keys.length);
  return notASetting(keys.join('.'), known, siblings);
}

/** The clause `is not a setting; did you mean …?`, or with the list of known settings if none is similar. */
export function notASetting(
  name: string,
  known: readonly string[],
  listed: readonly string[] = known,
): string {
  const near = nearest(name, known);
  if (near !== undefined) return `is not a setting; did you mean ${near}?`;
  return `is not a setting; known settings: ${listed.join(', ')}`;
}

function valueAt(values: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Readonly<Record<string, unknown>>)[key]
        : undefined,
    values,
  );
}
