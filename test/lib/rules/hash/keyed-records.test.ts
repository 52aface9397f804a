import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  type Carrier,
  carriersOfLostKey,
  carriesKeyedRecord,
} from '../../../../lib/rules/hash/keyed-records.ts';
import type { Workload } from '../../../../lib/rules/workload.ts';

const digest = '0123456789ab';
const keyed = { key: '01234567', 'Secret/pin': digest };

suite('a record of a workload', () => {
  const carries = (sources: string | undefined, adopted?: Workload['adopted']): boolean =>
    carriesKeyedRecord({ template: { hash: undefined, sources }, adopted });

  test('is keyed if it has the id of a key, on the template or in the adoption', () => {
    const adoption = { template: '', config: 'a'.repeat(64) };
    assert.equal(carries(JSON.stringify(keyed)), true);
    assert.equal(carries(undefined, { ...adoption, sources: keyed }), true);
    assert.equal(carries('{}', { ...adoption, sources: keyed }), true);
    assert.equal(carries('{"key":"01234567","sources":"5000"}'), true);
    assert.equal(carries(`{"Secret/pin":"${digest}"}`), false);
    assert.equal(carries(undefined, { ...adoption, sources: { 'Secret/pin': digest } }), false);
    for (const nothing of [undefined, '', 'x', '[]', 'null', '{"key":7}']) {
      assert.equal(carries(nothing), false);
    }
  });
});

suite('a key was lost', () => {
  const of = (namespace: string, keyed: boolean, name = 'web'): Carrier => ({
    ...{ kind: 'Deployment', namespace, name },
    keyed,
  });
  const lost = (...carriers: Carrier[]) => carriersOfLostKey(carriers).length;

  test('if most namespaces have keyed records', () => {
    assert.equal(lost(of('a', true)), 1);
    assert.equal(lost(of('a', true), of('a', false, 'new')), 1);
    assert.equal(lost(of('a', true), of('b', true), of('c', false)), 2);
  });

  test('but not if there are none, or if half of the namespaces or fewer have them, with any number of records', () => {
    assert.equal(lost(), 0);
    assert.equal(lost(of('a', false)), 0);
    const many = Array.from({ length: 100 }, (_, i) => of('a', true, `web-${i}`));
    assert.equal(lost(...many, of('b', false)), 0);
  });
});
