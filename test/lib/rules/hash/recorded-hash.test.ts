import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { heldTemplate } from '../../../../lib/rules/adoption/record.ts';
import type { ConfigHash } from '../../../../lib/rules/hash/config-hash.ts';
import { matchRecordedHash } from '../../../../lib/rules/hash/recorded-hash.ts';
import { boundRecord, writtenRecord } from '../../../../lib/rules/hash/source-record.ts';

/** The hashes of a configuration with one source, under a key. */
const hashed = (hash: string, keyId?: string): ConfigHash => {
  const sources = new Map([['ConfigMap/a', hash.slice(0, 12)]]);
  return { hash: hash.padEnd(64, '0'), keyId, sources, digests: sources };
};
const now = hashed('aaaaaaaaaaaa', '11111111');
const underNoKey = hashed('bbbbbbbbbbbb');
const before = hashed('cccccccccccc', '11111111');
const beforeUnderNoKey = hashed('dddddddddddd');
const hashes = { now, earlier: [underNoKey] };

const onTemplate = (it: ConfigHash) => ({
  hash: it.hash,
  sources: boundRecord(writtenRecord({ ...it, keys: new Map() }), it.hash, undefined),
});
const adoptedAs = (it: ConfigHash, podTemplate?: string) => ({
  ...{ template: '', config: it.hash, sources: writtenRecord({ ...it, keys: new Map() }) },
  ...(podTemplate === undefined ? {} : { podTemplate }),
});
const bare = { hash: undefined, sources: undefined };

type Carried = Parameters<typeof matchRecordedHash>[0];

/** Whether the hash is the same, on which object it is recorded, and under which key it was compared. */
function inShort(carried: Carried): string {
  const { recorded, like, same } = matchRecordedHash(carried, hashes);
  const key = like === now ? 'the key of now' : 'an earlier key';
  return `${same ? 'the same' : 'another one'}, on ${recorded.on}, under ${key}`;
}

suite('the recorded hash of a workload', () => {
  const cases: readonly (readonly [string, Carried, string])[] = [
    [
      'is the hash of its template',
      { template: onTemplate(now), adopted: undefined },
      'the same, on template, under the key of now',
    ],
    [
      'is the same under an earlier key',
      { template: onTemplate(underNoKey), adopted: undefined },
      'the same, on template, under an earlier key',
    ],
    [
      'is another one',
      { template: onTemplate(before), adopted: undefined },
      'another one, on template, under the key of now',
    ],
    [
      'is compared under the key that it was made with',
      { template: onTemplate(beforeUnderNoKey), adopted: undefined },
      'another one, on template, under an earlier key',
    ],
    [
      'is compared as it would be written if its key is not known',
      { template: onTemplate(hashed('eeeeeeeeeeee', '99999999')), adopted: undefined },
      'another one, on template, under the key of now',
    ],
    [
      'is the record of its adoption before the template',
      { template: onTemplate(now), adopted: adoptedAs(now) },
      'the same, on adopted, under the key of now',
    ],
    [
      'is the template if the record of its adoption says something else',
      { template: onTemplate(now), adopted: adoptedAs(before) },
      'the same, on template, under the key of now',
    ],
    [
      'is not the template if its Pods had another configuration since',
      { template: onTemplate(now), adopted: adoptedAs(before, 'digest') },
      'another one, on adopted, under the key of now',
    ],
    [
      'is not the template if there was no configuration any more',
      { template: onTemplate(now), adopted: { template: '', config: before.hash, sources: {} } },
      'another one, on adopted, under an earlier key',
    ],
    [
      'is nothing on a template without a hash',
      { template: bare, adopted: undefined },
      'another one, on template, under an earlier key',
    ],
    [
      'is the same of nothing once a record has ended',
      { template: bare, adopted: adoptedAs(now, heldTemplate), adoptionEnded: true },
      'another one, on adopted, under the key of now',
    ],
  ];
  for (const [what, carried, expected] of cases) {
    test(what, () => assert.equal(inShort(carried), expected));
  }

  test('has its sources, and without any, no reference is left', () => {
    const { recorded } = matchRecordedHash({ template: bare, adopted: adoptedAs(before) }, hashes);
    assert.deepEqual([...recorded.record.sources], [['ConfigMap/a', 'cccccccccccc']]);
    assert.equal(recorded.record.isEmpty, undefined);
    const empty = { template: '', config: before.hash, sources: {} };
    const none = matchRecordedHash({ template: bare, adopted: empty }, hashes);
    assert.equal(none.recorded.record.isEmpty, true);
  });
});
