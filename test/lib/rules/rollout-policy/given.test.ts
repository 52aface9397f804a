import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RolloutState } from '../../../../lib/kubernetes/kinds.ts';
import {
  type Given,
  type GivenVersion,
  givenAfter,
  givenMembers,
  hasFailed,
  isSameVersion,
  parseGiven,
} from '../../../../lib/rules/rollout-policy/given.ts';
import { minutes, now } from './rules.ts';

const deadlineMs = 600_000;
const healthy: RolloutState = { phase: 'healthy', failure: 'not known' };
const finished: RolloutState = { phase: 'finished', failure: 'not known' };
const inert: RolloutState = { phase: 'inert', failure: 'not known' };
const rolling: RolloutState = { phase: 'unfinished', failure: 'if late' };
const failing: RolloutState = { phase: 'unfinished', failure: 'said' };

const given = (version: string, at = minutes(-1), failed = false): GivenVersion => ({
  version,
  at,
  failed,
});
const versions = (of: Readonly<Record<string, string>>) => new Map(Object.entries(of));

suite('a version of a source', () => {
  test('is the same as long as its data is not written, even if other fields are', () => {
    assert.ok(isSameVersion('u,7,2026-11-30T07:00:00Z', 'u,7,2026-11-30T07:00:00Z'));
    assert.ok(isSameVersion('u,7,2026-11-30T07:00:00Z', 'u,9,2026-11-30T07:00:00Z'));
    assert.ok(isSameVersion('u,7,', 'u,7,'));
  });

  test('is another one after its data was written, or the source was created again', () => {
    assert.ok(!isSameVersion('u,7,2026-11-30T07:00:00Z', 'u,9,2026-11-30T07:00:01Z'));
    assert.ok(!isSameVersion('u,7,', 'u,9,'));
    assert.ok(!isSameVersion('u,7,2026-11-30T07:00:00Z', 'u,9,'));
    assert.ok(!isSameVersion('u,7,2026-11-30T07:00:00Z', 'v,7,2026-11-30T07:00:00Z'));
  });
});

suite('a rollout has failed', () => {
  const failed = (state: RolloutState, at = minutes(-5), marked = false) =>
    hasFailed({ at, failed: marked }, { startedAt: at, state }, now, deadlineMs);

  test('if its controller said so after the write', () => {
    assert.equal(failed({ ...failing, saidAt: minutes(-1) }), true);
    assert.equal(failed(failing), true);
  });

  test('not if its controller said so before the write, until its own deadline', () => {
    const before = { ...failing, saidAt: minutes(-6), ownDeadlineMs: 540_000 };
    assert.equal(failed(before), false);
    assert.equal(failed(before, minutes(-9)), true, 'it should have said something else by now');
  });

  test('if it is late, and its controller does not report that', () => {
    assert.equal(failed(rolling, minutes(-9.99)), false);
    assert.equal(failed(rolling, minutes(-10)), true);
  });

  test('if it had failed when the next hash was written', () => {
    assert.equal(failed(rolling, minutes(-1), true), true);
  });

  test('never once it has finished, or if it is inert', () => {
    for (const state of [healthy, finished, inert]) {
      assert.equal(failed(state, minutes(-60), true), false);
    }
  });

  test('if it is late, even if a later write has restarted the progress deadline of its controller', () => {
    const state = { phase: 'unfinished', failure: 'not known' } as const;
    const watched = { ...state, ownDeadlineMs: 600_000 };
    const again = (at: number, of: RolloutState, startedAt = minutes(-1)) =>
      hasFailed({ at, failed: false }, { startedAt, state: of }, now, deadlineMs);
    assert.equal(again(minutes(-11), watched), true);
    assert.equal(again(minutes(-10.5), watched), false);
    assert.equal(again(minutes(-60), watched, minutes(-60)), false, 'its controller will say so');
    assert.equal(again(minutes(-60), state), false, 'nobody waits for that');
  });

  test('never if that cannot be known', () => {
    assert.equal(failed({ phase: 'unfinished', failure: 'not known' }, minutes(-600)), false);
  });
});

suite('the versions on trial in a workload', () => {
  const after = (before: Given, state: RolloutState, all: object, changed: object) =>
    [
      ...givenAfter(
        before,
        { startedAt: minutes(-1), state },
        { all: versions({ ...all, ...changed }), changed: versions({ ...changed }) },
        now,
        deadlineMs,
      ),
    ].map(([source, { version, at, failed }]) =>
      [source, version, at === now ? 'now' : 'before', ...(failed ? ['failed'] : [])].join(' '),
    );
  const none: Given = new Map();
  const db = 'Secret/db';
  const app = 'ConfigMap/app';

  test('are those that it gets while it is healthy, and no earlier ones', () => {
    assert.deepEqual(after(none, healthy, { [app]: 'u,1,' }, { [db]: 'v,2,' }), [`${db} v,2, now`]);
    const before = new Map([[app, given('u,1,')]]);
    assert.deepEqual(after(before, healthy, { [app]: 'u,1,' }, { [db]: 'v,2,' }), [
      `${db} v,2, now`,
    ]);
  });

  test('do not include versions that it gets while it is not healthy, which are not to blame', () => {
    for (const state of [finished, inert, rolling, failing]) {
      assert.deepEqual(after(none, state, {}, { [db]: 'v,2,' }), []);
    }
  });

  test('include those of an unfinished rollout, each with its time', () => {
    const before = new Map([[app, given('u,1,')]]);
    assert.deepEqual(after(before, rolling, { [app]: 'u,1,' }, { [db]: 'v,2,' }), [
      `${app} u,1, before`,
      `${db} v,2, now`,
    ]);
  });

  test('include those of a failed rollout, so that the next write does not erase the failure', () => {
    const before = new Map([[app, given('u,1,')]]);
    const now = after(before, failing, { [app]: 'u,1,' }, { [db]: 'v,2,' });
    assert.deepEqual(now, [`${app} u,1, before failed`], 'and the other one is innocent');
  });

  test('include the corrections of those that failed', () => {
    const before = new Map([[app, given('u,1,')]]);
    assert.deepEqual(after(before, failing, {}, { [app]: 'u,2,' }), [`${app} u,2, now`]);
    const marked = new Map([[app, given('u,1,', minutes(-1), true)]]);
    assert.deepEqual(after(marked, rolling, {}, { [app]: 'u,2,' }), [`${app} u,2, now`]);
  });

  test('are written in the format of the API server, even if the record was tampered with', () => {
    const before = new Map([[app, given(`u,1,,${'x'.repeat(9000)}`)]]);
    assert.deepEqual(after(before, rolling, { [app]: 'u,1,' }, {}), [`${app} u,1, before`]);
  });

  test('do not include sources that the workload no longer uses', () => {
    const before = new Map([[app, given('u,1,')]]);
    assert.deepEqual(after(before, rolling, {}, { [db]: 'v,2,' }), [`${db} v,2, now`]);
  });
});

suite('the record of versions on trial', () => {
  test('is read as it was written', () => {
    const some: Given = new Map([
      ['ConfigMap/app', given('u,1,2026-11-30T06:00:00Z')],
      ['Secret/other/db', given('v,2,', minutes(-9), true)],
    ]);
    const text = JSON.stringify(givenMembers(some));
    assert.equal(
      text,
      '{"ConfigMap/app":{"version":"u,1,2026-11-30T06:00:00Z","at":"2026-11-30T06:59:00Z"},"Secret/other/db":{"version":"v,2,","at":"2026-11-30T06:51:00Z","failed":true}}',
    );
    assert.deepEqual(parseGiven(JSON.parse(text)), some);
  });

  test('has no more than fifty sources', () => {
    const many = new Map(Array.from({ length: 80 }, (_, i) => [`Secret/s${i}`, given('u,1,')]));
    assert.equal(Object.keys(givenMembers(many)).length, 50);
    assert.equal(parseGiven(Object.fromEntries(many)).size, 0, 'times are texts');
  });

  test('leaves out invalid entries', () => {
    const at = '2026-11-30T06:59:00Z';
    for (const members of [
      ...[undefined, null, 7, 'x', [], {}, { 'Secret/db': null }, { 'Secret/db': 'x' }],
      ...[{ 'Secret/db': { version: 7, at } }, { 'Secret/db': { version: 'u,1,', at: 'x' } }],
      // These times are not in the format that a pass writes, or their year in UTC does not have four digits.
      ...['2026-11-30T06:59:00.5Z', '0000-01-01T00:00:00+05:00', '9999-12-31T23:59:59-05:00'].map(
        (other) => ({ 'Secret/db': { version: 'u,1,', at: other } }),
      ),
      ...[{ 'Pod/db': { version: 'u,1,', at } }, { 'Secret/\u001b[2J': { version: 'u,1,', at } }],
    ]) {
      assert.equal(parseGiven(members).size, 0, JSON.stringify(members));
    }
  });
});
