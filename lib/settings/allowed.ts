import type { ValueSchema } from './schema.ts';

/** The allowed values of a setting, as a phrase after "must be". */
export function allowed(schema: ValueSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.items?.type === 'object') return schema.allowed ?? 'a list';
  if (schema.items !== undefined) return `a list, each entry ${allowed(schema.items)}`;
  if (schema.type === 'integer') {
    return `a whole number from ${schema.minimum} to ${schema.maximum}`;
  }
  return schema.allowed ?? 'a string';
}
