import type { StatusReport } from '../../handler/status/status.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { openScreen, type Terminal } from './screen.ts';
import { isComplete, logProblems } from './status-problems.ts';

/** Shows the report of each read, or the error of the read. */
export interface StatusView {
  show(report: StatusReport): void;
  fail(problem: string): void;
  end(): void;
}

export interface StatusTexts {
  /** @param width the columns of the terminal; undefined: not on a terminal */
  readonly text: (report: StatusReport, width: number | undefined) => string;
  readonly print: (text: string) => void;
  readonly log: Pick<Log, 'error' | 'warn'>;
}

/**
 * Prints a report if it differs from the previous report.
 *
 * @param separator printed between two reports
 */
export function streamView({ text, print, log }: StatusTexts, separator: string): StatusView {
  let shown: string | undefined;
  let failure: string | undefined;
  return {
    show(report) {
      failure = undefined;
      const content = JSON.stringify({ ...report, readAt: undefined });
      if (content === shown) return;
      logProblems(report, log);
      print(`${shown === undefined ? '' : separator}${text(report, undefined)}`);
      shown = content;
    },
    fail(problem) {
      if (problem !== failure) log.error(problem);
      failure = problem;
    },
    end: () => undefined,
  };
}

/**
 * Draws each report on a terminal. At the end, the final report stays on the terminal.
 *
 * @param title the first line
 */
export function screenView(
  { text, print, log }: StatusTexts,
  terminal: Terminal,
  title: string,
): StatusView {
  const screen = openScreen(terminal);
  let last: StatusReport | undefined;
  const draw = (report: StatusReport, problem: string | undefined): void => {
    const { readAt, namespace } = report;
    const where = namespace === null ? 'all namespaces' : `namespace ${namespace}`;
    const notes = [
      ...(problem === undefined ? [] : [problem]),
      ...(isComplete(report) ? [] : ['some workloads are missing: see wave-cron plan']),
    ];
    screen.draw((columns) =>
      [`${title}: ${where}, read at ${readAt}`, ...notes, '', text(report, columns)].join('\n'),
    );
  };
  return {
    show(report) {
      last = report;
      draw(report, undefined);
    },
    fail(problem) {
      if (last !== undefined) draw(last, problem);
    },
    end() {
      screen.close();
      if (last === undefined) return;
      logProblems(last, log);
      print(text(last, terminal.columns));
    },
  };
}
