/** The API server's validation of metadata. */
import { isList, isSame, type Json, type JsonMap, mapOf, mapsOf, textOf } from './json.ts';
import type { Resource } from './resource.ts';
import { type Fault, forbiddenValue, invalidValue, requiredValue } from './status.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const namePartMessage =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueMessage =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const tooManyBytes = (most: number) => `must be no more than ${most} bytes`;

export function nameFaults(name: string, isLabel = false): Fault[] {
  if (name === '') return [requiredValue('metadata.name', 'name or generateName is required')];
  const [pattern, message, most] = isLabel
    ? [label, labelMessage, 63]
    : [subdomain, subdomainMessage, 253];
  return [
    ...(name.length > most ? [invalidValue('metadata.name', name, tooManyBytes(most))] : []),
    ...(pattern.test(name) ? [] : [invalidValue('metadata.name', name, message)]),
  ];
}

/** The problems of a name such as `example.com/name`. */
export function qualifiedNameProblems(name: string): string[] {
  const parts = name.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const own = parts.at(-1) ?? '';
  const problems: string[] = [];
  if (parts.length === 2) {
    const [prefix = ''] = parts;
    if (prefix === '') problems.push('prefix part must be non-empty');
    else if (!subdomain.test(prefix)) problems.push(`prefix part ${subdomainMessage}`);
  }
  if (own === '') problems.push('name part must be non-empty');
  else if (own.length > 63) problems.push(`name part ${tooManyBytes(63)}`);
  if (!namePart.test(own)) problems.push(namePartMessage);
  return problems;
}

function labelFaults(labels: JsonMap): Fault[] {
  const field = 'metadata.labels';
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((why) => invalidValue(field, key, why)),
    ...labelValueProblems(textOf(value)).map((why) => invalidValue(field, value, why)),
  ]);
}

function labelValueProblems(value: string): string[] {
  return [
    ...(value.length > 63 ? [tooManyBytes(63)] : []),
    ...(labelValue.test(value) ? [] : [labelValueMessage]),
  ];
}

const largestAnnotations = 256 * 1024;

export function annotationFaults(annotations: JsonMap, field = 'metadata.annotations'): Fault[] {
  const faults = Object.keys(annotations).flatMap((key) =>
    qualifiedNameProblems(key.toLowerCase()).map((why) => invalidValue(field, key, why)),
  );
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += key.length + Buffer.byteLength(textOf(value));
  }
  if (bytes <= largestAnnotations) return faults;
  const body = `Too long: may not be more than ${largestAnnotations} bytes`;
  return [...faults, { type: 'FieldValueTooLong', field, body }];
}

function ownerFaults(owners: Json | undefined): Fault[] {
  const field = 'metadata.ownerReferences';
  const faults: Fault[] = [];
  let controller: string | undefined;
  for (const owner of mapsOf(owners)) {
    const { apiVersion, kind, name, uid } = owner;
    const required = { kind, name, uid };
    if (textOf(apiVersion) === '') {
      faults.push(invalidValue(`${field}.apiVersion`, '', 'version must not be empty'));
    }
    for (const [part, value] of Object.entries(required)) {
      if (textOf(value) === '')
        faults.push(invalidValue(`${field}.${part}`, '', 'must not be empty'));
    }
    if (apiVersion === 'v1' && kind === 'Event') {
      faults.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner['controller'] !== true) continue;
    const now = `${textOf(kind)}/${textOf(name)}`;
    if (controller === undefined) controller = now;
    else faults.push(invalidValue(field, owners ?? null, twoControllers(controller, now)));
  }
  return faults;
}

const twoControllers = (first: string, second: string): string =>
  `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];
const notQualified = 'name is neither a standard finalizer name nor is it fully qualified';

function finalizerFaults(finalizers: Json | undefined, mayBeAny: boolean): Fault[] {
  if (!isList(finalizers)) return [];
  const field = 'metadata.finalizers';
  const faults = finalizers.flatMap((each, at) => [
    ...qualifiedNameProblems(textOf(each)).map((why) => invalidValue(field, each, why)),
    ...(mayBeAny || textOf(each).includes('/') || standardFinalizers.includes(textOf(each))
      ? []
      : [invalidValue(`${field}[${at}]`, each, notQualified)]),
  ]);
  if (!finalizers.includes('orphan') || !finalizers.includes('foregroundDeletion')) return faults;
  const both = 'finalizer orphan and foregroundDeletion cannot be both set';
  return [...faults, invalidValue(field, finalizers, both)];
}

type Rules = Pick<Resource, 'hasAnyFinalizers'>;

/** All faults in the metadata, except in the name. */
export function metadataFaults(metadata: JsonMap, { hasAnyFinalizers }: Rules): Fault[] {
  return [
    ...labelFaults(mapOf(metadata['labels'])),
    ...annotationFaults(mapOf(metadata['annotations'])),
    ...ownerFaults(metadata['ownerReferences']),
    ...finalizerFaults(metadata['finalizers'], hasAnyFinalizers === true),
  ];
}

const immutable = 'field is immutable';

export function metadataUpdateFaults(metadata: JsonMap, before: JsonMap, rules: Rules): Fault[] {
  const faults: Fault[] = [];
  if (before['deletionTimestamp'] !== undefined) {
    const old = isList(before['finalizers']) ? before['finalizers'] : [];
    const now = isList(metadata['finalizers']) ? metadata['finalizers'] : [];
    const added = [...new Set(now.filter((each) => !old.includes(each)))].sort();
    if (added.length > 0) {
      const names = added.map((each) => JSON.stringify(each)).join(', ');
      faults.push(
        forbiddenValue(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`,
        ),
      );
    }
  }
  for (const field of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ]) {
    if (isSame(metadata[field], before[field])) continue;
    faults.push(invalidValue(`metadata.${field}`, metadata[field] ?? null, immutable));
  }
  return [...faults, ...metadataFaults(metadata, rules)];
}
