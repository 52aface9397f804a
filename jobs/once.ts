import { pass } from '../handler/pass.ts';
import { type ExitStatus, exitStatus } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { isComplete } from '../lib/report.ts';
import type { Settings } from '../lib/settings/schema.ts';
import { logReport, passLog } from './pass-log.ts';
import type { Wiring } from './wiring.ts';

/** One pass, then the end. */
export async function once(
  settings: Settings,
  { means }: Wiring,
  log: Log,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const report = await pass(
    { settings, write: true },
    { ...means, observer: passLog(log, means.clock), signal },
  );
  logReport(log, report);
  return isComplete(report) ? exitStatus.done : exitStatus.incomplete;
}
