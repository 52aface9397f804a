import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import { annotationKeysOf, parseOptIn, parseSourceList } from '../../../lib/rules/annotations.ts';
import { readWorkload, type Workload, type WorkloadKind } from '../../../lib/rules/workload.ts';

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
  it('is exactly "true"; "false" and absent are off; anything else is told', () => {
    assert.equal(parseOptIn('true'), 'on');
    for (const off of [undefined, 'false']) assert.equal(parseOptIn(off), 'off');
    for (const odd of ['True', 'yes', '1', '', ' true', 'true\n'])
      assert.equal(parseOptIn(odd), 'invalid');
  });

  it('is read from the workload, not from its pod template', () => {
    const spec = { template: { metadata: { annotations: on }, spec: {} } };
    assert.equal(workload({}, { spec }), undefined);
  });

  it('with another value is off, and refused with the value and what is allowed', () => {
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
      invalid: [],
    });
  });

  it('that cannot be a name are refused, and never become part of a path', () => {
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

  it('add to what the template references, as optional sources with all keys', () => {
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

  it('of another namespace are denied but where the setting allows it', () => {
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

  it('are left out where the workload says ignore, by kind', () => {
    const ignored = workload({ ...on, [keys.ignoreConfigMaps]: 'own' });
    assert.deepEqual(referenceNames(ignored), []);
    const otherKind = workload({ ...on, [keys.ignoreSecrets]: 'own' });
    assert.deepEqual(referenceNames(otherKind), ['ConfigMap/shop/own']);
  });
});

describe('when Pods follow a changed template', () => {
  it('is later where a Deployment is paused or an update strategy is OnDelete', () => {
    const follow = (kind: WorkloadKind, spec: WorkloadObject['spec']) =>
      workload(on, { kind, spec })?.podsFollow;
    assert.equal(follow('Deployment', {}), 'at once');
    assert.equal(follow('Deployment', { paused: true }), 'when resumed');
    assert.equal(follow('StatefulSet', { updateStrategy: { type: 'OnDelete' } }), 'when deleted');
    assert.equal(follow('DaemonSet', { updateStrategy: { type: 'RollingUpdate' } }), 'at once');
  });
});

test('what stands in the place of a hash and is longer than one counts for none', () => {
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
