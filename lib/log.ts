import pino from 'pino';

export type { Logger as Log } from 'pino';

/**
 * Log lines: JSON, one a line, with the words of the contract as field names; on a terminal the
 * same, readable. Written synchronously, so that nothing is lost with the process.
 *
 * @param destination a file descriptor: 1 or 2
 */
export async function createLog(options: {
  readonly level: string;
  readonly terminal: boolean;
  readonly color: boolean;
  readonly destination: 1 | 2;
}): Promise<pino.Logger> {
  const base = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!options.terminal) {
    return pino(base, pino.destination({ dest: options.destination, sync: true }));
  }
  // Only a terminal needs it, and a Pod's start should not wait for it.
  const { default: pretty } = await import('pino-pretty');
  return pino(
    base,
    pretty({
      destination: options.destination,
      sync: true,
      colorize: options.color,
      translateTime: 'SYS:HH:MM:ss',
      hideObject: true,
      messageFormat: (line, key) => terminalLine(line, String(line[key] ?? '')),
    }),
  );
}

function terminalLine(line: Readonly<Record<string, unknown>>, message: string): string {
  const { reason, kind, namespace, name } = line;
  if (typeof reason !== 'string' || typeof name !== 'string') return message;
  return `${reason} ${String(kind)} ${String(namespace)}/${name}: ${message}`;
}
