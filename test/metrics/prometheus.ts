/** Prometheus' own opinion, by promcheck: see tools/control-plane/go/prometheus/main.go. */
import { execFile } from 'node:child_process';
import { findBinaries } from '../../tools/control-plane/binaries.ts';

type Labels = Readonly<Record<string, string>>;

/** What a target with these labels has answered at a moment, in seconds; null where it has not. */
export type Scrape = { at: number; labels: Labels; text: string | null };

/** One element of the response to a query. */
export type Sample = { labels: Labels; value: number };

/** One that was active without a break; in seconds, 0 for what did not happen. */
export type Alert = {
  name: string;
  labels: Labels;
  annotations: Readonly<Record<string, string>>;
  since: number;
  fired: number;
  ended: number;
};

/** What the check has to say of a text; empty where it is content. */
export async function problemsOf(what: 'metrics' | 'rules', text: string): Promise<string> {
  const { status, output } = await promcheck(what, text);
  return status === 0 || output !== '' ? output : `it ended with ${status}`;
}

/**
 * The answers to queries at a moment, in the order of the queries. Throws where one is none, or where
 * Prometheus warns of it.
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

/** Which alerts of a file of rules are active in a stretch of time, each since when. */
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
