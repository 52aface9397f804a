import { type ExitStatus, exitStatus } from '../../lib/errors.ts';
import { isComplete } from '../../lib/rules/report.ts';
import type { CommandContext } from '../command-context.ts';
import { reportSinks } from '../sinks/sink-list.ts';

/** Runs one pass. */
export async function once(context: CommandContext): Promise<ExitStatus> {
  const { settings, wiring, signal } = context;
  const sinks = await reportSinks(context);
  try {
    const report = await sinks.pass({ settings, write: true }, { ...wiring.deps, signal });
    return isComplete(report) ? exitStatus.done : exitStatus.incomplete;
  } finally {
    await sinks.flush();
  }
}
