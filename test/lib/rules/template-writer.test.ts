import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { templateWriter } from '../../../lib/rules/template-writer.ts';

const template = { 'f:spec': { 'f:template': {} } };
const entry = (manager: string, time: string | undefined, fieldsV1: object = template) => ({
  manager,
  time,
  fieldsV1,
});
const [early, late] = ['2026-11-25T10:00:00Z', '2026-11-25T11:00:00Z'];

describe('the last writer of a template', () => {
  it('is the newest of the managers with fields in it', () => {
    const entries = [entry('tool', late), entry('kubectl', early)];
    assert.deepEqual(templateWriter('Deployment', entries), { manager: 'tool', time: late });
    assert.deepEqual(templateWriter('Deployment', entries.reverse()), {
      manager: 'tool',
      time: late,
    });
  });

  it('is one with a time before one without, in any order', () => {
    const entries = [entry('old', undefined), entry('tool', early), entry('older', undefined)];
    for (const ordered of [entries, entries.toReversed()]) {
      assert.equal(templateWriter('Deployment', ordered)?.manager, 'tool');
    }
    const without = [entry('first', undefined), entry('second', undefined)];
    assert.equal(templateWriter('Deployment', without)?.manager, 'second');
  });

  it('is never wave-cron itself, or a manager of other fields', () => {
    const entries = [
      entry('tool', early),
      entry('wave-cron', late),
      entry('kube-controller-manager', late, { 'f:status': {} }),
      entry('autoscaler', late, { 'f:spec': { 'f:replicas': {} } }),
    ];
    assert.deepEqual(templateWriter('Deployment', entries), { manager: 'tool', time: early });
  });

  it('has no time if none is recorded, and is unknown without managedFields', () => {
    assert.deepEqual(templateWriter('Deployment', [entry('tool', undefined)]), {
      manager: 'tool',
      time: undefined,
    });
    assert.equal(templateWriter('Deployment', [entry('', late)]), undefined);
    assert.equal(templateWriter('Deployment', []), undefined);
    assert.equal(templateWriter('Deployment', null), undefined);
  });
});
