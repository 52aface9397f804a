/** The entries of `metadata.managedFields`. */
import type { FieldSet } from './field-set.ts';
import { type Json, mapOf, mapsOf, textOf } from './json.ts';

export interface Manager {
  readonly name: string;
  readonly operation: 'Update' | 'Apply';
  readonly apiVersion: string;
  readonly subresource: string;
}

export interface Owner extends Manager {
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

export type Owners = Map<string, Owner>;

export function identityOf({ name, operation, apiVersion, subresource }: Manager): string {
  const version = operation === 'Apply' ? '' : apiVersion;
  return `${name} ${operation} ${version} ${subresource}`;
}

/** Undefined if an entry is invalid. */
export function decode(list: unknown): Owners | undefined {
  const owners: Owners = new Map();
  for (const entry of mapsOf(list)) {
    const operation = textOf(entry['operation']);
    const apiVersion = textOf(entry['apiVersion']);
    const isValid = operation === 'Update' || operation === 'Apply';
    if (!isValid || apiVersion === '' || entry['fieldsType'] !== 'FieldsV1') return undefined;
    const owner: Owner = {
      name: textOf(entry['manager']),
      operation,
      apiVersion,
      subresource: textOf(entry['subresource']),
      time: textOf(entry['time']) || undefined,
      fields: mapOf(entry['fieldsV1']),
    };
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

export function encode(owners: Owners): Json | undefined {
  if (owners.size === 0) return undefined;
  const key = ({ operation, time = '', name, apiVersion, subresource }: Owner) =>
    [operation, time, name, apiVersion, subresource].join('\0');
  return [...owners.values()]
    .map((owner) => [key(owner), owner] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { name, operation, apiVersion, subresource, time, fields }]) => ({
      manager: name,
      ...{ operation, apiVersion },
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fields,
      ...(subresource === '' ? {} : { subresource }),
    }));
}
