/** One of the flags of the program's first line. */
const shippedFlag = '--no-opt';
const smallHeapFlag = '--optimize-for-size';

/**
 * Starts the program again in the same process, with a V8 flag that keeps its heap smaller: V8
 * decides about its heap at its start. With watches, full passes are rare, and their CPU time counts
 * less than the memory between them. It returns if the flag is set, if the program was started with
 * flags of another person, or if the system cannot do it.
 */
export function startWithSmallHeap(): void {
  const { argv, env, execArgv, execPath } = process;
  if (!execArgv.includes(shippedFlag) || execArgv.includes(smallHeapFlag)) return;
  try {
    process.execve?.(execPath, [execPath, ...execArgv, smallHeapFlag, ...argv.slice(1)], env);
  } catch {
    // With a larger heap, it works as well.
  }
}
