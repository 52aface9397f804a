import { WaveCronError } from '../errors.ts';
import type { Clock } from '../schedule/clock.ts';
import { inSeconds } from './seconds.ts';

/**
 * Stops waiting for a call after a time, even if the call ignores its signal. If the call returns a
 * result later, the result is dropped.
 *
 * @throws what the call throws; a retryable error once the time is over
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const answered = new AbortController();
  const deadline = clock.sleep(ms, answered.signal).then(() => {
    const error = new WaveCronError(`no response within ${inSeconds(ms)}`, { canRetry: true });
    over.abort(error);
    throw error;
  });
  try {
    return await Promise.race([call(over.signal), deadline]);
  } finally {
    answered.abort();
  }
}
