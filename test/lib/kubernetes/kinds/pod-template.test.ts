import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  podTemplateOf,
  podTemplatePatch,
  writesPodTemplate,
} from '../../../../lib/kubernetes/kinds/pod-template.ts';

const usual = { podTemplatePath: ['spec', 'template'] };
const deeper = { podTemplatePath: ['spec', 'workload', 'podTemplate'] };

suite('the pod template of a workload', () => {
  test('is read from the field that its kind has for it', () => {
    const template = { spec: { schedulerName: 'mine' } };
    assert.deepEqual(podTemplateOf(usual, { spec: { template } }), template);
    const object = { spec: { workload: { podTemplate: template } } };
    assert.deepEqual(podTemplateOf(deeper, object), template);
  });

  test('is empty if any field on the path is missing', () => {
    for (const object of [{}, { spec: null }, { spec: {} }, { spec: { template: null } }]) {
      assert.deepEqual(podTemplateOf(usual, object), {});
      assert.deepEqual(podTemplateOf(deeper, object), {});
    }
  });

  test('is patched in the same field, without other changes', () => {
    assert.deepEqual(podTemplatePatch(usual, { a: 1 }), { spec: { template: { a: 1 } } });
    assert.deepEqual(podTemplatePatch(deeper, { a: 1 }), {
      spec: { workload: { podTemplate: { a: 1 } } },
    });
  });

  test('was written by the managers of the fields below it', () => {
    const fieldsV1 = { 'f:spec': { 'f:template': {} } };
    assert.ok(writesPodTemplate(usual, { fieldsV1 }));
    assert.ok(!writesPodTemplate(deeper, { fieldsV1 }));
    assert.ok(!writesPodTemplate(usual, { fieldsV1: { 'f:spec': { 'f:replicas': {} } } }));
    assert.ok(!writesPodTemplate(usual, {}));
  });
});
