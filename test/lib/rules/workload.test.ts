import assert from 'node:assert/strict';
import { describe, it, suite, test } from 'node:test';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import type { ManagedFields, PodSpec, WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import { annotationKeysOf, parseOptIn } from '../../../lib/rules/annotations.ts';
import { parseSourceList } from '../../../lib/rules/source-list.ts';
import {
  readAnyWorkload,
  readWorkload,
  type Workload,
  type WorkloadRules,
} from '../../../lib/rules/workload.ts';

const keys = annotationKeysOf('wave.pusher.com');
const on = { [keys.updateOnConfigChange]: 'true' };

function workload(
  annotations: Record<string, string>,
  options: { kind?: WorkloadKind; allowed?: string[]; spec?: WorkloadObject['spec'] } = {},
): Workload | undefined {
  return readWorkload(
    options.kind ?? 'Deployment',
    {
      metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '7', annotations },
      spec: options.spec ?? {
        template: { spec: { containers: [{ envFrom: [{ configMapRef: { name: 'own' } }] }] } },
      },
    },
    {
      annotations: keys,
      crossNamespaceReferences: options.allowed ?? [],
      adoption: 'stamp' as const,
    },
  );
}

function referenceNames(w: Workload | undefined): string[] {
  assert.equal(w?.configuration.kind, 'references');
  return w.configuration.references.map((r) => `${r.kind}/${r.namespace}/${r.name}`);
}

function refusal(w: Workload | undefined): { reason: string; why: string } {
  assert.equal(w?.configuration.kind, 'refused');
  return w.configuration;
}

describe('opting in', () => {
  it('needs exactly "true"; "false" and no annotation do not opt in; any other value is reported', () => {
    assert.equal(parseOptIn('true'), 'on');
    for (const off of [undefined, 'false']) assert.equal(parseOptIn(off), 'off');
    for (const odd of ['True', 'yes', '1', '', ' true', 'true\n'])
      assert.equal(parseOptIn(odd), 'invalid');
  });

  it('is read from the workload, not from its pod template', () => {
    const spec = { template: { metadata: { annotations: on }, spec: {} } };
    assert.equal(workload({}, { spec }), undefined);
  });

  it('with another value does not count, and is refused with the value and the allowed ones', () => {
    const { reason, why } = refusal(workload({ [keys.updateOnConfigChange]: 'yes' }));
    assert.equal(reason, 'InvalidAnnotation');
    assert.match(why, /update-on-config-change is "yes": it must be "true" or "false"/);
  });
});

describe('extra and ignored sources', () => {
  it('are names or namespace/name, separated by commas, with blanks around them', () => {
    assert.deepEqual(parseSourceList(' a , b/c ,,\n d-e.f '), {
      sources: [
        { namespace: undefined, name: 'a' },
        { namespace: 'b', name: 'c' },
        { namespace: undefined, name: 'd-e.f' },
      ],
      patterns: [],
      invalid: [],
    });
  });

  it('are refused if they are invalid, and never become part of a path', () => {
    for (const bad of [
      '../secrets/x',
      'a/b/c',
      'A',
      '/a',
      'a/',
      '..',
      'a?b',
      'é',
      'x'.repeat(254),
    ]) {
      const { reason, why } = refusal(workload({ ...on, [keys.extraSecrets]: bad }));
      assert.equal(reason, 'InvalidAnnotation', bad);
      assert.ok(why.includes(keys.extraSecrets), why);
      assert.ok(why.length < 400, why);
    }
  });

  it('add to the references of the template, as optional sources with all keys', () => {
    const w = workload({ ...on, [keys.extraConfigMaps]: 'more', [keys.extraSecrets]: 'shop/s' });
    assert.deepEqual(referenceNames(w), [
      'ConfigMap/shop/own',
      'ConfigMap/shop/more',
      'Secret/shop/s',
    ]);
    assert.equal(w?.configuration.kind, 'references');
    assert.equal(w.configuration.references[1]?.required, false);
    assert.equal(w.configuration.references[1]?.keys, 'all');
  });

  it('of another namespace are denied unless the setting allows it', () => {
    const annotations = { ...on, [keys.extraSecrets]: 'other/s' };
    assert.equal(refusal(workload(annotations)).reason, 'CrossNamespaceDenied');
    assert.equal(
      refusal(workload(annotations, { allowed: ['third'] })).reason,
      'CrossNamespaceDenied',
    );
    for (const allowed of [['other'], ['*']]) {
      assert.deepEqual(referenceNames(workload(annotations, { allowed })), [
        'ConfigMap/shop/own',
        'Secret/other/s',
      ]);
    }
  });

  it('are left out if the workload ignores them, by kind', () => {
    const ignored = workload({ ...on, [keys.ignoreConfigMaps]: 'own' });
    assert.deepEqual(referenceNames(ignored), []);
    const otherKind = workload({ ...on, [keys.ignoreSecrets]: 'own' });
    assert.deepEqual(referenceNames(otherKind), ['ConfigMap/shop/own']);
  });
});

describe('the time at which Pods follow a changed template', () => {
  it('is later if a Deployment is paused or an update strategy is OnDelete', () => {
    const follow = (kind: WorkloadKind, spec: WorkloadObject['spec']) =>
      workload(on, { kind, spec })?.podsFollow;
    assert.equal(follow('Deployment', {}), 'at once');
    assert.equal(follow('Deployment', { paused: true }), 'when resumed');
    assert.equal(follow('StatefulSet', { updateStrategy: { type: 'OnDelete' } }), 'when deleted');
    assert.equal(follow('DaemonSet', { updateStrategy: { type: 'RollingUpdate' } }), 'at once');
  });
});

test('a text that is longer than a hash does not count as one', () => {
  const template = { metadata: { annotations: { [keys.configHash]: 'a'.repeat(70_000) } } };
  const read = readWorkload(
    'Deployment',
    {
      metadata: { name: 'web', annotations: { [keys.updateOnConfigChange]: 'true' } },
      spec: { template },
    },
    { annotations: keys, crossNamespaceReferences: [], adoption: 'baseline' },
  );
  assert.equal(read?.template.hash, undefined);
});

suite('the workload that a pass keeps', () => {
  const hash = 'a'.repeat(64);
  const ours = (field: string): ManagedFields => ({
    ...{ manager: 'wave-cron', time: '2026-11-30T10:00:00Z' },
    fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${field}`]: {} } } },
  });
  type Given = {
    kind?: WorkloadKind;
    annotations?: Record<string, string>;
    metadata?: WorkloadObject['metadata'];
    onTemplate?: Record<string, string>;
    pod?: PodSpec;
    status?: WorkloadObject['status'];
    rules?: Partial<WorkloadRules>;
  };
  const read = ({
    kind = 'Deployment',
    annotations = on,
    onTemplate = {},
    pod = {},
    ...more
  }: Given) => {
    const object: WorkloadObject = {
      metadata: {
        name: 'web',
        namespace: 'shop',
        uid: 'u',
        resourceVersion: '7',
        ...more.metadata,
        annotations,
      },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { annotations: onTemplate }, spec: pod },
      },
      status: more.status ?? {},
    };
    const rules = { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' } as const;
    return readWorkload(kind, object, { ...rules, ...more.rules });
  };

  test('does not exist if it neither opted in nor has any field of wave-cron', () => {
    assert.equal(read({ annotations: {} }), undefined);
    assert.equal(
      readWorkload(
        'Deployment',
        {},
        { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' },
      ),
      undefined,
    );
  });

  test('only has its name if the object has nothing else', () => {
    const it = readAnyWorkload(
      'DaemonSet',
      {},
      { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' },
    );
    assert.deepEqual(
      [it.kind, it.namespace, it.name, it.uid, it.resourceVersion],
      ['DaemonSet', '', '', '', ''],
    );
    assert.deepEqual([it.deleting, it.clockToleranceMs], [false, 10_000]);
  });

  const traces: readonly (readonly [string, Given])[] = [
    ["wave-cron's finalizer", { metadata: { finalizers: [keys.finalizer] } }],
    ['a record of owned sources', { annotations: { [keys.ownedSources]: '[]' } }],
    ['a record of its adoption', { annotations: { [keys.adopted]: '{}' } }],
    ['a record of its rollouts', { annotations: { [keys.rolloutHistory]: '[]' } }],
  ];
  for (const [what, given] of traces) {
    test(`is also kept if it opted out and has ${what}`, () => {
      const it = read({ annotations: {}, ...given });
      assert.equal(it?.configuration.kind === 'refused' && it.configuration.reason, 'OptedOut');
    });
  }

  test('says whether it has records of its rollouts, its adoption and its hash', () => {
    const of = (annotations: Record<string, string>) => {
      const it = read({ annotations: { ...on, ...annotations } });
      return [it?.hasHistory, it?.hasAdopted, it?.hasWritten];
    };
    assert.deepEqual(of({}), [false, false, false]);
    assert.deepEqual(of({ [keys.rolloutHistory]: 'invalid' }), [true, false, false]);
    assert.deepEqual(of({ [keys.adopted]: 'invalid' }), [false, true, false]);
    assert.deepEqual(of({ [keys.writtenHash]: 'invalid' }), [false, false, true]);
  });

  test('says that it is being deleted', () => {
    const metadata = { deletionTimestamp: '2026-11-30T10:00:00Z' };
    assert.equal(read({ metadata })?.deleting, true);
  });

  test('has the scheduler that upstream Wave replaced', () => {
    const it = read({ pod: { schedulerName: 'wave.pusher.com/invalid' } });
    assert.equal(it?.heldByWave?.original, 'default-scheduler');
  });

  const modes: readonly (readonly [keyof typeof keys & string, string, RegExp])[] = [
    ['adoption', 'never', /adoption is "never": it must be stamp, if-changed or baseline$/],
    ['restart', 'sometimes', /restart is "sometimes": it must be always or if-stale$/],
  ];
  for (const [name, value, why] of modes) {
    test(`is refused with another value of the annotation ${name}`, () => {
      const key = `wave.pusher.com/${name}`;
      assert.match(refusal(read({ annotations: { ...on, [key]: value } })).why, why);
    });
  }

  test('has its adoption and restart mode, from its annotation or else from the setting', () => {
    const of = (annotations: Record<string, string>, rules: Partial<WorkloadRules> = {}) => {
      const it = read({ annotations: { ...on, ...annotations }, rules });
      return [it?.adoptionFacts?.adoption, it?.restart];
    };
    assert.deepEqual(of({}), ['stamp', undefined]);
    assert.deepEqual(of({}, { adoption: 'baseline', restart: 'if-stale' }), [
      'baseline',
      'if-stale',
    ]);
    const mine = { [keys.adoption]: 'if-changed', [keys.restart]: 'if-stale' };
    assert.deepEqual(of(mine), ['if-changed', 'if-stale']);
    const usual = { [keys.adoption]: 'stamp', [keys.restart]: 'always' };
    assert.deepEqual(of(usual, { adoption: 'baseline', restart: 'if-stale' }), [
      'stamp',
      undefined,
    ]);
    assert.deepEqual(of({ [keys.adoption]: 'baseline' }), ['baseline', undefined]);
  });

  test('has the writer of a template without a hash, and a hash that was removed from it', () => {
    const managedFields = [
      {
        manager: 'argocd',
        time: '2026-11-30T09:00:00Z',
        fieldsV1: { 'f:spec': { 'f:template': {} } },
      },
      ours(keys.writtenHash),
    ];
    const it = read({
      annotations: { ...on, [keys.writtenHash]: hash },
      metadata: { managedFields },
    });
    assert.equal(it?.template.writer?.manager, 'argocd');
    assert.deepEqual(it?.adoptionFacts?.lost, { hash, at: '2026-11-30T10:00:00Z' });
    assert.equal(it?.hasWritten, true);
  });

  test('has no facts for an adoption if its template has a hash of wave-cron', () => {
    const onTemplate = {
      [keys.configHash]: hash,
      [keys.configSources]: `{"hash":"${hash.slice(0, 12)}"}`,
    };
    const it = read({ onTemplate });
    assert.deepEqual(
      [it?.template.hash, it?.adoptionFacts, it?.rollout],
      [hash, undefined, undefined],
    );
  });

  test('has a record of its adoption as long as the template has the hash in it', () => {
    const config = 'b'.repeat(64);
    const record = (more: object) => JSON.stringify({ template: '', config, sources: {}, ...more });
    const of = (more: object) => {
      const it = read({ annotations: { ...on, [keys.adopted]: record(more) } });
      return [it?.adopted?.config, it?.adoptionEnded];
    };
    assert.deepEqual(of({}), [config, undefined]);
    assert.deepEqual(of({ template: hash }), [undefined, undefined]);
    // The record names another pod template, so it has ended. The workload still shows that there was one.
    assert.deepEqual(of({ podTemplate: 'another' }), [config, true]);
  });

  test('has the count of restored references, and 1 for an invalid one', () => {
    const of = (value: string | undefined) =>
      read({ annotations: { ...on, ...(value === undefined ? {} : { [keys.putBack]: value }) } })
        ?.ownership.putBack;
    assert.deepEqual(
      [undefined, '1', '9', '0', '10', '-1', 'many', ''].map(of),
      [0, 1, 9, 1, 1, 1, 1, 1],
    );
  });

  test('says whether wave-cron wrote the record of owned sources', () => {
    const annotations = { ...on, [keys.ownedSources]: '["Secret/a"]' };
    const managedFields = [ours(keys.ownedSources)];
    assert.equal(read({ annotations, metadata: { managedFields } })?.ownership.recordIsOurs, true);
    assert.equal(read({ annotations })?.ownership.recordIsOurs, false);
  });

  test("has the sources in its template if it did not opt in but has wave-cron's finalizer", () => {
    const pod = {
      containers: [{ envFrom: [{ configMapRef: { name: 'a' } }, { secretRef: { name: 'No' } }] }],
    };
    const metadata = { finalizers: [keys.finalizer] };
    const of = (given: Given) => read({ metadata, pod, ...given })?.ownership.mentioned;
    assert.deepEqual(of({ annotations: {} }), new Set(['ConfigMap/a']));
    assert.equal(of({}), undefined);
    const bare = { metadata: { finalizers: [keys.finalizer] } };
    const rules = { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' } as const;
    assert.deepEqual(readWorkload('Deployment', bare, rules)?.ownership.mentioned, new Set());
  });

  test('has the number of its changes, if no record has the number of its rollouts', () => {
    const annotations = { ...on, [keys.rolloutHistory]: '["2026-11-30T07:00:00Z"]' };
    const of = (given: Given, generation = 3) =>
      read({ ...given, metadata: { generation, ...given.metadata } })?.unrecorded?.changes;
    assert.equal(of({}), 2);
    assert.equal(of({}, 1), undefined);
    assert.equal(of({ annotations }), 2);
    assert.equal(
      of({ annotations, metadata: { managedFields: [ours(keys.rolloutHistory)] } }),
      undefined,
    );
  });

  test('says why its Pods do not follow', () => {
    const status = { replicas: 1, updatedReplicas: 0 };
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
    ];
    assert.equal(read({ status: { replicas: 1, updatedReplicas: 1 } })?.behind, undefined);
    assert.deepEqual(read({ status })?.behind?.blockers, []);
    assert.match(
      read({ status: { ...status, conditions } })?.behind?.blockers[0] ?? '',
      /deadline/,
    );
    const managedFields = [{ manager: 'm', time: '2026-11-30T10:00:00Z' }];
    const unseen = {
      metadata: { generation: 2, managedFields },
      status: { observedGeneration: 1 },
    };
    const now = (minute: number) => ({ now: new Date(Date.UTC(2026, 10, 30, 10, minute)) });
    assert.equal(read({ ...unseen, rules: now(0) })?.behind, undefined);
    assert.equal(read({ ...unseen, rules: now(5) })?.behind?.blockers.length, 1);
  });

  test("has its sources as upstream Wave sees them, if its hash may be Wave's", () => {
    const onTemplate = { [keys.configHash]: hash };
    const pod = { containers: [{ envFrom: [{ configMapRef: { name: 'a' } }] }] };
    assert.equal(read({ onTemplate, pod })?.adoptionFacts?.wave?.length, 1);
    assert.equal(read({ pod })?.adoptionFacts?.wave, undefined);
    const refusedOne = { ...on, [keys.extraSecrets]: 'No' };
    assert.equal(
      read({ onTemplate, pod, annotations: refusedOne })?.adoptionFacts?.wave,
      undefined,
    );
  });
});
