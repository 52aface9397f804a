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
import { serviceAccount } from '../../tools/control-plane/testing.ts';
import type { Exchange } from './fault-proxy.ts';
import { type Lane, lane, permissionsOfPass } from './lane.ts';
import { type PassGate, passGate, type Step } from './pass-gate.ts';
import { fastEnough, type Once, startOnce, starts } from './program.ts';

export type HolderOptions = {
  step: Step;
  nth: number;
  env?: Readonly<Record<string, string>>;
  /** Adds other faults to the gate before the holder starts. */
  prepare?: (gate: PassGate) => void;
  /** Runs as soon as the holder waits, before another process can start. */
  onceThere?: (holder: Once) => Promise<void>;
};

export type Holder = Lane & {
  holder: Once;
  /** The request at which the holder waits. It is neither forwarded nor answered yet. */
  exchange: Exchange;
  /** The holder's user name in the audit log. No other process has it. */
  user: string;
};

export const workloadsOfHolder = 4;

/**
 * Starts a holder in a namespace of its own, after one change of the configuration there.
 *
 * @throws TooSlow if the holder loses its Lease before it reaches the request
 */
export async function holderAt(
  t: TestContext,
  { step, nth, env = {}, prepare, onceThere }: HolderOptions,
): Promise<Holder> {
  const place = await lane(t, workloadsOfHolder);
  const { namespace } = place;
  const { user, token } = await serviceAccount(t, { namespace, rules: permissionsOfPass });
  const gate = await passGate(t, { workloads: workloadsOfHolder });
  await place.change();
  prepare?.(gate);
  const there = Promise.withResolvers<Exchange>();
  void gate.at(step, nth, there.resolve);
  // With one read and one write at a time, no other read or write is on its way while the holder waits.
  const flags = ['--concurrency-writes', '1', '--concurrency-reads', '1'];
  return await starts(async () => {
    const kubeconfig = gate.kubeconfig({ token });
    const holder = await startOnce(t, 'holder', { namespace, kubeconfig, flags, env });
    const first = await Promise.race([there.promise, holder.ended]);
    if ('status' in first) {
      const { stdout, stderr } = fastEnough(first);
      assert.fail(`it ended by itself: ${stdout}${stderr}`);
    }
    await onceThere?.(holder);
    return { ...place, holder, exchange: first, user };
  });
}
