/** Runs `once` in this process, since a start of the program costs more than all that a pass asks. */
import { once } from '../../jobs/once.ts';
import { wire } from '../../jobs/wiring.ts';
import { WaveCronError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { loadSettings } from '../../lib/settings/load.ts';
import { withoutLeak } from '../secrets/planted.ts';
import type { Flags } from './run-check.ts';
import type { LogLine } from './run-program.ts';

export type Once = {
  status: number;
  /** Of all levels. */
  lines: LogLine[];
};

/** What the program would end with and log, but for the time of each line. */
export function runOnce(kubeconfig: string, flags: Flags): Promise<Once> {
  return withoutLeak('once', () => run(kubeconfig, flags));
}

async function run(kubeconfig: string, flags: Flags): Promise<Once> {
  const settings = loadSettings({ flags: { kubeconfig, ...flags }, env: {} });
  const lines: LogLine[] = [];
  const log = logTo(lines);
  const wiring = await wire(settings, {});
  try {
    const status = await once(settings, wiring, log, new AbortController().signal);
    return { status, lines };
  } catch (error) {
    if (!(error instanceof WaveCronError)) throw error;
    log.fatal(error.message);
    return { status: error.exit, lines };
  } finally {
    wiring.connection.close();
  }
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
