import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask, candidate, member, rolling, running } from './asked-queue.ts';
import { minutes } from './rules.ts';

suite('a limit', () => {
  const three = ['shop/a', 'shop/b', 'shop/c'].map((path) => candidate(path));

  test('is never exceeded by rollouts under way, and the others say why they wait', () => {
    const { starts, waiting } = ask({ all: '2', candidates: three, members: [running('zoo/x')] });
    assert.deepEqual(starts, ['shop/a']);
    const why = 'as many rollouts are under way as rollouts.maxConcurrent allows (2)';
    assert.deepEqual(waiting, { 'shop/b': why, 'shop/c': why });
  });

  test('of a namespace only counts in this namespace', () => {
    const { starts, waiting } = ask({
      perNamespace: '1',
      candidates: [...three, candidate('zoo/y'), candidate('bar/z')],
      members: [running('zoo/x')],
    });
    assert.deepEqual(starts, ['bar/z', 'shop/a']);
    assert.match(
      waiting['zoo/y'] ?? '',
      /under way in namespace zoo as rollouts.maxConcurrentPerNamespace allows \(1\)/,
    );
    assert.match(waiting['shop/b'] ?? '', /in namespace shop/);
  });

  test('in percent is a share of all opted-in workloads, or of those in the namespace', () => {
    const members = Array.from({ length: 20 }, (_, i) => member(`shop/m${i}`));
    assert.equal(ask({ all: '10%', candidates: three, members }).starts.length, 2);
    assert.equal(ask({ perNamespace: '5%', candidates: three, members }).starts.length, 1);
    const elsewhere = members.map((each) => ({ ...each, namespace: 'zoo' }));
    assert.equal(ask({ all: '10%', candidates: three, members: elsewhere }).starts.length, 2);
    assert.equal(
      ask({ perNamespace: '10%', candidates: three, members: elsewhere }).starts.length,
      1,
    );
  });

  for (const [name, taking, free] of [
    ['by wave-cron takes a place while it is unfinished', running('zoo/x'), 0],
    ['takes its place until the deadline', running('zoo/x', { at: minutes(-10.9) }), 0],
    ['takes no place after the deadline', running('zoo/x', { at: minutes(-11) }), 1],
    [
      'takes no place after it has finished',
      running('zoo/x', { state: { ...rolling, phase: 'finished' } }),
      1,
    ],
    ['by another tool takes no place', member('zoo/x'), 1],
    ['with a start in the future takes no place', running('zoo/x', { at: minutes(5) }), 1],
  ] as const) {
    test(`a rollout ${name}`, () => {
      assert.equal(ask({ all: '1', candidates: three, members: [taking] }).starts.length, free);
    });
  }

  test('waits for the report of a failed Deployment, if its own deadline is not longer than the setting', () => {
    const places = (ownDeadlineMs: number | undefined, at: number) => {
      const state = { phase: 'unfinished', failure: 'not known' } as const;
      const own = ownDeadlineMs === undefined ? state : { ...state, ownDeadlineMs };
      return ask({ all: '1', candidates: three, members: [running('zoo/x', { at, state: own })] })
        .starts.length;
    };
    assert.equal(places(600_000, minutes(-10.5)), 0);
    assert.equal(places(60_000, minutes(-10.5)), 0);
    assert.equal(places(3_600_000, minutes(-10.5)), 1);
    assert.equal(places(undefined, minutes(-10.5)), 1);
  });

  test('does not apply to a workload that already has a place', () => {
    const { starts } = ask({
      all: '1',
      candidates: [candidate('shop/x'), ...three],
      members: [running('shop/x')],
    });
    assert.deepEqual(starts, ['shop/x']);
  });

  test('applies to a workload whose controller has not observed its last change', () => {
    const unobserved = running('shop/x', { at: minutes(-5) });
    const { underWay } = unobserved;
    assert.ok(underWay !== undefined);
    const { starts } = ask({
      all: '1',
      candidates: [candidate('shop/x')],
      members: [
        { ...unobserved, underWay: { ...underWay, isUnobserved: true } },
        running('shop/y', { at: minutes(-1) }),
      ],
    });
    assert.deepEqual(starts, []);
  });

  test('lets no workload start while a list could not be read', () => {
    const { starts, waiting } = ask({ all: '5', candidates: three, unread: 'DaemonSets' });
    assert.deepEqual(starts, []);
    assert.equal(
      waiting['shop/a'],
      'it is not known how many rollouts are under way, since DaemonSets could not be listed',
    );
    assert.equal(
      ask({ candidates: three, unread: 'DaemonSets' }).starts.length,
      3,
      'without a limit',
    );
  });
});

suite('places', () => {
  const many = (namespace: string, count: number, since = minutes(-1)) =>
    Array.from({ length: count }, (_, i) => candidate(`${namespace}/${i}`, { since }));

  test('go to the namespace with the fewest rollouts under way', () => {
    const candidates = [...many('a', 5, minutes(-600)), ...many('b', 5)];
    const members = [running('a/x'), running('a/y')];
    assert.deepEqual(ask({ all: '5', candidates, members }).starts, ['b/0', 'b/1', 'a/0']);
  });

  test('go to one namespace after the other, starting after the one that was served last', () => {
    const candidates = [...many('a', 3, minutes(-600)), ...many('b', 3), ...many('c', 3)];
    assert.deepEqual(ask({ all: '2', candidates }).starts, ['a/0', 'b/0']);
    assert.equal(ask({ all: '2', candidates }).after, 'b');
    assert.deepEqual(ask({ all: '2', candidates, after: 'b' }).starts, ['c/0', 'a/0']);
    assert.deepEqual(ask({ all: '1', candidates, after: 'c' }).starts, ['a/0']);
    assert.deepEqual(ask({ all: '1', candidates, after: 'bb' }).starts, ['c/0']);
  });

  test('that one namespace cannot use go to others', () => {
    const candidates = [...many('a', 1), ...many('b', 9)];
    assert.deepEqual(ask({ all: '4', candidates }).starts, ['a/0', 'b/0', 'b/1', 'b/2']);
    assert.deepEqual(ask({ all: '4', perNamespace: '2', candidates }).starts, [
      'a/0',
      'b/0',
      'b/1',
    ]);
  });

  test('are not taken from others if a namespace seems to hold more than its share, and it gets no more', () => {
    const members = Array.from({ length: 50 }, (_, i) => running(`evil/${i}`));
    const candidates = [...many('a', 3), ...many('evil', 50)];
    const { starts } = ask({ all: '4', perNamespace: '2', candidates, members });
    assert.deepEqual(starts, ['evil/0', 'evil/1', 'a/0', 'a/1']);
    assert.equal(ask({ all: '4', candidates, members }).starts.length, 4);
  });
});
