/**
 * Applies faults to chosen requests of a pass:
 *
 *     const gate = await passGate(t, { workloads: 4 });
 *     const reached = gate.at('patch', 2, async ({ forward, reply }) => { … });
 *     const holder = await startOnce(t, 'holder', { namespace, kubeconfig: gate.kubeconfig() });
 *     await reached;
 *
 * The gate counts the requests of one pass. `reset` removes all faults and starts to count again, for the
 * next pass.
 */
import type { TestContext } from 'node:test';
import { type Exchange, type Fault, faultProxy } from './fault-proxy.ts';

/** `lease` is the write that takes the Lease. `release` is a write of the Lease after all Events. */
export type Step = 'lease' | 'list' | 'read' | 'patch' | 'event' | 'renewal' | 'release' | 'other';

export type PassGate = {
  kubeconfig(user?: Record<string, unknown>): string;
  /**
   * Applies a fault to the nth request of a step, counted from 1. The promise resolves or rejects as the
   * fault does.
   */
  at(step: Step, nth: number, fault: Fault): Promise<void>;
  reset(): void;
};

export async function passGate(
  t: Pick<TestContext, 'after'>,
  { workloads }: { workloads: number },
): Promise<PassGate> {
  const proxy = await faultProxy(t);
  let seen = new Map<Step, number>();
  let faults: { step: Step; nth: number; fault: Fault }[] = [];
  let eventsOut = 0;

  const stepOf = ({ method, url }: Exchange): Step => {
    if (/\/leases\b/.test(url)) {
      if (method === 'GET') return 'other';
      if (!seen.has('lease')) return 'lease';
      return eventsOut >= workloads ? 'release' : 'renewal';
    }
    if (method === 'GET' && /\/(configmaps|secrets)\//.test(url)) return 'read';
    if (method === 'GET' && /\/apis\/apps\/.*\?/.test(url)) return 'list';
    if (method === 'PATCH' && /\/deployments\//.test(url)) return 'patch';
    return method === 'POST' && /\/events\b/.test(url) ? 'event' : 'other';
  };

  const pass: Fault = async ({ forward, reply }) => reply(await forward());
  const counted = (exchange: Exchange): Exchange => ({
    ...exchange,
    reply(answer) {
      eventsOut += 1;
      exchange.reply(answer);
    },
  });

  const through: Fault = async (exchange) => {
    const step = stepOf(exchange);
    const nth = (seen.get(step) ?? 0) + 1;
    seen.set(step, nth);
    const chosen = faults.find((it) => it.step === step && it.nth === nth);
    await (chosen?.fault ?? pass)(step === 'event' ? counted(exchange) : exchange);
  };
  for (const method of ['GET', 'POST', 'PATCH']) proxy.on(method, /./, through);

  return {
    kubeconfig: (user) => proxy.kubeconfig(user),
    at(step, nth, fault) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const told: Fault = async (exchange) => {
        try {
          await fault(exchange);
          resolve();
        } catch (error) {
          reject(error);
          throw error;
        }
      };
      faults.push({ step, nth, fault: told });
      return promise;
    },
    reset() {
      seen = new Map();
      faults = [];
      eventsOut = 0;
    },
  };
}
