import type { Clock } from '../../lib/schedule/clock.ts';
import type { Log } from '../../lib/telemetry/log.ts';

/** Only work on thousands of objects takes longer than this. */
const everyMs = 5_000;

/**
 * Logs the progress of long work every few seconds.
 *
 * @returns a function to call after each handled object
 */
export function progress(
  log: Log,
  clock: Clock,
  sentence: (handled: number) => { readonly fields: object; readonly text: string },
): () => void {
  let handled = 0;
  let loggedAt = clock.now();
  return () => {
    handled += 1;
    if (clock.now() - loggedAt < everyMs) return;
    loggedAt = clock.now();
    const { fields, text } = sentence(handled);
    log.info(fields, text);
  };
}
