import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { defaultSettings, type Settings, settingsSchema } from '../../../lib/settings/schema.ts';

type Merge<T> = { [K in keyof T]: T[K] };
type AlwaysThere<S> = S extends { default: unknown } | { type: 'object' } ? true : false;
type FromSchema<S> = S extends { enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'string' }
    ? string
    : S extends { type: 'integer' }
      ? number
      : S extends { type: 'array'; items: infer I }
        ? readonly FromSchema<I>[]
        : S extends { type: 'object'; properties: infer P }
          ? Merge<
              {
                readonly [K in keyof P as AlwaysThere<P[K]> extends true ? K : never]: FromSchema<
                  P[K]
                >;
              } & {
                readonly [K in keyof P as AlwaysThere<P[K]> extends true ? never : K]?: FromSchema<
                  P[K]
                >;
              }
            >
          : never;
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test('the Settings type says exactly what the schema says', () => {
  // The compiler is the judge: a difference makes this `false`, which does not take `true`.
  const same: Same<FromSchema<typeof settingsSchema>, Settings> = true;
  assert.equal(same, true);
});

test('the schema is a JSON Schema of draft 2020-12', () => {
  const ajv = new Ajv2020({ allErrors: true });
  assert.ok(ajv.validateSchema(settingsSchema), ajv.errorsText());
});

test('the defaults are those of the contract and cannot be changed', () => {
  assert.deepEqual(defaultSettings, {
    namespaces: [],
    ignoreNamespaces: [],
    namespaceSelector: '',
    workloadSelector: '',
    kinds: ['Deployment', 'StatefulSet', 'DaemonSet'],
    annotationPrefix: 'wave.pusher.com',
    compatibility: [],
    adoption: 'stamp',
    restart: 'always',
    clockTolerance: '10s',
    ownership: 'off',
    crossNamespaceReferences: [],
    schedule: '* * * * *',
    timeZone: 'UTC',
    jitterSeconds: 0,
    lease: { name: 'wave-cron', durationSeconds: 15 },
    shard: { count: 1 },
    rollouts: { limit: { count: 10, period: '1h' } },
    passTimeoutSeconds: 300,
    concurrency: { reads: 16, writes: 8 },
    logLevel: 'info',
    listen: ':8080',
  });
  for (const part of [
    defaultSettings,
    defaultSettings.lease,
    defaultSettings.shard,
    defaultSettings.rollouts,
    defaultSettings.rollouts.limit,
    defaultSettings.concurrency,
    defaultSettings.kinds,
    defaultSettings.namespaces,
  ]) {
    assert.ok(Object.isFrozen(part));
  }
});
