/** Runs `once` in this process, because a start of the program takes longer than all requests of a pass. */
import { once } from '../../jobs/commands/once.ts';
import { type Wiring, wire } from '../../jobs/wiring.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { createCluster } from '../../lib/kubernetes/cluster.ts';
import { kubernetesLock } from '../../lib/lease/kubernetes-lock.ts';
import { loadSettingsWithOrigins } from '../../lib/settings/load.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { type Timeout, withTimeout } from '../handler/run-pass.ts';
import { withoutLeak } from '../secrets/planted.ts';
import type { Flags } from './run-check.ts';
import type { LogLine } from './run-program.ts';

export type Once = {
  status: number;
  /** Lines of all levels. */
  lines: LogLine[];
};

/**
 * Returns the exit status and the log of the program, without the times of the lines.
 *
 * @param timeout the time limit for one attempt of a request to a path
 */
export function runOnce(kubeconfig: string, flags: Flags, timeout?: Timeout): Promise<Once> {
  return withoutLeak('once', () => run(kubeconfig, flags, timeout));
}

async function run(kubeconfig: string, flags: Flags, timeout?: Timeout): Promise<Once> {
  const loaded = loadSettingsWithOrigins({ flags: { kubeconfig, ...flags }, env: {} });
  const lines: LogLine[] = [];
  const log = logTo(lines);
  const wired = await wire(loaded.settings, {});
  const wiring = timeout === undefined ? wired : timed(wired, timeout);
  try {
    const { signal } = new AbortController();
    const status = await once({ ...loaded, wiring, log, print: () => {}, signal });
    return { status, lines };
  } catch (error) {
    if (!(error instanceof WaveCronError)) throw error;
    log.fatal(error.message);
    return { status: error.exit, lines };
  } finally {
    wiring.connection.close();
  }
}

function timed(wiring: Wiring, timeout: Timeout): Wiring {
  const { deps, leaseName } = wiring;
  const api = withTimeout(wiring.api, timeout);
  const lease = { ...deps.lease, lock: kubernetesLock(api, leaseName) };
  return { ...wiring, deps: { ...deps, cluster: createCluster(api), lease } };
}

function logTo(lines: LogLine[]): Log {
  const at = (level: string) => (first: object | string, msg?: string) => {
    lines.push(
      typeof first === 'string' ? { level, msg: first } : { ...first, level, msg: msg ?? '' },
    );
  };
  const levels = ['debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, at(level)]);
  return Object.fromEntries(levels) as unknown as Log;
}
