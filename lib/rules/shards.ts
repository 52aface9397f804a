import { hash } from 'node:crypto';
import { UsageError } from '../errors.ts';
import type { Settings } from '../settings/schema.ts';
import { quote } from '../text/quote.ts';

/** One of `count` processes that share the namespaces. */
export interface Shard {
  /** The index of the shard, from 0. */
  readonly index: number;
  /** The number of shards, at least 2. */
  readonly count: number;
}

/** The shard of this process; undefined if it handles all namespaces. */
export function givenShard({ count, index }: Settings['shard']): Shard | undefined {
  return count === 1 || index === undefined ? undefined : { index, count };
}

/**
 * Like `givenShard`, for processes that write. If there are shards, it requires the index: a
 * process without an index would do the work of all shards.
 *
 * @throws UsageError if there are shards and the index is unknown
 */
export function requiredShard(shard: Settings['shard']): Shard | undefined {
  const given = givenShard(shard);
  if (shard.count > 1 && given === undefined) {
    throw new UsageError(
      `shard.count is ${shard.count}, and this replica does not know its shard: set shard.index (--shard-index, WAVE_SHARD_INDEX), or run it in an Indexed Job, which sets JOB_COMPLETION_INDEX`,
    );
  }
  return given;
}

/** `2/5`, as in logs and reports. */
export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * Whether a namespace belongs to the shard. Each namespace belongs to exactly one of the `count`
 * shards.
 */
export function ownNamespaces(shard: Shard | undefined): (namespace: string) => boolean {
  if (shard === undefined) return () => true;
  const known = new Map<string, boolean>();
  return (namespace) => {
    const own = known.get(namespace) ?? shardOf(namespace, shard.count) === shard.index;
    known.set(namespace, own);
    return own;
  };
}

/** The number of 32-bit weights in one SHA-256. */
const weightsAHash = 8;

/**
 * The shard of a namespace, by rendezvous hashing: each shard has a weight for each namespace, and
 * the highest weight wins. The weights do not depend on the number of shards. So if a shard is
 * added, it takes namespaces from all other shards, and all other namespaces stay where they are.
 *
 * The weight of shard `i` is the (i mod 8)th 32-bit word, big-endian, of the SHA-256 of
 * `<namespace>/<i div 8>`. If weights are equal, the lower index wins. Processes of different
 * versions must agree, so a change of this algorithm requires another identity of the shared lease.
 */
export function shardOf(namespace: string, count: number): number {
  let heaviest = -1;
  let chosen = 0;
  let words = Buffer.alloc(0);
  for (let index = 0; index < count; index += 1) {
    const word = index % weightsAHash;
    if (word === 0) words = hash('sha256', `${namespace}/${index / weightsAHash}`, 'buffer');
    const weight = words.readUInt32BE(4 * word);
    if (weight > heaviest) [heaviest, chosen] = [weight, index];
  }
  return chosen;
}

export function shardLeaseName(name: string, index: number): string {
  return `${name}-${index}`;
}

/**
 * The name of the Lease that prevents two passes of one shard from running at the same time.
 * Without shards, this Lease prevents any two passes from running at the same time.
 */
export function ownLeaseName(name: string, settings: Settings['shard']): string {
  const shard = givenShard(settings);
  return shard === undefined ? name : shardLeaseName(name, shard.index);
}

/** The Leases that a process uses. A process without an index uses the Leases of all shards. */
export function leaseNames(name: string, shard: Settings['shard']): string[] {
  if (shard.count === 1) return [name];
  const { index } = shard;
  const indices = index === undefined ? Array.from({ length: shard.count }, (_, i) => i) : [index];
  return [name, ...indices.map((each) => shardLeaseName(name, each))];
}

/**
 * The identity under which all shards with the same count share the lease. Shards with another
 * count, processes without shards, and `release` need that lease too. The identity includes the
 * duration. Each renewal defines how long other processes wait, so all shards that share the lease
 * must use the same duration.
 */
export function sharedIdentity({ count }: Shard, durationSeconds: number): string {
  return `shards-of-${count}-for-${durationSeconds}s`;
}

/** The holder of a lease, for messages. */
export function holderInWords(holder: string): string {
  const [, count] = /^shards-of-(\d{1,6})-for-\d+s$/.exec(holder) ?? [];
  return count === undefined ? quote(holder) : `a group of ${count} shards`;
}
