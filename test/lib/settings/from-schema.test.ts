import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import type { FromSchema } from '../../../lib/settings/from-schema.ts';
import type { Settings } from '../../../lib/settings/schema.ts';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * The compiler does the check: if the types differ, `Same` is `false`, and this function cannot be called with
 * `true`.
 */
const isSame = <A, B>(same: Same<A, B>) => assert.equal(same, true);

suite('the type of a schema', () => {
  test('has strings, numbers, unions of words, and lists of these', () => {
    isSame<FromSchema<{ type: 'string' }>, string>(true);
    isSame<FromSchema<{ type: 'integer' }>, number>(true);
    isSame<FromSchema<{ type: 'string'; enum: ['a', 'b'] }>, 'a' | 'b'>(true);
    isSame<FromSchema<{ type: 'array'; items: { type: 'string' } }>, readonly string[]>(true);
    isSame<FromSchema<{ type: readonly ['integer', 'string'] }>, number | string>(true);
    isSame<FromSchema<{ type: readonly ['boolean', 'string'] }>, boolean | string>(true);
    isSame<FromSchema<{ type: 'array'; items: { type: 'object' } }>, readonly object[]>(true);
  });

  test('always has a value if there is a default, or if it is a group', () => {
    type Group = {
      type: 'object';
      properties: {
        given: { type: 'integer'; default: 1 };
        maybe: { type: 'string' };
        group: { type: 'object'; properties: { maybe: { type: 'integer' } } };
      };
    };
    type Expected = {
      readonly given: number;
      readonly group: { readonly maybe?: number };
      readonly maybe?: string;
    };
    isSame<FromSchema<Group>, Expected>(true);
  });

  test('always has the required members of a mapping in a list, and no others', () => {
    type List = {
      type: 'array';
      items: {
        type: 'object';
        required: readonly ['must'];
        properties: { must: { type: 'string'; enum: ['a'] }; may: { type: 'string' } };
      };
    };
    isSame<FromSchema<List>, readonly { readonly must: 'a'; readonly may?: string }[]>(true);
  });

  test('is the type of the settings', () => {
    isSame<Settings['kinds'], readonly WorkloadKind[]>(true);
    isSame<Settings['shard'], { readonly count: number; readonly index?: number }>(true);
    isSame<Settings['rollouts']['maxConcurrent'], number | string | undefined>(true);
    isSame<Settings['rollouts']['paused'], boolean | string>(true);
    isSame<Settings['rollouts']['windows'], readonly object[]>(true);
    isSame<Settings['hashKey'], string | undefined>(true);
  });
});
