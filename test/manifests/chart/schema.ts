/**
 * The files of the Helm chart that are generated from the code: values.schema.json and the defaults of the
 * settings. In values.schema.json, the schema of `settings` is made from wave-cron's own settings schema.
 */
import {
  defaultSettings,
  type EntrySchema,
  type SettingGroupSchema,
  type SettingSchema,
  settingsSchema,
  type ValueSchema,
} from '../../../lib/settings/schema.ts';
import { describedValues } from './described-values.ts';

type Schema = Record<string, unknown>;

const group = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
});
const text = { type: 'string' };
const flag = { type: 'boolean' };
/** If the value is not set, the chart decides. */
const flagOrUnset = { type: ['boolean', 'null'] };
const count = (minimum: number): Schema => ({ type: 'integer', minimum });
const name = {
  type: 'string',
  maxLength: 63,
  pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$',
};
const subdomain = {
  type: 'string',
  maxLength: 253,
  pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$',
};
/**
 * The schema of values that are parts of Kubernetes' own API. The API server checks such values.
 */
const object = { type: 'object' };
const list = { type: 'array', items: object };

/** The schema of the values that belong to the chart itself. */
const ownValues = (): Record<string, Schema> => ({
  kind: { enum: ['CronJob', 'Deployment'] },
  schedule: { type: 'string', minLength: 1 },
  timeZone: { type: 'string', minLength: 1 },
  image: group({
    // The repository may contain a port of the registry. A tag and a digest have values of their own.
    repository: { type: 'string', pattern: '^(([^/@:]+(:[0-9]+)?/)?[^@:]+)?$' },
    tag: { type: 'string', pattern: '^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$' },
    digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
    pullPolicy: { enum: ['', 'Always', 'IfNotPresent', 'Never'] },
  }),
  imagePullSecrets: list,
  settings: settingsValues(settingsSchema),
  shards: {
    type: 'integer',
    minimum: 1,
    maximum: settingsSchema.properties.shard.properties.count.maximum,
  },
  triggers: group({ http: group({ tokenSecret: subdomain }) }),
  notifications: group({ secret: subdomain }),
  namespaced: flag,
  admissionPolicies: group({ enabled: flagOrUnset }),
  rbac: group({
    create: flag,
    ownership: flagOrUnset,
    kubeSystem: flag,
    ownershipEnforced: flag,
    adoption: flagOrUnset,
  }),
  serviceAccount: group({ create: flag, name: subdomain, annotations: object }),
  metrics: group({
    dashboard: flag,
    alerts: flag,
    prometheusRule: group({ create: flag, labels: object }),
    podMonitor: group({ create: flag, labels: object }),
  }),
  networkPolicy: group({ enabled: flag, from: list }),
  releaseOnUninstall: flag,
  nameOverride: name,
  fullnameOverride: name,
  cronJob: group({
    suspend: flag,
    startingDeadlineSeconds: count(10),
    successfulJobsHistoryLimit: count(0),
    failedJobsHistoryLimit: count(0),
  }),
  replicas: count(0),
  podLabels: object,
  podAnnotations: object,
  resources: object,
  podSecurityContext: object,
  securityContext: object,
  extraEnv: {
    type: 'array',
    items: { type: 'object', required: ['name'], properties: { name: text } },
  },
  nodeSelector: object,
  tolerations: list,
  affinity: object,
  topologySpreadConstraints: list,
  priorityClassName: text,
  // Helm passes `global` to every subchart.
  global: object,
});

function settingsValues({ properties }: SettingGroupSchema): Schema {
  return group(
    Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => [
        key,
        schema.type === 'object' ? settingsValues(schema) : settingValue(schema),
      ]),
    ),
  );
}

/** The JSON schema of a setting, without wave-cron's own keywords. */
function settingValue(schema: SettingSchema): Schema {
  const {
    placeholder: _,
    group: __,
    ofProcess: ___,
    default: fallback,
    description,
    ...value
  } = schema;
  const { allowed } = value;
  return {
    description: allowed === undefined ? description : `${description} It is ${allowed}.`,
    ...(fallback === undefined ? {} : { default: fallback }),
    ...plain(value),
  };
}

function plain({
  allowed: _,
  format: __,
  renamed: ___,
  windows: ____,
  confidential: _____,
  items,
  ...schema
}: ValueSchema): Schema {
  // A YAML 1.1 parser, such as Helm's, reads `off` as `false`.
  if (schema.enum?.includes('off')) return { enum: [...schema.enum, false] };
  const entries = items?.type === 'object' ? entry(items) : items && plain(items);
  return { ...schema, ...(entries === undefined ? {} : { items: entries }) };
}

function entry({ properties, ...schema }: EntrySchema): Schema {
  if (properties === undefined) return schema;
  const members = Object.entries(properties).map(([key, member]) => [key, plain(member)]);
  return { ...schema, properties: Object.fromEntries(members) };
}

export function valuesSchema(): string {
  // The copy shares no objects, because each value gets its own description.
  const schema = JSON.parse(JSON.stringify(group(ownValues()))) as Schema;
  for (const { path, description } of describedValues()) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const above = keys.reduce<Schema | undefined>((at, key) => propertiesOf(at)?.[key], schema);
    const siblings = propertiesOf(above);
    if (siblings?.[last] === undefined) throw new Error(`the schema lacks ${path} of values.yaml`);
    siblings[last] = { description, ...siblings[last] };
  }
  return json({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the chart of wave-cron',
    ...schema,
  });
}

const propertiesOf = (schema: Schema | undefined): Record<string, Schema> | undefined =>
  schema?.['properties'] as Record<string, Schema> | undefined;

/** The defaults of all settings. The templates need them for settings that the release does not set. */
export const settingDefaults = (): string => json(defaultSettings);

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
