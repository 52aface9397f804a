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

/**
 * Each is in a namespace of its own, where one change has just been made.
 *
 * @throws TooSlow where it lost its lease before it was there
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
  // One write at a time, so that the request at which it waits is the only one on its way.
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
