/** What a long job tells a person while it runs: on a terminal one line that moves, elsewhere a line now and then. */

const terminalMs = 1_000;
const logMs = 15_000;

/** Shows `<what>, <time so far>` on stderr until `end`. */
export function showProgress(what: string): { end(): void } {
  const started = performance.now();
  const { stderr } = process;
  const line = () => `${what}, ${minutes(performance.now() - started)}`;
  const show = () => stderr.write(stderr.isTTY ? `\r\x1b[K${line()}` : `${line()}\n`);
  stderr.write(stderr.isTTY ? what : `${what}\n`);
  const timer = setInterval(show, stderr.isTTY ? terminalMs : logMs);
  return {
    end() {
      clearInterval(timer);
      show();
      if (stderr.isTTY) stderr.write('\n');
    },
  };
}

/** `40s`, `1m05s`. */
export function minutes(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}
