/** A wave-cron program in a simulated process, with the same wiring as the real program. */

import { pass } from '../../../handler/pass/pass.ts';
import { release } from '../../../handler/release/release.ts';
import { isReleased } from '../../../handler/release/report.ts';
import type { CommandContext } from '../../../jobs/command-context.ts';
import { once } from '../../../jobs/commands/once.ts';
import { type Wiring, wire } from '../../../jobs/wiring.ts';
import { WaveCronError } from '../../../lib/errors.ts';
import { http } from '../../../lib/http/node-http.ts';
import type { Connection } from '../../../lib/kubernetes/credentials/connection.ts';
import type { Report } from '../../../lib/rules/report.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import type { Log } from '../../../lib/telemetry/log.ts';
import type { SimulatedServer } from '../server/server.ts';
import { simulatedExchange, type Traffic } from '../world/network.ts';
import type { SimulatedProcess } from '../world/process.ts';
import { simulatedReadLines, WatchStreams } from '../world/watch-stream.ts';
import { type PassEnded, runSchedule } from './replica.ts';
import type { TriggerPage } from './trigger-page.ts';

/** How a program ended. A program whose process was killed has no end. */
export type Ended =
  | { readonly how: 'report'; readonly report: Report }
  | { readonly how: 'status'; readonly status: number }
  | { readonly how: 'error'; readonly error: Error };

export interface ProgramDeps {
  readonly process: SimulatedProcess;
  readonly server: SimulatedServer;
  readonly traffic: Traffic;
  readonly settings: Settings;
  readonly namespace: string;
  /** Called with each line of the program's log. */
  readonly said: (line: string) => void;
  /** Called with an error that the program does not expect. */
  readonly crashed: (error: Error) => void;
  readonly passEnded: PassEnded;
}

/** A running program. */
export class Program {
  readonly process: SimulatedProcess;
  readonly settings: Settings;
  readonly streams = new WatchStreams();
  readonly #deps: ProgramDeps;
  readonly #stop = new AbortController();
  ended: Ended | undefined;
  triggerPage: TriggerPage | undefined;

  constructor(deps: ProgramDeps) {
    this.#deps = deps;
    this.process = deps.process;
    this.settings = deps.settings;
  }

  get isRunning(): boolean {
    return this.ended === undefined && this.process.state !== 'dead';
  }

  /** Has the effect of SIGTERM. */
  terminate(): void {
    if (this.process.state === 'running') this.#stop.abort(new Error('SIGTERM'));
  }

  /**
   * Call this method after the simulation. Node keeps a signal of `AbortSignal.any` with listeners in
   * memory until the signal is aborted. With the signal, Node also keeps all data of a killed process.
   */
  forget(): void {
    this.process.kill();
    this.#stop.abort();
  }

  /** Runs the command `once`. */
  once(): void {
    this.#run(async (context) => ({ how: 'status', status: await once(context) }));
  }

  /** Runs one pass and keeps its report, like a program that calls the package. */
  pass(): void {
    this.#run(async ({ wiring, signal, settings }) => {
      const report = await pass({ settings, write: true }, { ...wiring.deps, signal });
      return { how: 'report', report };
    });
  }

  /** Runs the command `schedule`. */
  schedule(): void {
    this.#run(async (context) => {
      const status = await runSchedule(context, this.#deps.passEnded, (page) => {
        this.triggerPage = page;
      });
      return { how: 'status', status };
    });
  }

  /** Runs the command `release --yes`. */
  release(): void {
    this.#run(async ({ wiring, signal, settings }) => {
      const { cluster, clock } = wiring.deps;
      const request = { settings, only: undefined, annotations: false, write: true };
      const deps = { cluster, clock, signal, lease: wiring.wholeLease };
      const report = await release(request, deps);
      return { how: 'status', status: isReleased(report) ? 0 : 1 };
    });
  }

  #run(work: (context: CommandContext) => Promise<Ended>): void {
    this.#wired()
      .then(work)
      .catch((thrown: unknown): Ended => {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        // Any other error is a fault in the program or in the simulation.
        const isExpected = error instanceof WaveCronError || this.#stop.signal.aborted;
        if (!isExpected) this.#deps.crashed(error);
        return { how: 'error', error };
      })
      .then((ended) => {
        this.ended = ended;
        if (this.process.state === 'dead') return;
        const text = ended.how === 'report' ? JSON.stringify(ended.report) : inWords(ended);
        this.#deps.said(text);
        this.process.world.log(`${this.process.name} ended: ${ended.how}`);
      });
  }

  async #wired(): Promise<CommandContext> {
    const { process, server, traffic, settings, namespace } = this.#deps;
    const machine = {
      clock: process.clock,
      random: process.random.next,
      exchange: simulatedExchange(process, server, traffic),
      readLines: simulatedReadLines(process, server, traffic, this.streams),
      hostName: process.name,
    };
    const environment = { POD_NAME: process.name, POD_NAMESPACE: namespace };
    const wiring: Wiring = await wire(settings, environment, connectionOf(namespace), machine);
    const { signal } = this.#stop;
    return {
      ...{ settings, wiring, signal, log: logTo(this.#deps.said) },
      origins: new Map(),
      print: this.#deps.said,
    };
  }
}

const inWords = (ended: Exclude<Ended, { how: 'report' }>): string =>
  ended.how === 'error' ? ended.error.message : `status ${ended.status}`;

function connectionOf(namespace: string): Connection {
  const authorization = { headers: { authorization: 'Bearer simulated' }, agent: new http.Agent() };
  return {
    ...{ server: 'http://simulated', origin: 'the simulation', namespace },
    authorize: async () => authorization,
    reload: () => undefined,
    credentialHint: () => undefined,
    maxConnections: 64,
    isVerified: true,
    close: () => undefined,
  };
}

function logTo(said: (line: string) => void): Log {
  const line = (...parts: unknown[]): void =>
    said(parts.map((part) => JSON.stringify(part)).join(' '));
  const levels = { trace: line, debug: line, info: line, warn: line, error: line, fatal: line };
  return levels as unknown as Log;
}
