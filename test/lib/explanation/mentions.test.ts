import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotatedMentions, referencesToRead } from '../../../lib/explanation/mentions.ts';
import type { OptIn } from '../../../lib/rules/opt-in.ts';
import { names, referencing, refused, someWorkload } from '../rules/some-workload.ts';

const on: OptIn = { kind: 'on', own: true, reloader: undefined };
const spec = { containers: [{ name: 'main', envFrom: [{ secretRef: { name: 's' } }] }] };
const annotations = {
  [names.extraConfigMaps]: 'a, other/b',
  [names.ignoreSecrets]: 's',
};
const mentions = annotatedMentions(spec, 'shop', annotations, names, on);

suite('the places that name a source', () => {
  test('are those in the template and in annotations, even if they are ignored or not allowed', () => {
    assert.deepEqual(
      mentions.map((it) => [it.namespace, it.name, it.place, it.ignoredBy]),
      [
        ['shop', 's', 'containers[main].envFrom', names.ignoreSecrets],
        ['shop', 'a', `annotation ${names.extraConfigMaps}`, undefined],
        ['other', 'b', `annotation ${names.extraConfigMaps}`, undefined],
      ],
    );
  });

  test('are read if they count for a pass', () => {
    const configuration = referencing('ConfigMap/settings');
    const read = referencesToRead(someWorkload({ configuration }), mentions, []);
    assert.deepEqual(
      read.map(({ name }) => name),
      ['settings'],
    );
  });

  test('are read for a refused workload unless they are ignored or not allowed', () => {
    const it = someWorkload({ configuration: refused('InvalidAnnotation') });
    const read = (allowed: readonly string[]) =>
      referencesToRead(it, mentions, allowed).map(({ name }) => name);
    assert.deepEqual(read([]), ['a']);
    assert.deepEqual(read(['other']), ['a', 'b']);
  });
});
