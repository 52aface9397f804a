import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byName, type WorkloadName } from '../../../lib/kubernetes/names.ts';
import { cursorText, inTurns, parseCursor } from '../../../lib/rules/turns.ts';

const named = (...names: string[]): WorkloadName[] =>
  names.map((text) => {
    const [namespace = '', name = ''] = text.split('/');
    return { kind: 'Deployment', namespace, name };
  });
const text = ({ namespace, name }: WorkloadName) => `${namespace}/${name}`;
const first = () => 0;

describe('the order in which workloads are handled', () => {
  const workloads = named('a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'c/2');

  it('takes one of each namespace in turn', () => {
    const order = inTurns(workloads, undefined, first).map(text);
    assert.deepEqual(order, ['a/1', 'b/1', 'c/1', 'a/2', 'c/2', 'a/3']);
  });

  it('begins after the workload at which the pass before was interrupted, and comes to all', () => {
    const [cursor] = named('c/2');
    const order = inTurns(workloads, cursor, first).map(text);
    assert.deepEqual(order, ['c/2', 'a/1', 'b/1', 'c/1', 'a/2', 'a/3']);
  });

  it('begins with the next one if that workload was deleted', () => {
    const [cursor] = named('a/15');
    assert.equal(inTurns(workloads, cursor, first).map(text)[0], 'a/2');
    const [behind] = named('d/1');
    assert.equal(inTurns(workloads, behind, first).map(text)[0], 'a/1');
  });

  it('has each workload once, with any cursor', () => {
    const name = fc.record({
      kind: fc.constantFrom('Deployment' as const, 'StatefulSet' as const),
      namespace: fc.constantFrom('a', 'b', 'c'),
      name: fc.constantFrom('1', '2', '3', '4'),
    });
    const list = fc.uniqueArray(name, { selector: cursorText });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(list, fc.option(name, { nil: undefined }), random, (all, cursor, value) => {
        const order = inTurns([...all].sort(byName), cursor, () => value);
        assert.deepEqual([...order].sort(byName), [...all].sort(byName));
      }),
    );
  });
});

describe('the record of an interrupted pass', () => {
  it('is read as it was written', () => {
    const [name] = named('shop/web');
    assert.ok(name);
    assert.deepEqual(parseCursor(cursorText(name)), name);
  });

  it('is ignored if it is invalid', () => {
    for (const wrong of [
      undefined,
      '',
      '/',
      'a/Pod/b',
      'a/Deployment/',
      'a/Deployment/b/c',
      '{}',
    ]) {
      assert.equal(parseCursor(wrong), undefined, wrong ?? 'absent');
    }
  });
});
