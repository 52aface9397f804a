/**
 * Preloaded into a measured process: leaves its peak memory in a file when it ends. VmHWM, since
 * the maximum that getrusage gives counts the parent's memory from before the program was started.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env['BENCH_PEAK_MEMORY_FILE'];
if (file !== undefined) {
  process.on('exit', () => {
    writeFileSync(
      file,
      /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '',
    );
  });
}
