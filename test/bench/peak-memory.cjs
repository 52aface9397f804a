/**
 * Preloaded into a measured process: leaves its peak memory (kB) and its CPU time (ms) in a file when
 * it ends. VmHWM, since the maximum that getrusage gives counts the parent's memory from before the
 * program was started. Plain JavaScript, since the stripping of types would be measured with it.
 */
process.on('exit', () => {
  const { readFileSync, writeFileSync } = require('node:fs');
  const [, kB] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.BENCH_PEAK_MEMORY_FILE, `${kB} ${(user + system) / 1000}`);
});
