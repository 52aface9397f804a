/**
 * The passes of a walk that run in this process. They use the handler's functions, with a clock and a fate
 * of their own.
 */
import type { NamedWorkloads } from '../../../handler/pass/named.ts';
import { type PassObserver, pass } from '../../../handler/pass/pass.ts';
import { notingOwnWrites } from '../../../handler/triggers/own-writes.ts';
import { WaveCronError } from '../../../lib/errors.ts';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../../lib/kubernetes/cluster.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { kubernetesLock } from '../../../lib/lease/kubernetes-lock.ts';
import type { Report } from '../../../lib/rules/report.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { withTimeout } from '../../handler/run-pass.ts';
import type { Channel, Process } from './channel.ts';
import { isHold } from './holds.ts';
import type { Fate } from './steps.ts';
import { act } from './user.ts';
import type { Walk } from './walk.ts';
import { WatchingPass } from './watching-pass.ts';

export type Ended =
  | { how: 'report'; report: Report }
  | { how: 'error'; error: unknown }
  | { how: 'killed' };

const leaseName = 'wave-cron';
const leaseSeconds = 60;
const noFate: Fate = { faults: [], end: null, wallHours: 0 };

/** A running pass. `ended` resolves when the pass ends or is killed. */
export type RunningPass = { process: Process; ended: Promise<Ended>; thaw(): void };

export type PassOptions = {
  fate?: Fate;
  /** Called for each request of the pass, with its number. */
  sends?: (nth: number) => Promise<void>;
  /** Called when the pass is frozen. */
  onFrozen?: () => void;
};

/** Starts a pass over a channel that no other process uses. */
export function startPass(
  walk: Walk,
  channel: Channel,
  name: string,
  { fate = noFate, sends = async () => {}, onFrozen = () => {} }: PassOptions = {},
): RunningPass {
  const { clock, ledger, namespace } = walk;
  const killed = Promise.withResolvers<Ended>();
  let thawed = Promise.withResolvers<void>();
  thawed.resolve();
  const process: Process = {
    name,
    fate,
    sent: 0,
    state: 'running',
    awake: () => (process.state === 'dead' ? new Promise(() => {}) : thawed.promise),
    identity: undefined,
    rollouts: walk.user.policies.settings,
    listed: undefined,
    sends,
    underWay: new Set(),
    halt(how) {
      process.state = how === 'kill' ? 'dead' : 'frozen';
      if (how === 'freeze') thawed = Promise.withResolvers<void>();
    },
    async halted(how) {
      if (how === 'kill') {
        killed.resolve({ how: 'killed' });
        return;
      }
      onFrozen();
      await thawed.promise;
    },
  };
  channel.process = process;
  const time = timeOfContender(walk);

  const run = async (): Promise<Ended> => {
    const connection = await connect(
      { kubeconfig: channel.proxy.kubeconfig(), context: undefined },
      {},
    );
    const plain = createApiClient(connection);
    // There is a timeout only if a fault leaves requests without a response. Otherwise, a slow machine
    // would cause faults of its own.
    const isSilent = fate.faults.some((each) => each.fault === 'no answer');
    const client = isSilent ? withTimeout(plain, { path: /./, ms: 3_000 }) : plain;
    try {
      const settings = {
        ...defaultSettings,
        namespaces: [namespace],
        optIn: 'namespace' as const,
        ownership: ledger.model.ownership,
        rollouts: process.rollouts,
        lease: { name: leaseName, namespace, durationSeconds: leaseSeconds },
      };
      const own = clock.clockOf({ awake: () => process.awake(), wallHours: fate.wallHours });
      const { watches } = fate;
      const watching = watches && new WatchingPass(settings, own, namespace);
      const cluster = createCluster(client);
      const observer: PassObserver = {
        ...watching?.observer,
        lease: (event) => {
          walk.said.push(JSON.stringify({ ...event, name }));
          if (event.kind === 'watching') time.goesOn();
          else time.stops();
        },
      };
      const onePass = (only?: NamedWorkloads): Promise<Report> => {
        if (only !== undefined) ledger.partialPasses += 1;
        return pass(
          { settings, write: true, ...(only && { only }) },
          {
            cluster: watching ? notingOwnWrites(cluster, watching.ownWrites) : cluster,
            traffic: client.traffic,
            clock: own,
            identity: name,
            lease: {
              lock: kubernetesLock(client, { namespace, name: leaseName }),
              name: { podName: name, podUid: undefined, hostName: name },
              random: Math.random,
              ...(watching && { keeper: watching.keeper }),
            },
            observer,
          },
        );
      };
      const report = watching
        ? await watching.run(onePass, () => act(walk.user, watches.then))
        : await onePass();
      return { how: 'report', report };
    } catch (error) {
      // Any other error is a bug in the test or in the product, not a fault of the cluster.
      if (!(error instanceof WaveCronError)) throw error;
      return { how: 'error', error };
    } finally {
      await connection.close();
    }
  };
  const ended = Promise.race([run(), killed.promise]).finally(() => {
    // If a pass was killed while it waited for the Lease, time must stop leaping for the others.
    time.stops();
    if (process.state !== 'dead') channel.process = undefined;
  });
  return {
    process,
    ended,
    thaw() {
      process.state = 'running';
      thawed.resolve();
    },
  };
}

/**
 * While a pass waits for the Lease, time leaps by a tenth of the lease duration. The leaps are far enough
 * apart for a live holder to renew the Lease. But if the holder is dead, the wait is soon over.
 */
function timeOfContender({ clock }: Walk): { goesOn(): void; stops(): void } {
  let leaps: NodeJS.Timeout | undefined;
  const stops = () => clearInterval(leaps);
  return {
    goesOn() {
      stops();
      leaps = setInterval(() => clock.leap(leaseSeconds * 100), leapEveryMs);
    },
    stops,
  };
}

const leapEveryMs = 60;

/** Records the result of a pass as text, and the workloads that it held. */
export function hear({ said, ledger }: Walk, ended: Ended): void {
  said.push(wordsOf(ended));
  if (ended.how !== 'report') return;
  for (const outcome of ended.report.outcomes) {
    if (isHold(outcome)) ledger.countHold(outcome.reason);
  }
}

/** The result as text, to be searched for values that must not appear. */
export const wordsOf = (ended: Ended): string =>
  ended.how === 'report'
    ? JSON.stringify(ended.report)
    : ended.how === 'error'
      ? String(ended.error)
      : '';
