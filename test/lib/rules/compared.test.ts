import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PodsFollow } from '../../../lib/kubernetes/kinds.ts';
import { adoptedNow, countOf, restartCaveat, writingHash } from '../../../lib/rules/compared.ts';
import { comparedWith, someSource, templateWith, usingSettings } from './some-compared.ts';

const source = someSource({ level: 'info' });

suite('a compared workload', () => {
  test('is written with the current hash and a record that is bound to it', () => {
    const { hashAnnotations, earlierHashes } = writingHash(comparedWith(usingSettings(), source));
    assert.deepEqual(hashAnnotations, templateWith(source));
    assert.deepEqual(earlierHashes, []);
  });

  test('may have been written under earlier keys only if its template has no hash', () => {
    const template = templateWith(someSource({ level: 'debug' }));
    assert.equal('earlierHashes' in writingHash(comparedWith(usingSettings({ template }))), false);
  });

  test('is adopted for the hash on its template, if there is one', () => {
    const { hash } = templateWith(source);
    const adopted = adoptedNow(comparedWith(usingSettings(), source));
    assert.deepEqual([adopted.template, adopted.config], ['', hash]);
    assert.deepEqual(Object.keys(adopted.sources), ['ConfigMap/settings']);
    const template = templateWith(someSource({ level: 'debug' }));
    const other = adoptedNow(comparedWith(usingSettings({ template }), source));
    assert.deepEqual([other.template, other.config], [template.hash, hash]);
  });

  test('is recorded with the names of its keys only with restart: if-stale', () => {
    const { written } = comparedWith(usingSettings({ restart: 'if-stale' }), source);
    assert.deepEqual(Object.keys(written), ['ConfigMap/settings', 'ConfigMap/settings:keys']);
    assert.deepEqual(Object.keys(comparedWith(usingSettings(), source).written), [
      'ConfigMap/settings',
    ]);
    const absent = { state: 'absent' } as const;
    const optional = comparedWith(usingSettings({ restart: 'if-stale' }), absent);
    assert.deepEqual(Object.keys(optional.written), []);
  });
});

test('sources are counted in words', () => {
  const of = (count: number) =>
    countOf({
      ...{ hash: '', keyId: undefined, digests: new Map() },
      sources: new Map(Array.from({ length: count }, (_, i) => [`ConfigMap/${i}`, ''])),
    });
  assert.deepEqual([of(0), of(1), of(2)], ['0 sources', '1 source', '2 sources']);
});

test('says so if its rollout does not begin at once', () => {
  const of = (podsFollow: PodsFollow) => restartCaveat(usingSettings({ podsFollow }));
  assert.equal(of('at once'), '');
  assert.match(of('when resumed'), /paused/);
  assert.match(of('when deleted'), /OnDelete/);
  assert.match(of('when promoted'), /when somebody promotes it/);
  assert.match(of('from the first step'), /whose steps start again/);
  assert.match(of('unknown'), /does not know how the controller of a Deployment restarts Pods/);
});
