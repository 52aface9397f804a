import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { afterWrites } from '../../../lib/rules/reverted.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import type { AdoptionMode } from '../../../lib/settings/schema.ts';
import { someHash, someProposal, someWorkload } from './some-workload.ts';

const proposal = someProposal('FirstSeen', {
  ...{ hashAnnotations: someHash, changed: ['ConfigMap/settings'] },
  podsMeanwhile: 'its Pods run with the current configuration',
});
const writer = { manager: 'argocd', time: '2026-11-30T09:00:00Z' };
const bare = { hash: undefined, sources: undefined };
const after = (times: number, more: Partial<Workload> = {}, given = proposal) =>
  afterWrites(someWorkload({ template: { ...bare, writer }, ...more }), given, times);

suite('the hash of a template without one', () => {
  test('is written if it was never written before', () => assert.equal(after(0), proposal));

  test('is written once more if it was written once, and the sentence says so', () => {
    const { sentence, ...rest } = after(1);
    const { sentence: before, ...same } = proposal;
    assert.deepEqual(rest, same);
    assert.ok(sentence.endsWith(`; written again: ${before}`), sentence);
    assert.match(sentence, /"argocd" at 2026-11-30T09:00:00Z/);
  });

  for (const times of [2, 3, 40]) {
    test(`is not written if it was written ${times} times, and is Reverted`, () => {
      const { reason, sentence, changed, hashAnnotations } = after(times);
      assert.deepEqual([reason, changed, hashAnnotations], ['Reverted', [], undefined]);
      assert.match(
        sentence,
        times === 2 ? /^the hash was written twice/ : RegExp(` ${times} times`),
      );
      assert.match(sentence, /its Pods run with the current configuration/);
    });
  }

  test('is reported with the warning that Pods may have an older configuration if nothing is known about them', () => {
    const { podsMeanwhile: _, ...unknown } = proposal;
    assert.match(after(2, {}, unknown).sentence, /may run with an older configuration/);
  });

  test('is reported with the tool that removed it, as far as managedFields show it', () => {
    const by = (template: Workload['template']) => after(2, { template }).sentence;
    assert.match(by(bare), /managedFields do not say which client/);
    const noTime = { ...bare, writer: { manager: 'a"b', time: undefined } };
    assert.match(by(noTime), /last written by "a\\"b"\)/);
  });

  test('is reported with the adoption that helps, unless it is in force', () => {
    const facts = (adoption: AdoptionMode) => ({
      adoption,
      changedBefore: true,
      podless: false,
      wave: undefined,
    });
    const of = (adoption: AdoptionMode) => after(2, { adoptionFacts: facts(adoption) }).sentence;
    assert.match(of('stamp'), /or set adoption to if-changed$/);
    assert.doesNotMatch(of('if-changed'), /set adoption/);
  });
});
