import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isHeavy, namesNeededBy, sketchIfLarge, sketchOf } from '../../../lib/rules/sketch.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import { referencing, refused, someReference, someWorkload } from './some-workload.ts';

const long = 'x'.repeat(16 * 1024 + 1);
const some = (count: number) =>
  referencing(...Array.from({ length: count }, (_, i) => `ConfigMap/settings-${i}`));

/** A rollout with `count` versions on trial. */
const underWay = (count: number) => {
  const version = { version: 'u,1,', at: 7, failed: false };
  const names = Array.from({ length: count }, (_, i) => `ConfigMap/${'c'.repeat(40)}${i}`);
  const state = { phase: 'unfinished', failure: 'not known' } as const;
  return { startedAt: 7, state, given: new Map(names.map((name) => [name, version])) };
};
const ofWave = (count: number): NonNullable<Workload['adoptionFacts']> => ({
  ...{ adoption: 'stamp', changedBefore: false, podless: false },
  wave: Array.from({ length: count }, (_, i) => {
    const name = `settings-${i}`;
    return { kind: 'ConfigMap', namespace: 'shop', name, keys: 'all', by: 'template' };
  }),
});

const small: readonly (readonly [string, Partial<Workload>])[] = [
  ['nothing', {}],
  ['sixty sources', { configuration: some(60) }],
  ['a record of a few sources', { template: { hash: 'h', sources: '{"ConfigMap/a":"1"}' } }],
];
const ofUnrecorded = { changes: 1, wasRecorded: true, podSelector: long };
const large: readonly (readonly [string, Partial<Workload>])[] = [
  ['a large record of its sources', { template: { hash: 'h', sources: long } }],
  [
    'a large record of owned sources',
    {
      ownership: { ...someWorkload().ownership, record: long },
    },
  ],
  [
    'many names that only its template has',
    {
      ownership: { ...someWorkload().ownership, mentioned: new Set([long]) },
    },
  ],
  ['a large selector', { podSelector: long }],
  ['a large selector for its revisions', { unrecorded: ofUnrecorded }],
  [
    'a large record of its adoption',
    {
      adopted: { template: '', config: '', sources: { 'ConfigMap/a': long } },
    },
  ],
  [
    'many keys',
    {
      configuration: {
        kind: 'references',
        references: [someReference('Secret/a', { keys: new Set([long]) })],
        note: undefined,
      },
    },
  ],
  ['many versions on trial', { rollouts: { underWay: underWay(400) } }],
  ['a thousand sources', { configuration: some(1000) }],
  ['a thousand sources as upstream Wave sees them', { adoptionFacts: ofWave(1000) }],
  [
    'a long reason to be refused',
    {
      configuration: { ...refused('InvalidAnnotation'), why: long } as Workload['configuration'],
    },
  ],
];

suite('a workload', () => {
  for (const [what, more] of small) {
    test(`with ${what} is kept completely`, () => {
      const it = someWorkload(more);
      assert.equal(sketchIfLarge(it), it);
      assert.equal(isHeavy(it), false);
    });
  }

  for (const [what, more] of large) {
    test(`with ${what} is kept as a sketch, and is heavy`, () => {
      const it = someWorkload(more);
      const sketch = sketchIfLarge(it);
      assert.equal(sketch.isSketch, 'it is large');
      assert.ok(JSON.stringify(sketch).length < 1000);
      assert.deepEqual([isHeavy(it), isHeavy(sketch)], [true, true]);
    });
  }

  test('with many sources is heavy too, even if their names are short', () => {
    const short = (count: number) =>
      someWorkload({
        configuration: referencing(...Array.from({ length: count }, () => 'Secret/a')),
      });
    assert.deepEqual([isHeavy(short(80)), isHeavy(short(82))], [false, true]);
  });
});

test('a sketch names the listed object, and says why the rest is left out', () => {
  const whole = { hasAdopted: true, hasHistory: true, hasWritten: true };
  const it = someWorkload({ deleting: true, configuration: some(3), ...whole });
  const sketch = sketchOf(it, 'its page was large');
  const { kind, namespace, name, uid, resourceVersion, deleting, isSketch } = sketch;
  assert.deepEqual(
    [kind, namespace, name, uid, resourceVersion, deleting, isSketch],
    ['Deployment', 'shop', 'web', 'web', '7', true, 'its page was large'],
  );
  const { hasAdopted, hasHistory, hasWritten, configuration, ownership } = sketch;
  assert.deepEqual([hasAdopted, hasHistory, hasWritten], [false, false, false]);
  assert.deepEqual([configuration, ownership], [referencing(), someWorkload().ownership]);
  assert.equal(isHeavy(sketch), false);
});

test('a sketch keeps its order and its rollout under way, and the versions on trial if they are short', () => {
  const kept = (rollouts: Workload['rollouts']) =>
    sketchOf(someWorkload({ rollouts }), 'it is large').rollouts;

  assert.deepEqual(kept({ hasPending: true, isHealthy: true }), {});
  assert.deepEqual(kept({ order: '3', texts: { pause: 'true' } }), { order: '3' });
  assert.deepEqual(kept({ underWay: underWay(1) }), { underWay: underWay(1) });
  assert.deepEqual(kept({ order: '3', underWay: underWay(50) }), {
    order: '3',
    underWay: underWay(0),
  });
});

suite('a workload with patterns', () => {
  const why = { kind: 'refused', reason: 'UnreadableSource', why: 'no names' } as const;
  const needsNames = ['ConfigMap'] as const;

  test('is a sketch until the names in its namespace have been read', () => {
    const patterned = someWorkload({ configuration: { ...why, needsNames } });
    assert.deepEqual(namesNeededBy(patterned), ['ConfigMap']);
    const sketch = sketchIfLarge(patterned);
    assert.equal(sketch.isSketch, 'it has patterns');
    assert.equal(isHeavy(sketch), false);
  });

  test('is complete after they were read, or could not be read', () => {
    for (const configuration of [referencing('ConfigMap/app-1'), why]) {
      const workload = someWorkload({ configuration });
      assert.equal(namesNeededBy(workload), undefined);
      assert.equal(sketchIfLarge(workload), workload);
    }
  });
});
