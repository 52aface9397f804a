/** One of the flags of the program's first line. */
const shippedFlag = '--no-opt';
const smallHeapFlag = '--optimize-for-size';

/**
 * Starts the program again in the same process, with a V8 flag that keeps the heap smaller. V8
 * reads this flag only when it starts. With watches, full passes are rare, so the memory between
 * them is more important than their CPU time. The function returns if the flag is already set, if
 * the program was started with other flags than the shipped ones, or if the system cannot replace
 * the process.
 */
export function startWithSmallHeap(): void {
  const { argv, env, execArgv, execPath } = process;
  if (!execArgv.includes(shippedFlag) || execArgv.includes(smallHeapFlag)) return;
  try {
    process.execve?.(execPath, [execPath, ...execArgv, smallHeapFlag, ...argv.slice(1)], env);
  } catch {
    // The program also works with a larger heap.
  }
}
