/** What a container wrote, to stdout and stderr in one, in the order in which it came. */

export type Log = {
  write(text: string): void;
  text(): string;
  /** For messages. */
  lastLines(count?: number): string;
};

/** A log in memory, of all runs of one container. */
export function createLog(): Log {
  const pieces: string[] = [];
  const text = () => pieces.join('');
  return {
    write(piece) {
      pieces.push(piece);
    },
    text,
    lastLines: (count = 10) => text().trimEnd().split('\n').slice(-count).join('\n'),
  };
}
