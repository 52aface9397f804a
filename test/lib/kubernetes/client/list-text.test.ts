import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseListMentioning } from '../../../../lib/kubernetes/client/list-text.ts';

const word = 'wave.pusher.com';

/** A list as the API server writes it: first its kind, then its metadata, and the items last. */
function listOf(items: readonly object[], metadata: object = { resourceVersion: '7' }): string {
  return `${JSON.stringify({ kind: 'DeploymentList', apiVersion: 'apps/v1', metadata, items })}\n`;
}

function item(name: string, annotations: Record<string, string>, spec: object = {}) {
  return { metadata: { name, namespace: 'shop', annotations }, spec };
}

const mentions = (object: unknown): boolean => JSON.stringify(object).includes(word);

describe('a list that is filtered by a word', () => {
  it('has the items with the word in any place, in their order', () => {
    const items = [
      item('off', {}),
      item('on', { [`${word}/update-on-config-change`]: 'true' }),
      item('other', { 'example.com/note': 'none' }),
      { metadata: { name: 'ended', finalizers: [`${word}/finalizer`] } },
      item(
        'last',
        {},
        { template: { metadata: { annotations: { [`${word}/config-hash`]: '' } } } },
      ),
    ];
    const list = parseListMentioning(listOf(items), [word, 'another.example.com']);
    assert.deepEqual(list?.items, [items[1], items[3], items[4]]);
  });

  it('keeps the fields for paging', () => {
    const metadata = { resourceVersion: '7', continue: 'abc', remainingItemCount: 3 };
    assert.deepEqual(parseListMentioning(listOf([item('a', {})], metadata), [word]), {
      kind: 'DeploymentList',
      apiVersion: 'apps/v1',
      metadata,
      items: [],
    });
  });

  it('is parsed as a whole if the text has another form', () => {
    const on = item('on', { [`${word}/x`]: '1' });
    const unusual = [
      '{"items":null}',
      'null',
      '{"kind":"Status"}',
      listOf([]),
      listOf([{ kind: 'Deployment', ...on }]),
      JSON.stringify({ items: [on], metadata: { continue: 'abc' } }),
      JSON.stringify({ metadata: {}, items: [on] }, undefined, 2),
      listOf([item('a', { [`${word}/x`]: '1' }, { claims: [{}, { metadata: { name: 'c' } }] })]),
      listOf([item('a', {}, { claims: [{}, on, { metadata: { name: 'c' } }] })]),
    ];
    for (const text of unusual) {
      assert.deepEqual(parseListMentioning(text, [word]), JSON.parse(text), text);
    }
  });

  it('is rejected if the text is cut off', () => {
    const text = listOf([item('a', {}), item('b', { [`${word}/x`]: '1' })]);
    for (let length = 1; length < text.length - '\n'.length; length += 1) {
      assert.throws(() => parseListMentioning(text.slice(0, length), [word]), SyntaxError);
    }
  });

  it('loses no item with the word and invents none, with any content of the items', () => {
    const claim = item('claim', { [`${word}/x`]: '1' });
    const lookalike = fc.constantFrom('},{"metadata":{"name":"', `"${word}/x"`, ']}', '"items":[');
    const text = fc.oneof(fc.string(), lookalike);
    const inner: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, text, fc.integer(), tie('object'), fc.array(tie('value'))),
      object: fc.oneof(
        fc.dictionary(text, tie('value'), { maxKeys: 3 }),
        fc.record({ metadata: fc.record({ name: text, rest: tie('value') }) }),
        fc
          .array(fc.constantFrom(claim, { metadata: { name: 'c' } }), { maxLength: 4 })
          .map((claims) => ({ claims })),
      ),
    })).object;
    const whole = fc.record({
      metadata: fc.record({ name: text, annotations: fc.dictionary(text, text, { maxKeys: 3 }) }),
      spec: inner,
    });
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 9, arbitrary: whole }, inner)), (items) => {
        const json = listOf(items as object[]);
        const all = (JSON.parse(json) as { items: unknown[] }).items;
        const found = parseListMentioning(json, [word])?.items ?? [];
        const texts = all.map((it) => JSON.stringify(it));
        let at = -1;
        for (const one of found) {
          at = texts.indexOf(JSON.stringify(one), at + 1);
          assert.ok(at >= 0, 'an item that is not in the list, or not in its order');
        }
        assert.deepEqual(found.filter(mentions), all.filter(mentions));
      }),
      { numRuns: 2000 },
    );
  });
});
