/** What changes under our hands so often is left to the next pass. */
export const tries = 3;

/**
 * How long to wait after so many conflicts, milliseconds. Controllers write the status of a workload
 * several times within milliseconds while they roll it out, and each of these writes is a conflict
 * to us: without a pause all tries would meet them.
 */
export function pauseMs(conflicts: number): number {
  return conflicts * 100;
}
