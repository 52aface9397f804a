/**
 * A process that holds the lease and waits at a chosen request of its pass:
 *
 *     const { holder, exchange, namespace } = await holderAt(t, { step: 'patch', nth: 2 });
 *     …
 *     exchange.reply(await exchange.forward());
 *     const run = await holder.ended;
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { serviceAccount } from '../control-plane/testing.ts';
import type { Exchange } from '../handler/fault-proxy.ts';
import { type Lane, lane, rightsOfPass } from './lane.ts';
import { type PassGate, passGate, type Step } from './pass-gate.ts';
import { isTooSlow, type Once, startOnce, starts } from './program.ts';

export type HolderOptions = {
  step: Step;
  nth: number;
  env?: Readonly<Record<string, string>>;
  /** What else stands in its way. */
  prepare?: (gate: PassGate) => void;
  /** Done as soon as it waits, before another process is started. */
  onceThere?: (holder: Once) => Promise<void>;
};

export type Holder = Lane & {
  holder: Once;
  /** The request at which it waits: not yet forwarded, and not answered. */
  exchange: Exchange;
  /** Its user name in the audit log, which no other process has. */
  user: string;
};

export const workloadsOfHolder = 4;

/** Each is in a namespace of its own, where one change has just been made. */
export async function holderAt(t: TestContext, options: HolderOptions): Promise<Holder> {
  for (let attempt = 1; attempt <= 4; attempt++) {
    const there = await tryHolderAt(t, options);
    if (there !== undefined) return there;
  }
  throw new Error('the machine is too slow: a holder lost its lease before it was where it should');
}

async function tryHolderAt(
  t: TestContext,
  { step, nth, env = {}, prepare, onceThere }: HolderOptions,
): Promise<Holder | undefined> {
  const place = await lane(t, workloadsOfHolder);
  const { namespace } = place;
  const { user, token } = await serviceAccount(t, { namespace, rules: rightsOfPass });
  const gate = await passGate(t, { workloads: workloadsOfHolder });
  await place.change();
  prepare?.(gate);
  const there = Promise.withResolvers<Exchange>();
  void gate.at(step, nth, there.resolve);
  // One write at a time, so that the request at which it waits is the only one on its way.
  const flags = ['--concurrency-writes', '1', '--concurrency-reads', '1'];
  return await starts(async () => {
    const kubeconfig = gate.kubeconfig({ token });
    const holder = await startOnce(t, 'holder', { namespace, kubeconfig, flags, env });
    const first = await Promise.race([there.promise, holder.ended]);
    if ('status' in first) {
      assert.ok(isTooSlow(first), `it ended by itself: ${first.stdout}${first.stderr}`);
      return undefined;
    }
    await onceThere?.(holder);
    return { ...place, holder, exchange: first, user };
  });
}
