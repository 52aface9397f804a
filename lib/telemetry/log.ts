import pino from 'pino';
import { boundedList } from '../text/bounded-list.ts';
import { printable, sentence } from '../text/printable.ts';

export type { Logger as Log } from 'pino';

/**
 * Creates a log with one JSON object per line; on a terminal, the lines are formatted for reading.
 * Lines are written synchronously, so that no line is lost when the process ends.
 *
 * All texts are escaped and bounded. Even if a single field of the JSON is printed, it cannot
 * control a terminal or look like two lines.
 *
 * @param destination a file descriptor: 1 or 2
 */
export async function createLog(options: {
  readonly level: string;
  readonly terminal: boolean;
  readonly color: boolean;
  readonly destination: 1 | 2;
}): Promise<pino.Logger> {
  const base: pino.LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
      log: boundedFields,
    },
    hooks: {
      logMethod(args, method) {
        const bounded = args.map((each: unknown) =>
          typeof each === 'string' ? sentence(each) : each,
        );
        method.apply(this, bounded as typeof args);
      },
    },
  };
  if (!options.terminal) {
    return pino(base, pino.destination({ dest: options.destination, sync: true }));
  }
  // Imported here, because a Pod, which has no terminal, must not wait for this import.
  const { default: pretty } = await import('pino-pretty');
  return pino(
    base,
    pretty({
      destination: options.destination,
      sync: true,
      colorize: options.color,
      translateTime: 'SYS:HH:MM:ss',
      hideObject: true,
      messageFormat: (line, key) => printable(terminalLine(line, String(line[key] ?? ''))),
    }),
  );
}

function terminalLine(line: Readonly<Record<string, unknown>>, message: string): string {
  const { reason, kind, namespace, name } = line;
  if (typeof reason !== 'string' || typeof name !== 'string') return message;
  return `${reason} ${String(kind)} ${String(namespace)}/${name}: ${message}`;
}

/**
 * Bounds the fields of a line. For a shortened list, `<name>LeftOut` is the number of omitted
 * entries.
 */
function boundedFields(fields: object): Record<string, unknown> {
  const bounded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!Array.isArray(value)) {
      bounded[name] = boundedValue(value);
      continue;
    }
    const { listed, leftOut } = boundedList(value.map(boundedValue));
    bounded[name] = listed;
    if (leftOut > 0) bounded[`${name}LeftOut`] = leftOut;
  }
  return bounded;
}

function boundedValue(value: unknown): unknown {
  if (typeof value === 'string') return sentence(value);
  return typeof value === 'object' && value !== null ? boundedFields(value) : value;
}
