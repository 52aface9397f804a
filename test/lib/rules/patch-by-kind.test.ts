import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { workloadPatch } from '../../../lib/rules/patch.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';

const keys = annotationKeysOf('wave.pusher.com');
const rules = {
  annotations: keys,
  crossNamespaceReferences: [],
  adoption: 'stamp',
} as const;

function workloadWith(finalizers: readonly string[], more: Partial<Workload['ownership']> = {}) {
  const workload = readWorkload(
    'Deployment',
    {
      metadata: {
        ...{ namespace: 'shop', name: 'web', resourceVersion: '7', finalizers },
        annotations: { [keys.updateOnConfigChange]: 'true' },
      },
    },
    rules,
  );
  assert.ok(workload !== undefined);
  return { ...workload, ownership: { ...workload.ownership, ...more } };
}

const nothing = { reason: 'UpToDate', hashAnnotations: undefined } as const;
const owned = (finalizer: boolean) => ({
  record: { names: new Set<string>(), complete: true },
  finalizer,
  keepsPutBack: false,
});

suite('the patch of a workload of each kind', () => {
  test('is none where nothing is to be written', () => {
    assert.equal(workloadPatch(workloadWith([]), nothing, undefined, keys), undefined);
    assert.equal(workloadPatch(workloadWith([]), nothing, owned(false), keys), undefined);
  });

  test('names the pod template alone, where its kind has it, and the version that was read', () => {
    const hashAnnotations = { hash: 'h', sources: '{}', alike: [] };
    const decision = { reason: 'ConfigChanged', hashAnnotations } as const;
    assert.deepEqual(workloadPatch(workloadWith([]), decision, undefined, keys), {
      metadata: { resourceVersion: '7', annotations: { [keys.writtenHash]: 'h' } },
      spec: {
        template: {
          metadata: { annotations: { [keys.configHash]: 'h', [keys.configSources]: '{}' } },
        },
      },
    });
  });

  test('adds and removes our finalizer by its name, and names no other', () => {
    const without = workloadWith(['example.com/theirs']);
    assert.deepEqual(workloadPatch(without, nothing, owned(true), keys), {
      metadata: { resourceVersion: '7', finalizers: [keys.finalizer] },
    });
    const having = workloadWith(['example.com/theirs', keys.finalizer]);
    assert.deepEqual(workloadPatch(having, nothing, owned(false), keys), {
      metadata: {
        resourceVersion: '7',
        '$deleteFromPrimitiveList/finalizers': [keys.finalizer],
      },
    });
  });

  test('keeps the finalizers of others where a patch of the kind replaces the whole list', () => {
    const otherFinalizers = ['example.com/theirs'];
    const without = workloadWith(otherFinalizers, { otherFinalizers });
    assert.deepEqual(workloadPatch(without, nothing, owned(true), keys), {
      metadata: { resourceVersion: '7', finalizers: [...otherFinalizers, keys.finalizer] },
    });
    const having = workloadWith([...otherFinalizers, keys.finalizer], { otherFinalizers });
    assert.deepEqual(workloadPatch(having, nothing, owned(false), keys), {
      metadata: { resourceVersion: '7', finalizers: otherFinalizers },
    });
  });
});
