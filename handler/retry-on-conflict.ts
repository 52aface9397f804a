import { isApiError } from '../lib/kubernetes/client/api-error.ts';
import type { PassContext } from './context.ts';

/** Maximum attempts. An object that changes more often is left to the next pass. */
export const tries = 3;

/**
 * Milliseconds to wait after this many conflicts. During a rollout, controllers write the status of
 * a workload several times within milliseconds. Each write is a conflict for us, and without a
 * pause all attempts could fail.
 */
function pauseMs(conflicts: number): number {
  return conflicts * 100;
}

/**
 * Reads, decides and writes again after a conflict, because another client changed the object.
 *
 * @param attempt gets the number of the attempt, from 1. From the second on, it must read the
 * object again
 * @throws the conflict after the last attempt, the reason of the signal, and other errors of
 * `attempt`
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
