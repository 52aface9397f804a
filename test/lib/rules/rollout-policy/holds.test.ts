import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RolloutState } from '../../../../lib/kubernetes/kinds.ts';
import type { RolloutFacts } from '../../../../lib/rules/rollout-policy/facts.ts';
import {
  type Circumstances,
  holdByWrites,
  holdNow,
  holdWithoutNamespace,
  type NamespaceReading,
  type Policy,
  type PolicySettings,
  passesAllHolds,
  policyOf,
} from '../../../../lib/rules/rollout-policy/holds.ts';
import { type PolicyTexts, readLevel } from '../../../../lib/rules/rollout-policy/level.ts';
import { change, hashOf, minutes, names, now, seconds } from './rules.ts';

function settings(texts: PolicyTexts = {}): PolicySettings {
  const level = readLevel(texts, (key) => `setting rollouts.${key}`, 'UTC');
  assert.ok(!('problem' in level));
  return { level, limit: { count: 2, period: '1h' }, timeZone: 'UTC' };
}

function policy(
  of: { settings?: PolicyTexts; namespace?: NamespaceReading; own?: RolloutFacts } = {},
): ReturnType<typeof policyOf> {
  return policyOf(change, settings(of.settings), of.namespace ?? 'off', of.own ?? {}, names);
}

function inForce(of: Parameters<typeof policy>[0]): Policy {
  const found = policy(of);
  assert.ok('policy' in found, JSON.stringify(found));
  return found.policy;
}

function holdOf(of: Parameters<typeof policy>[0]) {
  const found = policy(of);
  assert.ok('hold' in found, JSON.stringify(found));
  return found.hold;
}

const said: RolloutState = { phase: 'unfinished', failure: 'said' };
const failure = {
  witness: {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'first',
    underWay: { startedAt: minutes(-20), state: said, given: new Map() },
  },
  source: 'ConfigMap/app',
} as const;

const calm: Circumstances = {
  ...{ now, since: now, newest: undefined, approved: undefined, failure: undefined },
};

suite('the holds of a workload', () => {
  test('are reported one at a time, those that need a person first', () => {
    const all = {
      settings: {
        ...{ pause: 'true', approval: 'required', settle: '30s', cooldown: '10m' },
        windows: JSON.stringify([{ kind: 'deny', schedule: '* * * * *', duration: '1h' }]),
      },
    };
    const policyOfAll = inForce(all);
    const newest = { source: 'ConfigMap/app', at: seconds(-1) };
    const circumstances = { ...calm, newest, failure };
    const reason = (of: Partial<Policy>, other: Partial<Circumstances> = {}) =>
      holdNow(change, { ...policyOfAll, ...of }, { ...circumstances, ...other })?.reason;
    const unpaused = { pauses: [] };
    assert.equal(reason({}), 'Paused');
    assert.equal(reason(unpaused), 'StoppedByFailure');
    assert.equal(reason(unpaused, { failure: undefined }), 'Settling');
    const settled = { failure: undefined, newest: undefined };
    assert.equal(reason(unpaused, settled), 'AwaitingApproval');
    const approved = { ...settled, approved: hashOf('a') };
    assert.equal(reason(unpaused, approved), 'OutsideWindow');
    assert.equal(reason({ ...unpaused, windows: [] }, approved), undefined);
    const writes = [minutes(-50), minutes(-1)];
    assert.equal(holdByWrites(change, policyOfAll, { now, writes })?.reason, 'CoolingDown');
    const { cooldown: _, ...warm } = policyOfAll;
    assert.equal(holdByWrites(change, warm, { now, writes })?.reason, 'LimitExceeded');
    assert.equal(holdByWrites(change, warm, { now, writes: [minutes(-1)] }), undefined);
  });

  test('do not exist if nothing is set', () => {
    assert.equal(holdNow(change, inForce({}), calm), undefined);
  });

  test('do not apply to the configuration that /rollout-now names, also under an earlier key', () => {
    assert.ok(passesAllHolds(change, hashOf('a')));
    assert.ok(passesAllHolds(change, hashOf('b')));
    for (const other of [undefined, '', 'true', hashOf('c')]) {
      assert.ok(!passesAllHolds(change, other));
    }
  });
});

suite('the policy of a workload', () => {
  test('comes from settings, namespace and workload', () => {
    const { settle, cooldown, approval, pauses, limit } = inForce({
      settings: { settle: '10s', pause: 'true' },
      namespace: { texts: { settle: '20s', cooldown: '10m' } },
      own: { texts: { cooldown: '5m', approval: 'required' }, order: '3' },
    });
    assert.equal(settle?.from, 'annotation a/rollout-settle of namespace shop');
    assert.equal(cooldown?.from, 'annotation a/rollout-cooldown');
    assert.equal(approval?.from, 'annotation a/rollout-approval');
    assert.deepEqual(pauses, [{ until: undefined, from: 'setting rollouts.pause' }]);
    assert.deepEqual(limit, { count: 2, period: '1h' });
  });

  test('that is invalid holds it, and names the annotation', () => {
    assert.deepEqual(holdOf({ own: { texts: { settle: '30' } } }), {
      reason: 'InvalidAnnotation',
      sentence:
        'its configuration changed (ConfigMap/app), but its rollout policy is invalid (annotation a/rollout-settle is "30": must be whole numbers of d, h, m and s, from large to small, such as 30s, 10m, 1h30m or 1d): nothing is written until that is corrected, then it restarts once with the current configuration',
    });
    const order = holdOf({ own: { order: 'first' } });
    assert.equal(order.reason, 'InvalidAnnotation');
    assert.match(
      order.sentence,
      /\(annotation a\/rollout-order is "first": it must be a whole number/,
    );
    const shared = holdOf({ namespace: { texts: { pause: 'yes' } } });
    assert.equal(shared.reason, 'InvalidAnnotation');
    assert.match(shared.sentence, /\(annotation a\/rollout-pause of namespace shop is "yes": /);
  });

  test('holds it if the namespace cannot be read', () => {
    assert.deepEqual(holdOf({ namespace: { unreadable: 'namespaces "shop" is forbidden' } }), {
      reason: 'PolicyUnreadable',
      sentence:
        'its configuration changed (ConfigMap/app), but the annotations of namespace shop could not be read, which may hold rollouts back (namespaces "shop" is forbidden): nothing is written until they can be, then it restarts once with the current configuration; grant get on namespaces, or set rollouts.namespaceAnnotations to off',
    });
  });

  test('does not need the namespace if the settings or the workload pause it, or if the workload has an invalid annotation', () => {
    const held = (texts: PolicyTexts, own: RolloutFacts) =>
      holdWithoutNamespace(change, settings(texts), own, names, now)?.reason;
    assert.equal(held({ pause: 'true' }, {}), 'Paused');
    assert.equal(held({}, { texts: { pause: '2026-11-30T08:00:00Z' } }), 'Paused');
    assert.equal(held({}, { texts: { pause: 'x' } }), 'InvalidAnnotation');
    assert.equal(held({}, { texts: { pause: '2026-11-30T06:00:00Z' } }), undefined);
    assert.equal(held({ settle: '30s' }, {}), undefined);
  });
});
