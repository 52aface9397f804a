/**
 * Adds watches to a pass of a walk. The process keeps the Lease after a full pass, and the user does
 * something. Then another pass, which may be a partial one, handles the events of this change.
 */
import { LeaseKeeper } from '../../../handler/lease-keeper.ts';
import { type NamedWorkloads, NeedsFullPass } from '../../../handler/pass/named.ts';
import type { PassObserver } from '../../../handler/pass/pass.ts';
import type { OwnWrites } from '../../../handler/triggers/own-writes.ts';
import { WatchTriggers } from '../../../handler/triggers/watch-triggers.ts';
import type { ApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import type { WatchRequest } from '../../../lib/kubernetes/client/watch-client.ts';
import type { Report } from '../../../lib/rules/report.ts';
import type { Clock } from '../../../lib/schedule/clock.ts';
import { EarlyPasses } from '../../../lib/schedule/early-passes.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { sourceNames, workloadNames } from './names.ts';

const plurals = {
  ConfigMap: '/configmaps',
  Secret: '/secrets',
  Deployment: '/deployments',
  StatefulSet: '/statefulsets',
  DaemonSet: '/daemonsets',
} as const;

export class WatchingPass {
  readonly keeper: LeaseKeeper;
  readonly #namespace: string;
  readonly #early: EarlyPasses;
  readonly #triggers: WatchTriggers;
  readonly #watches: WatchRequest[] = [];
  readonly #end = new AbortController();

  constructor(settings: Settings, clock: Clock, namespace: string) {
    this.keeper = new LeaseKeeper(clock);
    this.#namespace = namespace;
    this.#early = new EarlyPasses({ clock });
    const watch = ['ConfigMap', 'Secret', 'Workload'] as const;
    const version = async () => ({ metadata: { resourceVersion: '1' } });
    this.#triggers = new WatchTriggers(
      { ...settings, triggers: { http: {}, watch: [...watch] } },
      {
        api: { request: version } as unknown as ApiClient,
        open: (request) => this.#open(request),
        ...{ clock, random: () => 0, early: this.#early },
        on: { event() {}, started() {}, failed() {}, patched() {} },
      },
    );
  }

  get observer(): PassObserver {
    return this.#triggers.observer;
  }

  get ownWrites(): OwnWrites {
    return this.#triggers.ownWrites;
  }

  /**
   * Runs a full pass. If it has read everything, the user acts, and the pass that this action triggers runs
   * too.
   *
   * @returns the report of the last pass
   */
  async run(
    pass: (only?: NamedWorkloads) => Promise<Report>,
    userActs: () => Promise<void>,
  ): Promise<Report> {
    const { ready, ended } = this.#triggers.watch(this.#end.signal);
    await ready;
    try {
      this.#early.begin(false);
      this.#triggers.begin('all', true);
      const first = await pass();
      const readAll = first.pass === 'Completed' && first.listProblems.length === 0;
      this.#triggers.end({ readAll });
      this.#early.end('done');
      if (!readAll) return first;
      await userActs();
      await this.#sayWhatIsThere();
      return (await this.#earlyPass(pass)) ?? first;
    } finally {
      this.#end.abort();
      await ended;
      await this.keeper.release();
    }
  }

  async #earlyPass(pass: (only?: NamedWorkloads) => Promise<Report>): Promise<Report | undefined> {
    const requests = this.#early.begin(true);
    if (requests === undefined) return undefined;
    const only = this.#triggers.begin(requests.scope, false);
    if (only === undefined) return await pass();
    if (only.workloads.length === 0) return undefined;
    try {
      return await pass(only);
    } catch (error) {
      if (!(error instanceof NeedsFullPass)) throw error;
      return await pass();
    }
  }

  /** Sends an event about each object that exists or existed, like a watch. */
  async #sayWhatIsThere(): Promise<void> {
    const { api } = testCluster();
    const namespace = this.#namespace;
    for (const { kind, name } of [...sourceNames, ...workloadNames]) {
      const found = await api.find(path(kind, namespace, name));
      const gone = { metadata: { namespace, name, resourceVersion: '2' } };
      const event = { type: found ? 'MODIFIED' : 'DELETED', object: found ?? gone };
      const watch = this.#watches.find((each) => each.path.endsWith(plurals[kind]));
      watch?.onLine(JSON.stringify(event));
    }
  }

  #open(request: WatchRequest): Promise<void> {
    this.#watches.push(request);
    return new Promise((resolve) =>
      request.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }
}
