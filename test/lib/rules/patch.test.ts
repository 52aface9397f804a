import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeys } from '../../../lib/rules/annotations.ts';
import { workloadPatch } from '../../../lib/rules/patch.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';

const names = annotationKeys('wave.pusher.com');
const rules = {
  annotations: names,
  crossNamespaceReferences: [],
  adoption: 'stamp',
} as const;

function workloadWith(finalizers: readonly string[], more: Partial<Workload['ownership']> = {}) {
  const workload = readWorkload(
    'Deployment',
    {
      metadata: {
        ...{ namespace: 'shop', name: 'web', resourceVersion: '7', finalizers },
        annotations: { [names.updateOnConfigChange]: 'true' },
      },
    },
    rules,
  );
  assert.ok(workload !== undefined);
  return { ...workload, ownership: { ...workload.ownership, ...more } };
}

const nothing = { reason: 'UpToDate', stamp: undefined } as const;
const owned = (finalizer: boolean) => ({
  record: { names: new Set<string>(), complete: true },
  finalizer,
  keepsPutBack: false,
});

suite('the patch of a workload', () => {
  test('is none where nothing is to be written', () => {
    assert.equal(workloadPatch(workloadWith([]), nothing, undefined, names), undefined);
    assert.equal(workloadPatch(workloadWith([]), nothing, owned(false), names), undefined);
  });

  test('names the pod template alone, where its kind has it, and the version that was read', () => {
    const stamp = { hash: 'h', sources: '{}', alike: [] };
    const decision = { reason: 'ConfigChanged', stamp } as const;
    assert.deepEqual(workloadPatch(workloadWith([]), decision, undefined, names), {
      metadata: { resourceVersion: '7', annotations: { [names.writtenHash]: 'h' } },
      spec: {
        template: {
          metadata: { annotations: { [names.configHash]: 'h', [names.configSources]: '{}' } },
        },
      },
    });
  });

  test('adds and removes our finalizer by its name, and names no other', () => {
    const without = workloadWith(['example.com/theirs']);
    assert.deepEqual(workloadPatch(without, nothing, owned(true), names), {
      metadata: { resourceVersion: '7', finalizers: [names.finalizer] },
    });
    const having = workloadWith(['example.com/theirs', names.finalizer]);
    assert.deepEqual(workloadPatch(having, nothing, owned(false), names), {
      metadata: {
        resourceVersion: '7',
        '$deleteFromPrimitiveList/finalizers': [names.finalizer],
      },
    });
  });

  test('keeps the finalizers of others where a patch of the kind replaces the whole list', () => {
    const otherFinalizers = ['example.com/theirs'];
    const without = workloadWith(otherFinalizers, { otherFinalizers });
    assert.deepEqual(workloadPatch(without, nothing, owned(true), names), {
      metadata: { resourceVersion: '7', finalizers: [...otherFinalizers, names.finalizer] },
    });
    const having = workloadWith([...otherFinalizers, names.finalizer], { otherFinalizers });
    assert.deepEqual(workloadPatch(having, nothing, owned(false), names), {
      metadata: { resourceVersion: '7', finalizers: otherFinalizers },
    });
  });
});
