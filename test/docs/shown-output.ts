/** The output of commands as on a terminal, without the parts that differ from run to run. */
import type { LogLine } from '../jobs/run-program.ts';

export function comparable(output: string): string[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) =>
      (line.startsWith('{') ? terminalLine(JSON.parse(line) as LogLine) : line)
        .replace(/^\[\d\d:\d\d:\d\d\] /, '')
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
        .replaceAll(/\b[0-9a-f]{12}\b/g, 'HASH')
        .replace(/\d+ requests, [\d.]+ kB read, [\d.]+ s$/, 'REQUESTS'),
    );
}

/** Formats a line of JSON as lib/telemetry/log.ts does for a terminal. */
function terminalLine({ level, msg, reason, kind, namespace, name }: LogLine): string {
  const about = name === undefined ? '' : `${reason} ${kind} ${namespace}/${name}: `;
  return `${level.toUpperCase()}${name === undefined ? '' : ` (${name})`}: ${about}${msg}`;
}
