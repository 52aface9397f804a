/**
 * Shows the progress of a long job: one line that is updated on a terminal, otherwise a new line
 * from time to time.
 */

const terminalMs = 1_000;
const logMs = 15_000;

/** Shows `<what>, <elapsed time>` on stderr until `end` is called. */
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

/** A duration as text, such as `40s` or `1m05s`. */
export function minutes(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}
