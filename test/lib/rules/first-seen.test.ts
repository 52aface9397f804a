import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { rolloutOf } from '../../../lib/rules/adoption/rollout.ts';
import { proposeFirst } from '../../../lib/rules/first-seen.ts';
import type { AdoptionFacts } from '../../../lib/rules/workload.ts';
import type { AdoptionMode } from '../../../lib/settings/schema.ts';
import {
  comparedWith,
  podsCreated,
  someSource,
  templateWith,
  usingSettings,
} from './some-compared.ts';

const source = someSource({ level: 'info' });
const { hash = '' } = templateWith(source);
const rollout = rolloutOf('Deployment', {});
const pods = (...times: readonly string[]) => podsCreated(rollout.template, ...times);
const [young, old] = [pods('2026-11-30T10:00:00Z'), pods('2026-11-30T08:30:00Z')];
const unreadable: PodsReading = { state: 'unreadable', why: '403' };

/** A hash of the current configuration that was written and then removed. */
const lost = { hash, at: '2026-11-30T09:30:00Z' };

function first(adoption: AdoptionMode, read?: PodsReading, facts: Partial<AdoptionFacts> = {}) {
  const adoptionFacts = {
    adoption,
    changedBefore: true,
    podless: false,
    wave: undefined,
    ...facts,
  };
  const { reason, sentence, adopt, hashAnnotations, podsMeanwhile } = proposeFirst(
    comparedWith(usingSettings({ adoptionFacts, rollout }), source, read),
  );
  const what = hashAnnotations?.hash === hash ? 'writes the hash' : 'writes nothing';
  assert.equal(adopt?.config, reason === 'Adopted' ? hash : undefined);
  return { short: `${reason}, ${what}`, sentence, podsMeanwhile };
}
const adopted = 'Adopted, writes nothing';
const rolled = 'FirstSeen, writes the hash';

suite('a workload that is seen for the first time', () => {
  const cases: readonly (readonly [string, string, Parameters<typeof first>])[] = [
    ['is rolled with stamp', rolled, ['stamp']],
    ['is rolled with stamp, however young its Pods are', rolled, ['stamp', young]],
    ['is adopted with baseline', adopted, ['baseline']],
    [
      'is adopted with if-changed if its Pods are younger than its sources',
      adopted,
      ['if-changed', young],
    ],
    ['is adopted with if-changed if it has no Pods', adopted, ['if-changed', pods()]],
    ['is rolled with if-changed if a Pod is older', rolled, ['if-changed', old]],
    ['is rolled with if-changed if its Pods were not read', rolled, ['if-changed']],
    ['is rolled with if-changed if its Pods could not be read', rolled, ['if-changed', unreadable]],
    [
      'is rolled with baseline if a hash was removed before its Pods were replaced',
      rolled,
      ['baseline', old, { lost }],
    ],
    [
      'is adopted with baseline if its Pods are younger than the hash that was removed',
      adopted,
      ['baseline', young, { lost }],
    ],
    [
      'is adopted if a hash was removed and no Pod runs',
      adopted,
      ['baseline', undefined, { lost, podless: true }],
    ],
    ['is rolled with stamp if a hash was removed', rolled, ['stamp', undefined, { lost }]],
  ];
  for (const [what, expected, args] of cases) {
    test(what, () => assert.equal(first(...args).short, expected));
  }

  test('is rolled if no facts for its adoption are known', () => {
    const { reason } = proposeFirst(comparedWith(usingSettings(), source));
    assert.equal(reason, 'FirstSeen');
  });

  test('says why it is adopted', () => {
    const why = (...args: Parameters<typeof first>) => first(...args).sentence;
    assert.match(why('baseline'), /: its Pods are assumed to be current$/);
    assert.match(why('if-changed', young), /: no source was written after its Pods were created$/);
    assert.match(why('baseline', young, { lost }), /: no source was written after its Pods were/);
    assert.match(why('baseline', undefined, { lost, podless: true }), /: none of its Pods runs$/);
    assert.match(why('baseline', undefined, { podless: true }), /are assumed to be current$/);
  });

  test('says which configuration its Pods have in between', () => {
    assert.match(first('if-changed', old).podsMeanwhile ?? '', /older configuration \(Pod web-1-0/);
    assert.match(first('stamp', young).podsMeanwhile ?? '', /current configuration$/);
    assert.match(
      first('stamp', undefined, { podless: true }).podsMeanwhile ?? '',
      /^none of its Pods/,
    );
  });
});
