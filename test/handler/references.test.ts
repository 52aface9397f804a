import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../lib/rules/report.ts';
import { type Fields, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  mainContainer,
  type Source,
  secret,
  statefulSet,
} from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  optedIn,
  prefix,
  reasonsIn,
  runPass,
  type WorkloadKind,
  workloadKinds,
} from './run-pass.ts';

const { api } = testCluster();

type SourceKind = 'ConfigMap' | 'Secret';
type Place = { pod?: Fields; annotations?: Record<string, string> };
type Way = {
  /** Whether the reference names a key. If not, it uses all keys. */
  keyed: boolean;
  /** An environment variable is text, so the test does not let it use a key of `binaryData`. */
  text?: true;
  place(kind: SourceKind, name: string): Place;
};

const key = 'used';
const items = [{ key, path: 'file' }];
const camel = { ConfigMap: 'configMap', Secret: 'secret' } as const;
const nameField = { ConfigMap: 'name', Secret: 'secretName' } as const;

const envKey = (kind: SourceKind, name: string): Fields => ({
  env: [{ name: 'X', valueFrom: { [`${camel[kind]}KeyRef`]: { name, key } } }],
});
const envFrom = (kind: SourceKind, name: string): Fields => ({
  envFrom: [{ [`${camel[kind]}Ref`]: { name } }],
});
const container = (name: string, more: Fields) => ({ ...mainContainer, name, ...more });
const containers = [container('main', {})];
const volumes = (volume: Fields): Place => ({ pod: { volumes: [{ name: 'v', ...volume }] } });
const projected = (source: Fields): Place => volumes({ projected: { sources: [source] } });

const ways: Readonly<Record<string, Way>> = {
  env: {
    keyed: true,
    text: true,
    place: (kind, name) => ({ pod: { containers: [container('main', envKey(kind, name))] } }),
  },
  'env-from': {
    keyed: false,
    place: (kind, name) => ({ pod: { containers: [container('main', envFrom(kind, name))] } }),
  },
  volume: {
    keyed: false,
    place: (kind, name) => volumes({ [camel[kind]]: { [nameField[kind]]: name } }),
  },
  'volume-items': {
    keyed: true,
    place: (kind, name) => volumes({ [camel[kind]]: { [nameField[kind]]: name, items } }),
  },
  projected: {
    keyed: false,
    place: (kind, name) => projected({ [camel[kind]]: { name } }),
  },
  'projected-items': {
    keyed: true,
    place: (kind, name) => projected({ [camel[kind]]: { name, items } }),
  },
  'init-env': {
    keyed: true,
    text: true,
    place: (kind, name) => ({
      pod: { containers, initContainers: [container('init', envKey(kind, name))] },
    }),
  },
  'init-env-from': {
    keyed: false,
    place: (kind, name) => ({
      pod: { containers, initContainers: [container('init', envFrom(kind, name))] },
    }),
  },
  'sidecar-env': {
    keyed: true,
    text: true,
    place: (kind, name) => ({
      pod: {
        containers,
        initContainers: [container('sidecar', { restartPolicy: 'Always', ...envKey(kind, name) })],
      },
    }),
  },
  'sidecar-env-from': {
    keyed: false,
    place: (kind, name) => ({
      pod: {
        containers,
        initContainers: [container('sidecar', { restartPolicy: 'Always', ...envFrom(kind, name) })],
      },
    }),
  },
  extra: {
    keyed: false,
    place: (kind, name) => ({
      annotations: { [`${prefix}/extra-${kind.toLowerCase()}s`]: name },
    }),
  },
};

const contents = [
  { kind: 'ConfigMap', field: 'data' },
  { kind: 'ConfigMap', field: 'binaryData' },
  { kind: 'Secret', field: 'data' },
] as const;

/**
 * For each way to reference a source and each field with data: one source, which a workload of each kind
 * references.
 */
const cells = Object.entries(ways).flatMap(([way, { keyed, text, place }]) =>
  contents.flatMap(({ kind, field }) => {
    const name = `${way}-${kind}-${field}`.toLowerCase();
    return text && field === 'binaryData'
      ? []
      : [{ name, keyed, kind, field, ...place(kind, name) }];
  }),
);
type Cell = (typeof cells)[number];

const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet } as const;
const makeSource = { ConfigMap: configMap, Secret: secret } as const;

/** Base64 of bytes that are not valid UTF-8. */
const bytes = (value: string) =>
  Buffer.from([0xff, 0x00, ...Buffer.from(value)]).toString('base64');

function sourceOf(
  { name, kind, field }: Cell,
  namespace: string,
  values: Record<string, string>,
  more: Partial<Source> = {},
): KubernetesObject {
  const data =
    field === 'data'
      ? { data: values }
      : {
          binaryData: Object.fromEntries(Object.entries(values).map(([k, v]) => [k, bytes(v)])),
        };
  return makeSource[kind]({ namespace, name, ...data, ...more });
}

const everyCell = <T>(change: (cell: Cell) => Promise<T>) => Promise.all(cells.map(change));

/** The results of `of` for all workloads, by `kind/name`. */
async function everyWorkload<T>(
  of: (kind: WorkloadKind, cell: Cell) => Promise<T> | T,
): Promise<Record<string, T>> {
  const entries = workloadKinds.flatMap((kind) =>
    cells.map(async (cell) => [`${kind}/${cell.name}`, await of(kind, cell)] as const),
  );
  return Object.fromEntries(await Promise.all(entries));
}

test('every way to reference a source counts, for each kind of source and of workload', async (t) => {
  const namespace = await testNamespace(t);
  const first = { used: 'one', other: 'one' };
  await everyCell((cell) => api.create(sourceOf(cell, namespace, first)));
  await everyWorkload((kind, { name, pod, annotations }) =>
    api.create(
      make[kind]({
        namespace,
        name,
        annotations: { ...optedIn, ...annotations },
        ...(pod === undefined ? {} : { pod }),
      }),
    ),
  );

  const rolled = () => everyWorkload((kind, { name }) => rollouts(kind, namespace, name));
  let before = await rolled();

  async function passRolls(expected: (cell: Cell) => boolean): Promise<Report> {
    const report = await runPass(namespace);
    assert.equal(report.pass, 'Completed');
    assert.deepEqual(
      reasonsIn(report),
      await everyWorkload((_, cell) => (expected(cell) ? 'ConfigChanged' : 'UpToDate')),
    );
    const after = await rolled();
    assert.deepEqual(
      after,
      await everyWorkload(
        (kind, cell) => (before[`${kind}/${cell.name}`] ?? 0) + (expected(cell) ? 1 : 0),
      ),
    );
    before = after;
    return report;
  }
  const nothingRolls = () => passRolls(() => false);

  const merge = (cell: Cell, patch: Fields) =>
    api.patch(path(cell.kind, namespace, cell.name), patch, 'merge');
  const changeValue = (cell: Cell, of: string, value: string) =>
    merge(cell, {
      [cell.field]: {
        [of]:
          cell.field === 'binaryData'
            ? bytes(value)
            : cell.kind === 'Secret'
              ? Buffer.from(value).toString('base64')
              : value,
      },
    });

  // The order matters: each step continues from the state after the step before.
  const steps: [string, () => Promise<unknown>][] = [
    [
      'a workload that is seen for the first time rolls once',
      async () => {
        const report = await runPass(namespace);
        assert.deepEqual(reasonsIn(report), await everyWorkload(() => 'FirstSeen'));
        assert.deepEqual(await rolled(), await everyWorkload(() => 2));
        before = await rolled();
      },
    ],
    ['a second pass rolls nothing', () => nothingRolls()],
    [
      'a label of a source rolls nothing',
      async () => {
        await everyCell((cell) => merge(cell, { metadata: { labels: { team: 'a' } } }));
        await nothingRolls();
      },
    ],
    [
      'an annotation of a source rolls nothing',
      async () => {
        await everyCell((cell) => merge(cell, { metadata: { annotations: { note: 'a' } } }));
        await nothingRolls();
      },
    ],
    [
      'another order of the keys rolls nothing',
      async () => {
        await everyCell((cell) =>
          api.replace(
            path(cell.kind, namespace, cell.name),
            sourceOf(cell, namespace, { other: 'one', used: 'one' }),
          ),
        );
        await nothingRolls();
      },
    ],
    [
      'a source that becomes immutable rolls nothing',
      async () => {
        await everyCell((cell) => merge(cell, { immutable: true }));
        await nothingRolls();
      },
    ],
    [
      'a source that is deleted and created again with the same data rolls nothing',
      async () => {
        await everyCell(async (cell) => {
          await api.delete(path(cell.kind, namespace, cell.name));
          await api.create(sourceOf(cell, namespace, first));
        });
        await nothingRolls();
      },
    ],
    [
      'a changed unreferenced key only rolls workloads that reference all keys',
      async () => {
        await everyCell((cell) => changeValue(cell, 'other', 'two'));
        await passRolls(({ keyed }) => !keyed);
      },
    ],
    [
      'an added key only rolls workloads that reference all keys',
      async () => {
        await everyCell((cell) => changeValue(cell, 'added', 'one'));
        await passRolls(({ keyed }) => !keyed);
      },
    ],
    [
      'a changed referenced key rolls each workload exactly once, and the sentence names the source',
      async () => {
        await everyCell((cell) => changeValue(cell, 'used', 'two'));
        const report = await passRolls(() => true);
        assert.deepEqual(
          Object.fromEntries(report.outcomes.map((it) => [`${it.kind}/${it.name}`, it.changed])),
          await everyWorkload((_, { kind, name }) => [`${kind}/${name}`]),
        );
        await nothingRolls();
      },
    ],
  ];
  for (const [name, step] of steps) await t.test(name, async () => void (await step()));
});
