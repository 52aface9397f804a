import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelMatcher, labelSelectorProblem } from '../../../lib/settings/label-selector.ts';

for (const selector of [
  '',
  '  ',
  'team',
  '!team',
  '! team',
  'team=a',
  'team==a',
  'team != a',
  'team=',
  'team=,env=x',
  'team=a,env in (x,y)',
  'env notin ( x , y )',
  'env in(x)',
  'env in (,x)',
  'in in (in)',
  'app.kubernetes.io/name=web,!example.com/old',
  `a${'b'.repeat(62)}=c`,
]) {
  test(`the label selector "${selector}" is accepted`, () => {
    assert.equal(labelSelectorProblem(selector), undefined);
  });
}

const form = 'must be key, !key, key=value, key!=value, key in (a,b) or key notin (a,b)';
const letters =
  'must be at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends';
for (const [selector, expected] of [
  ['a=b,', 'an empty requirement: write one comma between two requirements'],
  [',a=b', 'an empty requirement: write one comma between two requirements'],
  ['a=b,,c=d', 'an empty requirement: write one comma between two requirements'],
  ['a=b c=d', `"a=b c=d" ${form}`],
  ['=b', `"=b" ${form}`],
  ['!a=b', `"!a=b" ${form}`],
  ['a=b=c', `"a=b=c" ${form}`],
  ['ok=1,env in x', `"env in x" ${form}`],
  ['env in (x', `"env in (x" ${form}`],
  ['env in x)', `"env in x)" ${form}`],
  ['env IN (x)', `"env IN (x)" ${form}`],
  ['env in ()', '"env in ()" needs values between its parentheses'],
  ['-a=b', `in "-a=b", the key "-a" ${letters}`],
  ['a>1', `in "a>1", the key "a>1" ${letters}`],
  ['a/=b', `in "a/=b", the key "" ${letters}`],
  [`${'a'.repeat(64)}=b`, `in "${'a'.repeat(64)}=b", the key "${'a'.repeat(64)}" ${letters}`],
  ['a=b_', `in "a=b_", the value "b_" ${letters}`],
  ['env in (x,y z)', `in "env in (x,y z)", the value "y z" ${letters}`],
  ['Bad_Prefix/a=b', 'in "Bad_Prefix/a=b", "Bad_Prefix" before the slash must be a DNS name'],
  ['/a=b', 'in "/a=b", "" before the slash must be a DNS name'],
] as const) {
  test(`the label selector "${selector}" is rejected, with the part at fault`, () => {
    assert.equal(labelSelectorProblem(selector), expected);
  });
}

const labels = { team: 'a', env: 'x', empty: '' };
for (const [selector, expected] of [
  ['', true],
  ['team', true],
  ['!team', false],
  ['! other', true],
  ['other', false],
  ['team=a', true],
  ['team == b', false],
  ['team!=b', true],
  ['other!=b', true],
  ['team!=a', false],
  ['empty=', true],
  ['team=', false],
  ['env in ( x , y )', true],
  ['env in(y)', false],
  ['other notin (x)', true],
  ['env notin (x,y)', false],
  ['team=a,env in (x,y),!other', true],
  ['team=a,env=y', false],
] as const) {
  test(`the label selector "${selector}" ${expected ? 'matches' : 'does not match'}`, () => {
    assert.equal(labelMatcher(selector)(labels), expected);
  });
}

test('an object without labels matches requirements for absent labels', () => {
  assert.equal(labelMatcher('!team')(undefined), true);
  assert.equal(labelMatcher('team')(null), false);
});
