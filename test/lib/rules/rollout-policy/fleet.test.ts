import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { QueueLimits } from '../../../../lib/rules/rollout-policy/queue-state.ts';
import { Fleet, type FleetSettings, type Plan, type SimulatedWorkload } from './fleet.ts';
import { now as begin } from './rules.ts';

// Each run draws new random fleets. To repeat a run, or to try more fleets:
// WAVE_CRON_SEED=… WAVE_CRON_FLEETS=5000 npx node --test test/lib/rules/rollout-policy/fleet.test.ts
const seed = Number(process.env['WAVE_CRON_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env['WAVE_CRON_FLEETS'] ?? 150);

const progressDeadlineMs = 600_000;
const app = 'ConfigMap/app';

function settings(
  limits: Omit<QueueLimits, 'progressDeadlineMs'>,
  ownDeadlineMs = 600_000,
): FleetSettings {
  return { limits: { ...limits, progressDeadlineMs }, onFailure: 'stop', ownDeadlineMs };
}

/** Plans of workloads. `counts` has the number of workloads of order 0, 1 and so on. */
function plans(counts: readonly number[], of: Partial<Plan> = {}): Plan[] {
  return counts.flatMap((count, order) =>
    Array.from({ length: count }, (_, i): Plan => {
      const name = `w${order}-${i}`;
      return {
        namespace: 'shop',
        name,
        order,
        sources: [app],
        tells: 'by its controller',
        takes: 30,
        ...of,
      };
    }),
  );
}

/**
 * Runs passes with a period of `every` seconds until all workloads are current, and returns the time. Fails
 * after `minutes` minutes.
 */
function run(
  fleet: Fleet,
  { every = 20, minutes = 600, at = begin, until = (_now: number): boolean => false } = {},
  check: (now: number) => void = () => {},
): number {
  for (let now = at; ; now += every * 1000) {
    assert.ok(
      now < at + minutes * 60_000,
      `not done within ${minutes} minutes; WAVE_CRON_SEED=${seed}`,
    );
    fleet.pass(now);
    check(now);
    if (until(now) || fleet.workloads.every((each) => fleet.isCurrent(each))) return now;
  }
}

const withBad = (fleet: Fleet): SimulatedWorkload[] =>
  fleet.workloads.filter((each) => each.hasBad());

suite('a fleet', () => {
  test('of 60 workloads that share a ConfigMap is rolled 5 at a time, and all are current in the end', () => {
    const fleet = new Fleet(plans([60]), settings({ all: { count: 5 } }));
    fleet.write(`shop/${app}`, false, begin);
    let most = 0;
    run(fleet, {}, (now) => {
      most = Math.max(most, fleet.underWay(now));
    });
    assert.equal(most, 5);
    assert.ok(fleet.workloads.every(({ writes }) => writes === 1));
  });

  for (const tells of ['by its controller', 'by being late'] as const) {
    test(`that shows a failure ${tells} gives a bad value only to as many workloads of the first order as start at once`, () => {
      const fleet = new Fleet(plans([8, 6, 6], { tells }), settings({ all: { count: 3 } }));
      fleet.write(`shop/${app}`, true, begin);
      const end = begin + 3 * 3_600_000;
      const after = run(fleet, { every: 7, until: (now) => now > end });
      const got = withBad(fleet);
      assert.equal(got.length, 3);
      assert.ok(got.every(({ plan }) => plan.order === 0));
      for (const each of fleet.workloads) {
        if (!got.includes(each))
          assert.match(fleet.said.get(each) ?? '', /^StoppedByFailure w0-\d$/);
      }
      fleet.write(`shop/${app}`, false, after);
      run(fleet, { at: after + 1000 });
      assert.deepEqual(withBad(fleet), []);
    });

    test(`that shows a failure ${tells} gives a correction to the failed workload before others get it`, () => {
      const fleet = new Fleet(plans([1, 12], { tells }), settings({}));
      fleet.write(`shop/${app}`, true, begin);
      let at = begin;
      for (let tries = 0; tries < 4; tries += 1) {
        const end = at + 20 * 60_000;
        at = run(fleet, { at, until: (now) => now > end });
        assert.deepEqual(
          withBad(fleet).map(({ plan }) => plan.name),
          ['w0-0'],
        );
        fleet.write(`shop/${app}`, true, at);
      }
      fleet.write(`shop/${app}`, false, at);
      run(fleet, { at: at + 1000 });
      assert.deepEqual(withBad(fleet), []);
    });
  }

  test('remembers a failure even if the failed workload gets other changes', () => {
    const [first, ...others] = plans([1, 5]);
    assert.ok(first);
    const both = { ...first, sources: [app, 'Secret/db'] };
    const fleet = new Fleet([both, ...others], settings({}));
    fleet.write(`shop/${app}`, true, begin);
    let at = begin;
    for (let step = 0; step < 6; step += 1) {
      const end = at + 9 * 60_000;
      at = run(fleet, { at, every: 11, until: (now) => now > end });
      fleet.write('shop/Secret/db', false, at);
    }
    assert.deepEqual(
      withBad(fleet).map(({ plan }) => plan.name),
      ['w0-0'],
    );
  });

  test('does not blame a version that was given to a workload that had failed before', () => {
    const [first, ...others] = plans([1, 5], { sources: [app, 'Secret/db'] });
    assert.ok(first);
    const fleet = new Fleet([{ ...first, broken: true }, ...others], settings({}));
    fleet.write(`shop/${app}`, false, begin);
    run(fleet, { minutes: 5 });
  });

  test('is neither stopped nor blocked by an inert workload, or by one that never shows a failure', () => {
    const [a, b, ...others] = plans([2, 5]);
    assert.ok(a && b);
    const odd: Plan[] = [
      { ...a, inert: true },
      { ...b, tells: 'never', broken: true },
    ];
    const fleet = new Fleet([...odd, ...others], settings({ all: { count: 2 } }));
    fleet.write(`shop/${app}`, false, begin);
    run(fleet, { minutes: 15 });
  });

  test('is not stopped by a source of the same name in another namespace', () => {
    const fleet = new Fleet(
      [...plans([2, 2]), ...plans([2, 2], { namespace: 'zoo' })],
      settings({}),
    );
    fleet.write(`shop/${app}`, true, begin);
    fleet.write(`zoo/${app}`, false, begin);
    const end = begin + 3_600_000;
    run(fleet, { until: (now) => now > end });
    for (const each of fleet.workloads) {
      if (each.plan.namespace === 'zoo') assert.ok(fleet.isCurrent(each), each.path);
    }
  });

  test('serves a namespace with one change even if another one has changes all the time', () => {
    const busy = plans([50], { namespace: 'busy', takes: 5 });
    for (const place of ['aaa', 'zzz']) {
      const fleet = new Fleet(
        [...busy, ...plans([1], { namespace: place })],
        settings({ all: { count: 1 } }),
      );
      fleet.write(`${place}/${app}`, false, begin);
      let served: number | undefined;
      for (let now = begin; now < begin + 600_000 && served === undefined; now += 10_000) {
        fleet.write(`busy/${app}`, false, now);
        fleet.pass(now);
        if (fleet.started.some(({ plan }) => plan.namespace === place)) served = now;
      }
      assert.ok(served !== undefined && served <= begin + 20_000, String(served));
    }
  });
});

suite('any fleet', () => {
  const plan = fc.record({
    namespace: fc.constantFrom('a', 'b', 'c'),
    order: fc.integer({ min: -1, max: 2 }),
    sources: fc.subarray([app, 'Secret/db', 'Secret/tls'], { minLength: 1 }),
    tells: fc.constantFrom<Plan['tells'][]>('by its controller', 'by being late', 'never'),
    takes: fc.integer({ min: 0, max: 400 }),
    broken: fc.integer({ min: 0, max: 9 }).map((die) => die === 0),
    inert: fc.integer({ min: 0, max: 9 }).map((die) => die === 0),
  });
  const fleetPlans = fc
    .array(plan, { minLength: 1, maxLength: 25 })
    .map((list) => list.map((each, i): Plan => ({ ...each, name: `w${i}` })));
  const amount = fc.oneof(
    fc.integer({ min: 1, max: 5 }).map((count) => ({ count })),
    fc.integer({ min: 1, max: 60 }).map((percent) => ({ percent })),
  );
  const limits = fc.record({ all: amount, perNamespace: amount }, { requiredKeys: [] });
  const step = fc.record({
    seconds: fc.integer({ min: 1, max: 200 }),
    write: fc.option(
      fc.record({
        path: fc
          .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(app, 'Secret/db', 'Secret/tls'))
          .map((parts) => parts.join('/')),
        bad: fc.integer({ min: 0, max: 3 }).map((die) => die === 0),
      }),
      { nil: undefined },
    ),
  });

  /**
   * A workload of a lower order that still waits for a source that `workload` was started with, and that no
   * failure stops.
   */
  function overtaken(
    fleet: Fleet,
    { plan: { namespace, order }, got }: SimulatedWorkload,
    waited: ReadonlyMap<SimulatedWorkload, ReadonlySet<string>>,
  ): SimulatedWorkload | undefined {
    return fleet.workloads.find(
      (each) =>
        each.plan.namespace === namespace &&
        each.plan.order < order &&
        !got.isDisjointFrom(waited.get(each) ?? new Set()) &&
        !fleet.said.get(each)?.startsWith('StoppedByFailure'),
    );
  }

  test('never has more under way than the limits, keeps the order, and is current in the end', () => {
    fc.assert(
      fc.property(
        fleetPlans,
        limits,
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(60_000, 600_000, 1_200_000),
        (list, most, steps, ownDeadlineMs) => {
          const fleet = new Fleet(list, settings(most, ownDeadlineMs));
          let now = begin;
          const pass = (): void => {
            const waited = new Map(fleet.workloads.map((each) => [each, fleet.waitsFor(each)]));
            fleet.pass(now);
            assert.ok(fleet.underWay(now) <= fleet.limit(), 'all');
            for (const namespace of ['a', 'b', 'c']) {
              assert.ok(fleet.underWay(now, namespace) <= fleet.limit(namespace), namespace);
            }
            for (const start of fleet.started) {
              const first = overtaken(fleet, start, waited);
              assert.equal(first, undefined, `${start.path} before ${first?.path}`);
            }
          };
          for (const { seconds, write } of steps) {
            now += seconds * 1000;
            if (write !== undefined) fleet.write(write.path, write.bad, now);
            pass();
          }
          for (const path of [...fleet.sources.keys()]) fleet.write(path, false, now);
          const end = now + 48 * 3_600_000;
          while (!fleet.workloads.every((each) => fleet.isCurrent(each))) {
            now += 61_000;
            assert.ok(now < end, 'not current in the end');
            pass();
          }
        },
      ),
      { numRuns, seed },
    );
  });
});
