/**
 * All single changes of an object, generated from the schema that the API server publishes: for each field in
 * the schema one change to each possible value, and for each field of the object its removal. Only the API
 * server knows whether a change is valid and has an effect.
 */
import type { Api, Fields, KubernetesObject } from '../../tools/control-plane/api.ts';

export type Change = {
  /** The path of the changed field: `spec.template.spec.containers[].image`, or `spec.replicas taken away`. */
  field: string;
  /** The complete object with the change. */
  object: KubernetesObject;
};

type Schema = {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  type?: string;
  format?: string;
  enum?: string[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
};

export type Schemas = {
  changes(object: KubernetesObject): Change[];
};

/** @param group the path of the OpenAPI document, such as `apis/apps/v1` */
export async function schemasOf(api: Api, group: string): Promise<Schemas> {
  const document = JSON.parse(await api.text(`/openapi/v3/${group}`)) as {
    components: { schemas: Record<string, Schema> };
  };
  const { schemas } = document.components;
  const name = group.startsWith('apis/') ? group.replace('apis/', '').replace('/', '.') : 'core.v1';
  return {
    changes(object) {
      const root = schemas[`io.k8s.api.${name}.${object.kind}`];
      if (root === undefined) throw new Error(`no schema of ${object.kind} in ${group}`);
      return [...changed(root, object, '', new Set(), true)].map(({ field, value }) => ({
        field: field.slice(1),
        object: value as KubernetesObject,
      }));
    },
  };

  function resolved(schema: Schema): { schema: Schema; name: string | undefined } {
    const [only] = schema.allOf ?? [];
    const reference = schema.$ref ?? only?.$ref;
    if (reference === undefined) return { schema, name: undefined };
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return { schema: schemas[name] ?? {}, name };
  }

  /**
   * Yields each value that results from one change of `value`, with the path of the change. If the object lacks
   * a field, each part of the field is added by itself, but parts of such a part are not.
   */
  function* changed(
    unresolved: Schema,
    value: unknown,
    field: string,
    within: ReadonlySet<string>,
    inParts: boolean,
  ): Generator<{ field: string; value: unknown }> {
    const { schema, name } = resolved(unresolved);
    if (name !== undefined && within.has(name)) return;
    const isThere = value !== undefined;
    const deeper = name === undefined ? within : new Set([...within, name]);
    if (isThere && field !== '') yield { field: `${field} taken away`, value: undefined };
    if (schema.properties !== undefined) {
      const whole = (value ?? required(schema)) as Fields;
      // The complete value covers a field that is not valid with single parts.
      if (!isThere) yield { field, value: whole };
      if (!inParts) return;
      for (const [key, property] of Object.entries(schema.properties)) {
        yield* inEntry(whole, key, property);
      }
    } else if (schema.items !== undefined) {
      const [first, ...others] = (value ?? []) as unknown[];
      const all = (item: unknown) => [...(item === undefined ? [] : [item]), ...others];
      for (const made of samples(schema.items)) yield { field, value: [...all(first), made] };
      for (const inner of changed(schema.items, first, `${field}[]`, deeper, isThere)) {
        yield { ...inner, value: all(inner.value) };
      }
    } else if (schema.additionalProperties !== undefined) {
      const whole = (value ?? {}) as Fields;
      for (const key of [...Object.keys(whole), ...newKeys]) {
        yield* inEntry(whole, key, schema.additionalProperties);
      }
    } else {
      for (const made of samples(schema)) if (made !== value) yield { field, value: made };
    }

    function* inEntry(whole: Fields, key: string, entry: Schema) {
      const { [key]: now, ...others } = whole;
      for (const inner of changed(entry, now, `${field}.${key}`, deeper, isThere)) {
        const changed = inner.value === undefined ? others : { ...others, [key]: inner.value };
        yield { ...inner, value: changed };
      }
    }
  }

  /** Sample values, of which at least one may be valid. */
  function samples(unresolved: Schema): unknown[] {
    const { schema } = resolved(unresolved);
    const { type, format, properties, items, additionalProperties } = schema;
    if (schema.enum !== undefined) return schema.enum;
    if (properties !== undefined) return [required(schema)];
    if (items !== undefined) return [[required(items)]];
    if (additionalProperties !== undefined) return [{ sample: samples(additionalProperties)[0] }];
    if (schema.oneOf !== undefined || format === 'int-or-string') return [1, '50%', '3'];
    if (type === 'boolean') return [true, false];
    if (type === 'integer' || type === 'number') return [1, 3, 70, 700];
    if (format === 'byte') return [Buffer.from('sample').toString('base64')];
    if (format === 'date-time') return ['2026-01-01T00:00:00Z'];
    return texts;
  }

  /** The smallest valid value of this schema. */
  function required(unresolved: Schema): unknown {
    const { schema } = resolved(unresolved);
    if (schema.properties === undefined) return samples(schema)[0];
    const names = schema.required ?? [];
    return Object.fromEntries(
      names.map((name) => [name, required(schema.properties?.[name] ?? {})]),
    );
  }
}

const newKeys = ['sample', 'example.com/sample'];
const texts = [
  'sample',
  'example.com/sample',
  '/sample',
  '10.0.0.1',
  'sample.example.com',
  '5',
  'Exists',
  'linux',
  'example.com/main@sha256:0000000000000000000000000000000000000000000000000000000000000000',
  // Valid values of wave-cron's annotations.
  'f'.repeat(64),
  '{"sample":"0"}',
  '["ConfigMap/sample"]',
  '["2026-11-30T07:00:00Z"]',
  `{"hash":"${'f'.repeat(64)}","since":"2026-11-30T07:00:00Z"}`,
];
