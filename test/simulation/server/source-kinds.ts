/** ConfigMaps and Secrets. */
import { cleaned } from './cleaned.ts';
import { type Draft, isMap, isSame, type JsonMap, mapOf, textOf } from './json.ts';
import type { Resource } from './resource.ts';
import { shapes } from './shape.ts';
import { type Fault, forbiddenValue, invalidValue } from './status.ts';

const keyPattern = /^[-._a-zA-Z0-9]+$/;
const keyMessage =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const mostBytes = 1024 * 1024;

function keyFaults(field: string, data: JsonMap): Fault[] {
  return Object.keys(data)
    .sort()
    .flatMap((key) => {
      const place = `${field}[${key}]`;
      const faults = [];
      if (key.length > 253) faults.push(invalidValue(place, key, 'must be no more than 253 bytes'));
      if (!keyPattern.test(key)) faults.push(invalidValue(place, key, keyMessage));
      else if (key === '.') faults.push(invalidValue(place, key, "must not be '.'"));
      else if (key.startsWith('..')) {
        const why = key === '..' ? "must not be '..'" : "must not start with '..'";
        faults.push(invalidValue(place, key, why));
      }
      return faults;
    });
}

function sizeFaults(field: string, bytes: number): Fault[] {
  if (bytes <= mostBytes) return [];
  const body = `Too long: may not be more than ${mostBytes} bytes`;
  return [{ type: 'FieldValueTooLong', field, body }];
}

/** For these fields, an empty map differs from an absent map. The data of a ConfigMap is always a map. */
const isNewEmptyMap = (raw: JsonMap, before: JsonMap, field: string): boolean =>
  isMap(raw[field]) &&
  before[field] === undefined &&
  (field === 'binaryData' || before['type'] !== undefined);

function immutableFaults(
  object: JsonMap,
  before: JsonMap,
  raw: JsonMap,
  fields: readonly string[],
): Fault[] {
  if (before['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  return [
    ...(object['immutable'] === true ? [] : [forbiddenValue('immutable', why)]),
    ...fields.flatMap((field) =>
      isSame(object[field], before[field]) && !isNewEmptyMap(raw, before, field)
        ? []
        : [forbiddenValue(field, why)],
    ),
  ];
}

export const configMaps: Resource = {
  ...{ group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
  ...{ isNamespaced: true, hasStatus: false },
  shape: shapes.plain,
  decode: cleaned,
  validate(object) {
    const [data, binaryData] = [mapOf(object['data']), mapOf(object['binaryData'])];
    const sizes = [
      ...Object.values(data).map((each) => Buffer.byteLength(textOf(each))),
      ...Object.values(binaryData).map((each) => Buffer.byteLength(textOf(each), 'base64')),
    ];
    return [
      ...keyFaults('data', data),
      ...Object.keys(data)
        .filter((key) => key in binaryData)
        .map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
      ...keyFaults('binaryData', binaryData),
      ...sizeFaults(
        '',
        sizes.reduce((sum, each) => sum + each, 0),
      ),
    ];
  },
  validateUpdate: (object, before, raw) =>
    immutableFaults(object, before, raw, ['data', 'binaryData']),
};

function decodeSecret(object: JsonMap): JsonMap {
  const { stringData, ...others } = cleaned(object);
  const result: Draft = { ...(others as JsonMap) };
  if (isMap(stringData)) {
    const encoded = Object.entries(stringData).map(([key, value]) => [
      key,
      Buffer.from(textOf(value)).toString('base64'),
    ]);
    result['data'] = { ...mapOf(result['data']), ...Object.fromEntries(encoded) };
  }
  result['type'] = textOf(result['type']) || 'Opaque';
  return result;
}

export const secrets: Resource = {
  ...{ group: '', version: 'v1', plural: 'secrets', kind: 'Secret' },
  ...{ isNamespaced: true, hasStatus: false },
  shape: shapes.plain,
  decode: decodeSecret,
  validate(object) {
    const data = mapOf(object['data']);
    const sizes = Object.values(data).map((each) => Buffer.byteLength(textOf(each), 'base64'));
    return [
      ...keyFaults('data', data),
      ...sizeFaults(
        'data',
        sizes.reduce((sum, each) => sum + each, 0),
      ),
    ];
  },
  validateUpdate(object, before, raw) {
    const type = textOf(object['type']);
    const isChanged = type !== before['type'];
    return [
      ...(isChanged ? [invalidValue('type', type, 'field is immutable')] : []),
      ...immutableFaults(object, before, raw, ['data']),
    ];
  },
};
