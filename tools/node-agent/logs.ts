/** The output of a container: stdout and stderr together, in the order of arrival. */

export type Log = {
  write(text: string): void;
  text(): string;
  /** The text for messages. */
  lastLines(count?: number): string;
};

/** A log in memory with all runs of one container. */
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
