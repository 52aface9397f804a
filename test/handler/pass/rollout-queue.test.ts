import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type QueueDeps, RolloutQueue } from '../../../handler/pass/rollout-queue.ts';
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Candidate } from '../../../lib/rules/rollout-policy/queue-state.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import { referencing, someWorkload } from '../../lib/rules/some-workload.ts';

const now = Date.parse('2026-11-30T07:00:00Z');
const one = { all: { count: 1 }, progressDeadlineMs: 600_000 };
const none = { progressDeadlineMs: 600_000 };
const version = { version: 'u,1,2026-11-30T06:59:00Z', at: now, failed: false };
const given = new Map([['ConfigMap/app', version]]);

const workload = (name: string, more: Partial<Workload> = {}) =>
  someWorkload({ name, uid: name, configuration: referencing('ConfigMap/app'), ...more });

const candidate = ({ kind, namespace, name }: Workload, order = 0): Candidate => ({
  ...{ kind, namespace, name, order, since: now },
  gets: new Map([['ConfigMap/app', version.version]]),
});

const outcome = (
  { kind, namespace, name }: Workload,
  reason: Outcome['reason'],
  written = false,
): Outcome => ({ kind, namespace, name, reason, sentence: '', changed: [], written });

function queueOf(workloads: readonly Workload[], more: Partial<QueueDeps> = {}): RolloutQueue {
  const deps = { limits: none, unread: undefined, random: () => 0, now: () => new Date(now) };
  return new RolloutQueue(workloads, { ...deps, ...more });
}

/** A queue of waiting workloads. The pass has decided about each of them. */
function waitingQueue(workloads: readonly Workload[], more: Partial<QueueDeps>): RolloutQueue {
  const queue = queueOf(workloads, more);
  for (const each of workloads) {
    queue.add(candidate(each));
    queue.decided(each);
  }
  return queue;
}

const starts = (queue: RolloutQueue) => queue.ask().starts.map((each) => each.candidate.name);

suite('the queue of a pass', () => {
  test('is used if a limit is set, or if orders differ in a namespace', () => {
    const ordered = workload('b', { rollouts: { order: '1' } });
    const other = workload('c', { namespace: 'other' });
    assert.equal(queueOf([workload('a'), other]).isUsed, false);
    assert.equal(queueOf([workload('a')], { limits: one }).isUsed, true);
    const queue = queueOf([workload('a'), ordered, other]);
    assert.deepEqual(
      [queue.isUsed, queue.isNeeded('shop'), queue.isNeeded('other')],
      [true, true, false],
    );
  });

  test('starts candidates after the decisions about all workloads of their namespace', () => {
    const [a, b] = [workload('a'), workload('b')];
    const queue = queueOf([a, b], { limits: one });
    queue.add(candidate(a));
    queue.decided(a);
    assert.deepEqual(starts(queue), []);
    queue.decided(b);
    assert.deepEqual(starts(queue), ['a']);
  });

  test('counts a rollout that it started as under way', () => {
    const [a, b] = [workload('a'), workload('b')];
    const queue = waitingQueue([a, b], { limits: one });
    assert.deepEqual(starts(queue), ['a']);
    queue.note(a, outcome(a, 'ConfigChanged', true), given);
    assert.deepEqual(starts(queue), []);
    assert.deepEqual(
      queue.underWay.map(({ name }) => name),
      ['a'],
    );
    queue.update(workload('a', { rollouts: { isHealthy: true } }));
    assert.deepEqual(starts(queue), ['b']);
  });

  test('gives the place of a replaced rollout to no other one while more rollouts are unfinished than allowed', () => {
    const state = { phase: 'unfinished', failure: 'not known' } as const;
    const since = (seconds: number) => ({
      rollouts: { underWay: { startedAt: now - seconds * 1000, state, given: new Map() } },
    });
    const [a, b] = [workload('a', since(60)), workload('b', since(30))];
    const queue = waitingQueue([a, b], { limits: one });
    assert.deepEqual(starts(queue), ['a']);
    queue.note(a, outcome(a, 'ConfigChanged', true), given);
    assert.deepEqual(starts(queue), []);
  });

  for (const [name, phase, more] of [
    ['has failed after its rollout', 'finished', {}],
    ['has exceeded its deadline', 'unfinished', {}],
    ['has a change that its controller has not observed', 'unfinished', { isUnobserved: true }],
  ] as const) {
    test(`counts the new rollout of a workload that ${name}`, () => {
      const state = { phase, failure: 'not known' } as const;
      const day = 24 * 60 * 60_000;
      const underWay = { startedAt: now - day, state, given: new Map(), ...more };
      const [a, b] = [workload('a', { rollouts: { underWay } }), workload('b')];
      const queue = waitingQueue([a, b], { limits: one });
      assert.deepEqual(starts(queue), ['a']);
      queue.note(a, outcome(a, 'ConfigChanged', true), given);
      assert.deepEqual(starts(queue), []);
    });
  }

  test('gives the place of a workload that could not be written to the next one', () => {
    const [a, b] = [workload('a'), workload('b')];
    const queue = waitingQueue([a, b], { limits: one });
    queue.note(a, outcome(a, 'Failed'), undefined);
    assert.deepEqual(starts(queue), ['b']);
  });

  test('names a workload of a lower order that cannot be handled, and does not wait for it', () => {
    const first = workload('a');
    const second = workload('b', { rollouts: { order: '1' } });
    const queue = queueOf([first, second]);
    queue.note(first, outcome(first, 'MissingSource'), undefined);
    queue.add(candidate(second, 1));
    for (const each of [first, second]) queue.decided(each);
    const { starts: started } = queue.ask();
    assert.match(started[0]?.note ?? '', /Deployment\/a of order 0.*MissingSource/);
  });

  test('knows the workloads with versions on trial, even one that is only read in its turn', () => {
    const state = { phase: 'unfinished', failure: 'said' } as const;
    const underWay = { startedAt: now, state, given };
    const queue = queueOf([workload('c', { rollouts: { underWay } }), workload('a')]);
    const names = () => queue.witnesses('shop').map(({ name }) => name);
    assert.deepEqual(names(), ['c']);
    queue.update(workload('a', { rollouts: { underWay } }));
    assert.deepEqual(names(), ['c', 'a']);
    queue.remove(workload('c'));
    assert.deepEqual(names(), ['a']);
    assert.deepEqual(queue.witnesses('other'), []);
  });

  test('gives the first place to a random namespace, because no earlier pass is remembered', () => {
    const namespaces = ['a', 'b', 'c'];
    const all = namespaces.map((namespace) => workload('web', { namespace }));
    const first = [0, 0.4, 0.7].map((random) => {
      const queue = waitingQueue(all, { limits: one, random: () => random });
      return queue.ask().starts.map((each) => each.candidate.namespace);
    });
    assert.deepEqual(first, [['b'], ['c'], ['a']]);
  });
});
