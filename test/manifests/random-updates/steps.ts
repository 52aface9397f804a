/**
 * Random steps of an attacker with the token: the object, the type of the request, the field manager, and the
 * changes. A number in a step is taken modulo the number of choices at that time. So a step has a meaning in
 * every state.
 */
import fc from 'fast-check';
import { finalizer, recordAnnotation } from '../../handler/ownership/stage.ts';
import { hashAnnotation, optedIn, prefix, sourcesAnnotation } from '../../handler/run-pass.ts';

export type Edit =
  | {
      readonly what: 'owners';
      readonly how: 'add' | 'remove' | 'change' | 'set' | 'flood' | 'asAPassDoes' | 'asAPassUndoes';
      readonly picks: readonly number[];
    }
  | {
      readonly what: 'managers';
      readonly how: 'forget' | 'drop' | 'rename' | 'claim' | 'unclaim' | 'operation';
      readonly manager: string;
      readonly pick: number;
    }
  | { readonly what: 'finalizers'; readonly all: readonly string[] }
  | {
      readonly what: 'annotation';
      readonly on: 'object' | 'template';
      readonly name: string;
      readonly value: string | null;
    }
  | { readonly what: 'field'; readonly path: readonly string[]; readonly value: unknown };

export const requests = ['put', 'json', 'merge', 'strategic-merge', 'apply'] as const;

export type Step =
  | {
      readonly do: 'update';
      readonly on: 'source' | 'workload' | 'other';
      readonly target: number;
      readonly request: (typeof requests)[number];
      readonly manager: string;
      readonly subresource: '' | 'status' | 'scale';
      readonly edits: readonly Edit[];
    }
  | {
      readonly do: 'create';
      readonly like: number;
      readonly name: string;
      readonly edits: readonly Edit[];
    }
  | { readonly do: 'delete'; readonly target: number; readonly all: boolean }
  /** The administrator deletes an owner that a source may refer to, and creates it again. */
  | { readonly do: 'replaceOwner'; readonly pick: number };

const managers = ['wave-cron', 'somebody', 'else', 'ancient-changes', 'before-first-apply'];
const manager = fc.oneof(
  { weight: 3, arbitrary: fc.constant('wave-cron') },
  { weight: 1, arbitrary: fc.constantFrom(...managers) },
);
const pick = fc.nat(1000);

const owners: fc.Arbitrary<Edit> = fc.record({
  what: fc.constant('owners' as const),
  how: fc.constantFrom(
    ...(['add', 'remove', 'change', 'set', 'flood'] as const),
    ...(['asAPassDoes', 'asAPassDoes', 'asAPassUndoes'] as const),
  ),
  picks: fc.array(pick, { minLength: 1, maxLength: 4 }),
});

const managedFields: fc.Arbitrary<Edit> = fc.record({
  what: fc.constant('managers' as const),
  how: fc.constantFrom('forget', 'drop', 'rename', 'claim', 'unclaim', 'operation'),
  manager,
  pick,
});

const finalizers: fc.Arbitrary<Edit> = fc.record({
  what: fc.constant('finalizers' as const),
  all: fc.array(
    fc.constantFrom(finalizer, finalizer, 'example.com/keep', 'foregroundDeletion', 'orphan'),
    { maxLength: 3 },
  ),
});

const large = 'x'.repeat(100_000);
const names = '["ConfigMap/plain","Secret/plain"]';
const template = (name: string, value: string | null): Edit => ({
  ...{ what: 'annotation', on: 'template', name, value },
});
const object = (name: string, value: string | null): Edit => ({
  ...{ what: 'annotation', on: 'object', name, value },
});
const since = '2026-11-30T07:00:00Z';
const pendingOf = (reason: string) =>
  JSON.stringify({ hash: 'a'.repeat(64), key: '01234567', since, reason });
const historyOf = (source: string) =>
  JSON.stringify({
    times: [since],
    hash: 'a'.repeat(12),
    given: { [source]: { version: 'u,7,', at: since } },
  });
/** Annotations that only people set. */
const decisions = [
  ...['rollout-pause', 'rollout-windows', 'rollout-approval', 'rollout-settle'],
  ...['rollout-cooldown', 'rollout-order', 'approved-config', 'rollout-now'],
].map((name) => `${prefix}/${name}`);
/** Annotations that a pass may write. */
const annotationOfPass = fc.constantFrom<Edit[]>(
  template(hashAnnotation, 'a'.repeat(64)),
  template(hashAnnotation, 'b'.repeat(64)),
  template(hashAnnotation, null),
  template(sourcesAnnotation, '{"Secret/plain":"0123456789ab"}'),
  template(sourcesAnnotation, null),
  object(`${prefix}/adopted`, '{"template":""}'),
  object(`${prefix}/adopted`, null),
  object(`${prefix}/rollout-history`, '["2026-11-30T07:00:00Z"]'),
  object(`${prefix}/rollout-history`, '["2026-11-30T07:00:00Z","2026-11-30T07:01:00Z"]'),
  object(`${prefix}/rollout-history`, historyOf('ConfigMap/plain')),
  object(`${prefix}/rollout-history`, historyOf('Secret/other/plain')),
  object(`${prefix}/pending-config`, pendingOf('Paused')),
  object(`${prefix}/pending-config`, pendingOf('Queued')),
  object(`${prefix}/pending-config`, null),
  object(`${prefix}/rollout-history`, null),
  object(`${prefix}/written-hash`, 'd'.repeat(64)),
  object(`${prefix}/written-hash`, null),
  object(recordAnnotation, names),
  object(recordAnnotation, '["Secret/plain"]'),
  object(recordAnnotation, null),
  object('wave.pusher.com/cursor', 'shop'),
  object('wave.pusher.com/cursor', null),
  object('wave.pusher.com/renewed-by', 'pod_0123'),
);
const anyAnnotation: fc.Arbitrary<Edit> = fc.record({
  what: fc.constant('annotation' as const),
  on: fc.constantFrom('object', 'template'),
  name: fc.constantFrom(
    ...[
      hashAnnotation,
      sourcesAnnotation,
      recordAnnotation,
      `${prefix}/adopted`,
      `${prefix}/rollout-history`,
      `${prefix}/pending-config`,
      `${prefix}/written-hash`,
      ...decisions,
    ],
    ...['wave.pusher.com/lease-of', 'wave.pusher.com/cursor', 'wave.pusher.com/renewed-by'],
    ...['example.com/other', ...Object.keys(optedIn)],
  ),
  value: fc.constantFrom<(string | null)[]>(
    ...[pendingOf('Paused'), historyOf('Pod/plain'), `${historyOf('ConfigMap/plain')}\n`],
    ...['a'.repeat(64), '{}', '{"a":"b"}', names, '["*"]', '["ConfigMap/plain","*"]'],
    ...['true', 'wave-cron', large, '', null],
  ),
});
const annotation = fc.oneof(
  { weight: 3, arbitrary: annotationOfPass },
  { weight: 1, arbitrary: anyAnnotation },
);

const field: fc.Arbitrary<Edit> = fc
  .constantFrom<[string, unknown][]>(
    ...([
      ['spec.replicas', 0],
      ['spec.replicas', 3],
      ['spec.paused', true],
      ['spec.template.metadata.labels.more', 'x'],
      ['spec.template.spec.hostPID', true],
      ['spec.template.spec.serviceAccountName', 'other'],
      ['spec.template.spec.containers', [{ name: 'main', image: 'example.com/evil:1' }]],
      ['spec.holderIdentity', 'thief'],
      ['spec.holderIdentity', large],
      ['spec.leaseDurationSeconds', 15],
      ['spec.leaseDurationSeconds', 100_000],
      ['spec.leaseTransitions', 7],
      ['spec.renewTime', '2026-01-01T00:00:09.000000Z'],
      ['data.a', 'Mg=='],
      ['data.more', 'Mg=='],
      ['immutable', true],
      ['type', 'kubernetes.io/service-account-token'],
      ['metadata.labels.more', 'x'],
      ['metadata.annotations', null],
      ['metadata.uid', '00000000-0000-0000-0000-000000000001'],
      ['metadata.deletionTimestamp', '2026-01-01T00:00:00Z'],
      ['series', { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' }],
      ['series', { count: 5, lastObservedTime: '2026-01-01T00:01:00.000000Z' }],
      ['note', 'another\nnote'],
      ['reportingController', 'kubelet'],
      ['regarding.namespace', 'kube-system'],
      ['status.observedGeneration', 99],
      ['status.replicas', 9],
    ] as [string, unknown][]),
  )
  .map(([path, value]) => ({ what: 'field' as const, path: path.split('.'), value }));

const editsOf = (
  ...weights: [owners: number, managers: number, annotations: number, finalizers: number]
) => {
  const all = [owners, managedFields, annotation, finalizers].map((arbitrary, i) => ({
    ...{ weight: weights[i] ?? 0, arbitrary },
  }));
  return fc.array(fc.oneof(...all, { weight: 2, arbitrary: field }), {
    minLength: 1,
    maxLength: 3,
  });
};
const edits = {
  source: editsOf(10, 3, 1, 1),
  workload: editsOf(1, 1, 10, 4),
  other: editsOf(1, 1, 4, 1),
};

const updateOn = (on: keyof typeof edits): fc.Arbitrary<Step> =>
  fc.record({
    do: fc.constant('update' as const),
    on: fc.constant(on),
    target: pick,
    request: fc.constantFrom(...requests),
    manager,
    subresource: fc.oneof(
      { weight: 20, arbitrary: fc.constant('' as const) },
      { weight: 1, arbitrary: fc.constantFrom('status' as const, 'scale' as const) },
    ),
    edits: edits[on],
  });

const create: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('create' as const),
  like: pick,
  name: fc.constantFrom('wave-cron', 'wave-cron-hash-key', 'wave-cron-0', 'other', 'random'),
  edits: fc.oneof(fc.constant([]), edits.source, edits.workload),
});

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: updateOn('source') },
  { weight: 16, arbitrary: updateOn('workload') },
  { weight: 4, arbitrary: updateOn('other') },
  { weight: 4, arbitrary: create },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete' as const), target: pick, all: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replaceOwner' as const), pick }) },
);
