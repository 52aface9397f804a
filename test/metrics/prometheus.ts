/**
 * Checks and queries by Prometheus' own code, in the program promcheck: see
 * tools/control-plane/go/prometheus/main.go.
 */
import { execFile } from 'node:child_process';
import { findBinaries } from '../../tools/control-plane/binaries.ts';

type Labels = Readonly<Record<string, string>>;

/** The metrics that a target with these labels returned at a time in seconds; null if it did not respond. */
export type Scrape = { at: number; labels: Labels; text: string | null };

/** One element of the response to a query. */
export type Sample = { labels: Labels; value: number };

/**
 * A continuous period in which an alert was active. The times are in seconds, and 0 stands for an event that
 * did not happen.
 */
export type Alert = {
  name: string;
  labels: Labels;
  annotations: Readonly<Record<string, string>>;
  since: number;
  fired: number;
  ended: number;
};

/** The problems that the check finds in a text. Empty if there are none. */
export async function problemsOf(what: 'metrics' | 'rules', text: string): Promise<string> {
  const { status, output } = await promcheck(what, text);
  return status === 0 || output !== '' ? output : `it ended with ${status}`;
}

/**
 * The results of queries at a time in seconds, in the order of the queries. Throws if a query is invalid or
 * Prometheus has a warning about it.
 */
export async function answersTo(
  exprs: readonly string[],
  at: number,
  scrapes: readonly Scrape[],
): Promise<Sample[][]> {
  type Answer = { labels: Labels; value: string }[];
  const answers = await found<Answer[]>('query', { exprs, at, scrapes });
  return answers.map((answer) =>
    answer.map(({ labels, value }) => ({
      labels,
      value: Number(value.replace('Inf', 'Infinity')),
    })),
  );
}

/** The alerts of a rules file that are active in a period of time, each with its times. */
export async function alertsOf(
  rules: string,
  { from, to }: { from: number; to: number },
  scrapes: readonly Scrape[],
): Promise<Alert[]> {
  return await found('alerts', { rules, from, to, every: 60, scrapes });
}

async function found<T>(what: 'query' | 'alerts', question: object): Promise<T> {
  const { status, output } = await promcheck(what, JSON.stringify(question));
  if (status !== 0) throw new Error(`promcheck ${what}: ${output}`);
  return JSON.parse(output) as T;
}

async function promcheck(
  what: string,
  input: string,
): Promise<{ status: number | string; output: string }> {
  const { promcheck } = await findBinaries(['promcheck']);
  const { promise, resolve } = Promise.withResolvers<{ status: number | string; output: string }>();
  const child = execFile(promcheck, [what], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
    resolve({ status: error === null ? 0 : (error.code ?? 'a signal'), output: stdout + stderr }),
  );
  child.stdin?.end(input);
  return await promise;
}
