/**
 * What the Helm chart keeps in files that Helm wants there, made from the code: values.schema.json and the
 * defaults of the settings. The schema of the settings is wave-cron's own.
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
/** Unset, the chart decides. */
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
/** Parts of Kubernetes' own API, which the API server checks. */
const object = { type: 'object' };
const list = { type: 'array', items: object };

/** Of the values that are the chart's own. */
const ownValues = (): Record<string, Schema> => ({
  kind: { enum: ['CronJob', 'Deployment'] },
  schedule: { type: 'string', minLength: 1 },
  timeZone: { type: 'string', minLength: 1 },
  image: group({
    // A registry may have a port; a tag or a digest has a place of its own.
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
  // Helm hands it to every chart that is part of another.
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

/** Without what only wave-cron knows: its formats, and its words for people. */
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
  // A reader of YAML 1.1, such as Helm's, takes off for false.
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
  // A copy without shared parts, since each gets a description of its own.
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

/** For the templates, which need a setting also where the release does not set it. */
export const settingDefaults = (): string => json(defaultSettings);

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
