import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { UsageError } from '../../../lib/errors.ts';
import {
  givenShard,
  holderInWords,
  leaseNames,
  ownLeaseName,
  ownNamespaces,
  requiredShard,
  shardOf,
  shardText,
  sharedIdentity,
} from '../../../lib/rules/shards.ts';

const namespaces = Array.from({ length: 4000 }, (_, i) => `team-${i % 40}-app-${i}`);

describe('the shard of a namespace', () => {
  it('is the same in every version, because processes of two versions have to agree', () => {
    const vectors = ['default', 'kube-system', 'team-a', 'team-b', 'shop', 'a', 'x'.repeat(63)];
    const of = (count: number) => vectors.map((name) => shardOf(name, count));
    assert.deepEqual(of(1), [0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(of(2), [1, 0, 1, 0, 1, 0, 1]);
    assert.deepEqual(of(3), [1, 0, 1, 2, 1, 0, 1]);
    assert.deepEqual(of(5), [3, 3, 3, 2, 4, 0, 1]);
    assert.deepEqual(of(16), [8, 3, 10, 2, 13, 13, 9]);
    assert.deepEqual(of(1000), [258, 485, 19, 452, 567, 264, 327]);
  });

  it('is the one with the highest weight, which anyone can compute', () => {
    const weight = (namespace: string, index: number): number => {
      const text = `${namespace}/${Math.floor(index / 8)}`;
      const digits = createHash('sha256').update(text).digest('hex');
      return Number.parseInt(digits.slice(8 * (index % 8), 8 * (index % 8) + 8), 16);
    };
    for (const namespace of namespaces.slice(0, 100)) {
      for (const count of [2, 8, 9, 30]) {
        const weights = Array.from({ length: count }, (_, index) => weight(namespace, index));
        assert.equal(shardOf(namespace, count), weights.indexOf(Math.max(...weights)));
      }
    }
  });

  it('is exactly one of the shards, and belongs to exactly one process', () => {
    for (const count of [2, 3, 7, 8, 9, 33]) {
      const shards = Array.from({ length: count }, (_, index) => ownNamespaces({ index, count }));
      for (const namespace of namespaces) {
        // Each question is asked twice, because answers are cached.
        for (let time = 0; time < 2; time += 1) {
          const owners = shards.flatMap((isOwn, index) => (isOwn(namespace) ? [index] : []));
          assert.deepEqual(owners, [shardOf(namespace, count)]);
        }
      }
    }
  });

  it('changes for one in n + 1 namespaces with one more shard, and only to the new shard', () => {
    for (let count = 1; count < 40; count += 1) {
      const moved = namespaces.filter((name) => shardOf(name, count) !== shardOf(name, count + 1));
      for (const name of moved) assert.equal(shardOf(name, count + 1), count);
      const expected = namespaces.length / (count + 1);
      // The tolerance is four standard deviations of a binomial distribution.
      const slack = 4 * Math.sqrt(expected);
      assert.ok(
        Math.abs(moved.length - expected) < slack,
        `${count} to ${count + 1}: ${moved.length} moved, about ${expected} should have`,
      );
    }
  });

  it('is spread evenly', () => {
    for (const count of [2, 3, 5, 8, 20]) {
      const sizes = Array.from({ length: count }, () => 0);
      for (const name of namespaces) {
        const shard = shardOf(name, count);
        sizes[shard] = (sizes[shard] ?? 0) + 1;
      }
      const expected = namespaces.length / count;
      for (const size of sizes) {
        assert.ok(Math.abs(size - expected) < 4 * Math.sqrt(expected), `${count}: ${sizes}`);
      }
    }
  });
});

describe('a process', () => {
  it('handles all namespaces without shards, with any index', () => {
    for (const shard of [{ count: 1 }, { count: 1, index: 0 }]) {
      assert.equal(givenShard(shard), undefined);
      assert.equal(requiredShard(shard), undefined);
      assert.equal(ownLeaseName('wave-cron', shard), 'wave-cron');
      assert.deepEqual(leaseNames('wave-cron', shard), ['wave-cron']);
    }
    assert.equal(ownNamespaces(undefined)('anything'), true);
  });

  it('that is a shard has its own Lease in addition to the shared one', () => {
    const shard = { count: 5, index: 2 };
    assert.deepEqual(requiredShard(shard), { index: 2, count: 5 });
    assert.equal(shardText(shard), '2/5');
    assert.equal(ownLeaseName('wave-cron', shard), 'wave-cron-2');
    assert.deepEqual(leaseNames('wave-cron', shard), ['wave-cron', 'wave-cron-2']);
  });

  it('that may be any of the shards uses the Leases of all', () => {
    assert.equal(givenShard({ count: 3 }), undefined);
    const names = ['wave-cron', 'wave-cron-0', 'wave-cron-1', 'wave-cron-2'];
    assert.deepEqual(leaseNames('wave-cron', { count: 3 }), names);
  });

  it('that writes without knowing its shard is rejected, and the message names the setting', () => {
    assert.throws(() => requiredShard({ count: 3 }), {
      constructor: UsageError,
      message:
        'shard.count is 3, and this replica does not know its shard: set shard.index (--shard-index, WAVE_SHARD_INDEX), or run it in an Indexed Job, which sets JOB_COMPLETION_INDEX',
    });
  });
});

describe('the shards of one count', () => {
  it('hold the Lease under one identity, which differs with the count and the duration', () => {
    const identities = [
      sharedIdentity({ index: 0, count: 3 }, 15),
      sharedIdentity({ index: 2, count: 3 }, 15),
      sharedIdentity({ index: 0, count: 4 }, 15),
      sharedIdentity({ index: 0, count: 3 }, 20),
    ];
    assert.equal(new Set(identities).size, 3);
    assert.equal(identities[0], identities[1]);
    assert.equal(holderInWords(identities[2] ?? ''), 'a group of 4 shards');
  });

  it('are distinguished from a single holder, which is quoted', () => {
    assert.equal(holderInWords('pod_uid_1'), '"pod_uid_1"');
    assert.equal(holderInWords('shards-of-3-for-15s\n'), '"shards-of-3-for-15s\\u{a}"');
  });
});
