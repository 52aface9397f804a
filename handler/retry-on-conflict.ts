import { isApiError } from '../lib/kubernetes/client/api-error.ts';
import type { PassContext } from './context.ts';

/** What changes under our hands so often is left to the next pass. */
export const tries = 3;

/**
 * How long to wait after so many conflicts, milliseconds. Controllers write the status of a workload
 * several times within milliseconds while they roll it out, and each of these writes is a conflict
 * to us: without a pause all tries would meet them.
 */
function pauseMs(conflicts: number): number {
  return conflicts * 100;
}

/**
 * Reads, decides and writes again after a conflict, since somebody else wrote to the object meanwhile.
 *
 * @param attempt gets which one this is, from 1; from the second on it has to read the object again
 * @throws the conflict after the last try, the reason of the signal, and whatever else `attempt` throws
 */
export async function retryOnConflict<T>(
  { clock, signal }: Pick<PassContext, 'clock' | 'signal'>,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!isApiError(error, 409) || number === tries) throw error;
      await clock.sleep(pauseMs(number), signal);
    }
  }
}
