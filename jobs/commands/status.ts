import { type StatusReport, status as statusReport } from '../../handler/status/status.ts';
import { type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import { durationMs } from '../../lib/text/duration.ts';
import { quote } from '../../lib/text/quote.ts';
import { statusNamespace } from '../cli/status-namespace.ts';
import type { CommandContext } from '../command-context.ts';
import { jsonLine, jsonText } from '../output/json-text.ts';
import type { Terminal } from '../output/screen.ts';
import { isComplete, logProblems } from '../output/status-problems.ts';
import { statusNames, statusText } from '../output/status-text.ts';
import { screenView, streamView } from '../output/status-view.ts';
import { watchStatus } from './status-watch.ts';

export interface StatusOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly output: 'table' | 'wide' | 'json' | 'name';
  readonly watch: boolean;
  /** The time between two reads with `watch`. */
  readonly interval: string;
}

/**
 * Prints the states of the opted-in workloads, once or at each change. Writes nothing to the cluster.
 *
 * @param terminal undefined if the output is not a terminal
 */
export async function status(
  context: CommandContext,
  options: StatusOptions,
  terminal: Terminal | undefined,
): Promise<ExitStatus> {
  const { settings, wiring, log, signal } = context;
  const namespace = statusNamespace(options, context);
  const intervalMs = parseInterval(options.interval);
  const deps = { ...wiring.deps, inspector: createInspector(wiring.api), signal };
  const read = () => statusReport({ settings, namespace }, deps);
  const { annotationPrefix } = settings;
  const text = (report: StatusReport, width: number | undefined) =>
    textOf(report, { ...options, width, annotationPrefix });
  // If there are no names, nothing is printed, not even an empty line, as with kubectl.
  const print = (printed: string) => (printed === '' ? undefined : context.print(printed));
  const texts = { text, print, log };
  const isTable = options.output === 'table' || options.output === 'wide';
  if (options.watch) {
    const open = () =>
      isTable && terminal !== undefined
        ? screenView(texts, terminal, `Every ${options.interval}`)
        : streamView(texts, isTable ? '\n' : '');
    return await watchStatus({ read, open, intervalMs, clock: wiring.deps.clock, signal });
  }
  const report = await read();
  logProblems(report, log);
  print(text(report, terminal?.columns));
  return isComplete(report) ? exitStatus.done : exitStatus.incomplete;
}

const leastMs = 1_000;
const mostMs = 86_400_000;

function parseInterval(text: string): number {
  const ms = durationMs(text);
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw new UsageError(
    `--interval is ${quote(text)}: must be a duration from 1s to 1d, such as 5s`,
  );
}

interface TextOptions extends Pick<StatusOptions, 'output' | 'watch'> {
  readonly width: number | undefined;
  readonly annotationPrefix: string;
}

function textOf(report: StatusReport, { output, watch, ...view }: TextOptions): string {
  switch (output) {
    case 'json':
      return watch ? jsonLine(report) : jsonText(report);
    case 'name':
      return statusNames(report);
    default:
      return statusText(report, { ...view, isWide: output === 'wide' });
  }
}
