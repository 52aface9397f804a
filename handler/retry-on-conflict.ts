import { isApiError } from '../lib/kubernetes/client/api-error.ts';
import type { PassContext } from './context.ts';

/** Maximum attempts. If an object changes more often, the next pass handles it. */
export const tries = 3;

/**
 * Milliseconds to wait after this many conflicts. During a rollout, controllers write the status of
 * a workload several times within milliseconds. Each of these writes causes a conflict for our
 * write. Without a pause, all attempts could fail.
 */
function pauseMs(conflicts: number): number {
  return conflicts * 100;
}

/**
 * Runs an attempt to read an object, decide and write. If another client changed the object, so
 * that the write ends with a conflict, it runs a further attempt.
 *
 * @param attempt gets the number of the attempt, from 1. From the second attempt on, it must read
 * the object again
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
