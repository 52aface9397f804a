import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { needsPods } from '../../../lib/rules/needs-pods.ts';
import type { SourcesSeen } from '../../../lib/rules/sources-seen.ts';
import type { AdoptionFacts, Workload } from '../../../lib/rules/workload.ts';
import { seenWith, someSource, templateWith, usingSettings } from './some-compared.ts';
import { refused } from './some-workload.ts';

const now = someSource({ level: 'info' });
const before = someSource({ level: 'debug' });
const facts: AdoptionFacts = {
  ...{ adoption: 'if-changed', changedBefore: true, podless: false, wave: undefined },
};
const lost = { hash: 'a'.repeat(64), at: undefined };
const ifStale = { restart: 'if-stale', template: templateWith(before) } as const;

const needs = (workload: Partial<Workload>, more: Partial<SourcesSeen> = {}) => {
  const it = usingSettings(workload);
  return needsPods(it, { ...seenWith(it, now), ...more });
};

suite('the Pods of a workload are read', () => {
  const cases: readonly (readonly [string, boolean, Parameters<typeof needs>])[] = [
    ['if it is seen first with if-changed', true, [{ adoptionFacts: facts }]],
    [
      'unless it is seen first with stamp',
      false,
      [{ adoptionFacts: { ...facts, adoption: 'stamp' } }],
    ],
    [
      'unless it is seen first with baseline',
      false,
      [{ adoptionFacts: { ...facts, adoption: 'baseline' } }],
    ],
    [
      'if it is seen first with baseline, and a hash of it was removed',
      true,
      [{ adoptionFacts: { ...facts, adoption: 'baseline', lost } }],
    ],
    [
      'unless it has no Pods',
      false,
      [{ adoptionFacts: { ...facts, adoption: 'baseline', lost, podless: true } }],
    ],
    ['unless nothing is known of its adoption', false, [{}]],
    ['if its configuration changed with if-stale', true, [ifStale]],
    ['unless its configuration changed with always', false, [{ template: templateWith(before) }]],
    ['unless its configuration is the same', false, [{ ...ifStale, template: templateWith(now) }]],
    [
      'unless its template has the hash of upstream Wave',
      false,
      [ifStale, { carriesHashOfWave: true }],
    ],
    ['unless it is being deleted', false, [{ ...ifStale, deleting: true }]],
    ['unless its sources are too large', false, [ifStale, { tooLarge: 'they are' }]],
    [
      'unless its configuration is refused',
      false,
      [{ ...ifStale, configuration: refused('OptedOut') }],
    ],
    [
      'unless a source of it is missing',
      false,
      [ifStale, { readings: new Map([['ConfigMap/shop/settings', { state: 'absent' }]]) }],
    ],
    [
      'unless a source of it could not be read',
      false,
      [
        ifStale,
        { readings: new Map([['ConfigMap/shop/settings', { state: 'unreadable', why: '403' }]]) },
      ],
    ],
  ];
  for (const [what, expected, args] of cases) {
    test(what, () => assert.equal(needs(...args), expected));
  }

  test('unless none of its sources counts', () => {
    const it = usingSettings({
      ...ifStale,
      configuration: { kind: 'references', references: [], note: undefined },
    });
    assert.equal(needsPods(it, seenWith(it, now)), false);
  });
});
