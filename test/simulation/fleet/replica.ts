/** Runs the command `schedule` in a simulated process. It opens no port and serves no metrics. */
import type { CommandContext } from '../../../jobs/command-context.ts';
import { schedule } from '../../../jobs/commands/schedule.ts';
import type { Pages } from '../../../jobs/serve/http-server.ts';
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Metrics } from '../../../lib/telemetry/metrics.ts';
import type { TriggerPage } from './trigger-page.ts';

/** Called when a pass has ended. `outcomes` is empty if the pass failed. */
export type PassEnded = (isPartial: boolean, outcomes: readonly Outcome[]) => void;

/**
 * @param served called with the page for triggers
 * @returns the exit status
 */
export async function runSchedule(
  context: CommandContext,
  passEnded: PassEnded,
  served: (page: TriggerPage | undefined) => void,
): Promise<number> {
  const serve = async (_listen: string, { post }: Pages) => {
    served(post?.['/trigger']);
    return { address: 'simulated', close: async () => undefined };
  };
  return await schedule(context, { serve, metrics: countingPasses(passEnded) });
}

function countingPasses(ended: PassEnded): Metrics {
  const nothing = (): void => undefined;
  return {
    passEnded: ({ outcomes }) => ended(false, outcomes),
    partialPassEnded: ({ outcomes }) => ended(true, outcomes),
    passFailed: () => ended(false, []),
    ...{ tickSkipped: nothing, leaseEvent: nothing, nextPass: nothing },
    watch: { event: nothing, patched: nothing, failed: nothing, partialPass: nothing },
    triggers: { requested: nothing, passStarted: nothing },
    notifications: { counted: nothing },
    contentType: 'text/plain',
    text: async () => '',
    push: async () => undefined,
  };
}
