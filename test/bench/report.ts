/** The figures and their goals as a table for people. The table says which goals were missed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { table } from '../../jobs/output/table.ts';
import { type Spread, spread } from './measure.ts';
import type { Pair, Scenario } from './scenarios.ts';
import type { ServerCpu } from './server.ts';
import type { Start } from './start.ts';

export interface Results {
  readonly scenarios: readonly Scenario[];
  readonly start?: Start;
  readonly serverCpu?: ServerCpu;
}

const docs = join(import.meta.dirname, '../../docs/performance.md');
const [begin, end] = [
  '<!-- figures: written by npm run bench -- --docs -->',
  '<!-- end of figures -->',
];

export function reportOf(results: Results): string {
  return [
    `${machine()}. Each figure is minimum / median / maximum of whole processes; the floor is a bare\nloop of the same requests, run in turn with the program.`,
    ...tablesOf(results).map((rows) => table(rows)),
  ].join('\n\n');
}

/** A description of the machine. */
export function machine(): string {
  return `${availableParallelism()} processors (${cpus()[0]?.model.trim()}), Node ${process.version}`;
}

/** Replaces the text between two comments of docs/performance.md. */
export function writeDocs(results: Results): void {
  const page = readFileSync(docs, 'utf8');
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end);
  if (to < from) throw new Error(`${docs} has not ${begin} and ${end}`);
  const measuredWith = `${availableParallelism()} processors, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  const tables = tablesOf(results).map(markdown);
  writeFileSync(
    docs,
    `${page.slice(0, from)}\nMeasured with ${measuredWith}.\n\n${tables.join('\n\n')}\n${page.slice(to)}`,
  );
}

export type Rows = readonly (readonly string[])[];

function tablesOf({ scenarios, start, serverCpu }: Results): Rows[] {
  const figures = scenarios.map(({ size, name, workloads, sources, pairs }) => [
    size,
    name,
    `${workloads} with ${sources}`,
    show(
      pairs.map(({ wave, floor }) => wave.wallMs / floor.wallMs),
      2,
    ),
    show(
      pairs.map(({ wave }) => wave.wallMs),
      0,
    ),
    show(
      pairs.map(({ floor }) => floor.wallMs),
      0,
    ),
    show(
      pairs.map(({ wave }) => wave.peakMb),
      0,
    ),
    show(
      pairs.map(({ floor }) => floor.peakMb),
      0,
    ),
  ]);
  const requests = scenarios.map(({ size, name, requests: { wave }, bytes }) => [
    size,
    name,
    Object.entries(wave)
      .map(([what, count]) => `${count} ${what}`)
      .join(', '),
    `${(bytes.wave / 1e6).toFixed(2)} MB (floor ${(bytes.floor / 1e6).toFixed(2)} MB)`,
  ]);
  const goals = goalsOf({ scenarios, ...(start && { start }), ...(serverCpu && { serverCpu }) });
  return [
    [
      [
        'CLUSTER',
        'SCENARIO',
        'WORKLOADS, SOURCES',
        'TIME / FLOOR',
        'TIME MS',
        'FLOOR MS',
        'PEAK MB',
        'FLOOR MB',
      ],
      ...figures,
    ],
    [['CLUSTER', 'SCENARIO', 'REQUESTS OF BOTH', 'READ'], ...requests],
    [['GOAL', 'MEASURED', ''], ...goals],
  ];
}

/** The goals are about medians, because a single slow run is due to the machine and not to the program. */
function goalsOf({ scenarios, start, serverCpu }: Results): string[][] {
  const rows: string[][] = [];
  const goal = (what: string, measured: number, most: number, unit: string, digits = 0): void => {
    rows.push([what, `${measured.toFixed(digits)}${unit}`, measured <= most ? 'met' : 'MISSED']);
  };
  const of = (size: string, name: string | RegExp): Scenario | undefined =>
    scenarios.find((scenario) => scenario.size === size && scenario.name.match(name) !== null);
  const main = scenarios.some(({ size }) => size === 'medium')
    ? 'medium'
    : (scenarios[0]?.size ?? '');
  const [few, idle, changed] = [
    of(main, /^nothing to do, \d/),
    scenarios.findLast(({ size, name }) => size === main && /^nothing to do, \d/.test(name)),
    of(main, / changed at once/),
  ];
  if (idle !== undefined) {
    goal(
      `${main}, nothing to do: time ≤ 1.4 × floor`,
      median(idle, ({ wave, floor }) => wave.wallMs / floor.wallMs),
      1.4,
      ' ×',
      2,
    );
    goal(
      `${main}, nothing to do: peak memory ≤ 100 MB`,
      median(idle, ({ wave }) => wave.peakMb),
      100,
      ' MB',
    );
  }
  if (few !== undefined && idle !== undefined) {
    const [one, other] = [few, idle].map((scenario) => median(scenario, ({ wave }) => wave.peakMb));
    goal(
      `${main}: memory the same with 20 times the Secrets, within 5 %`,
      Math.abs((other ?? 0) / (one ?? 1) - 1) * 100,
      5,
      ' %',
      1,
    );
  }
  if (changed !== undefined) {
    goal(
      `${main}, ${changed.name}: start to last patch ≤ 1.3 × floor`,
      median(
        changed,
        ({ lastPatch }) => (lastPatch?.waveMs ?? Number.NaN) / (lastPatch?.floorMs ?? 1),
      ),
      1.3,
      ' ×',
      2,
    );
  }
  if (start !== undefined) {
    goal(
      `start to first request ≤ 120 ms (a Node that ends at once: ${start.nodeMs.median.toFixed(0)} ms)`,
      start.firstRequestMs.median,
      120,
      ' ms',
    );
  }
  const [medium, large] = [of('medium', 'all opted in'), of('large', 'all opted in')];
  if (large !== undefined) {
    goal(
      `${large.workloads} workloads, ${large.sources} sources: peak memory ≤ 150 MB`,
      median(large, ({ wave }) => wave.peakMb),
      150,
      ' MB',
    );
    if (medium !== undefined) {
      // The times are relative to the floor, because the API server is not equally fast with both sizes.
      const ratio = (scenario: Scenario): number =>
        median(scenario, ({ wave, floor }) => wave.wallMs / floor.wallMs);
      const growth = ratio(large) / ratio(medium);
      goal(
        `time grows no faster than the floor's, from ${medium.sources} to ${large.sources} sources`,
        growth,
        1.1,
        ' ×',
        2,
      );
    }
  }
  if (serverCpu !== undefined) {
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
    rows.push([
      "CPU time of the API server: an hour of passes each minute, and of a controller's idle watches",
      `${seconds(serverCpu.hourOfPasses)} (${serverCpu.pass.toFixed(0)} ms a pass), ${serverCpu.hourOfWatches > 0 ? seconds(serverCpu.hourOfWatches) : 'too little to distinguish from idling'}`,
      '',
    ]);
  }
  return rows;
}

function median({ pairs }: Scenario, of: (pair: Pair) => number): number {
  return spread(pairs.map(of)).median;
}

export function show(values: readonly number[], digits: number): string {
  const { min, median: middle, max }: Spread = spread(values);
  return [min, middle, max].map((value) => value.toFixed(digits)).join(' / ');
}

function markdown([head = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const heading = head.map((cell) => cell.charAt(0) + cell.slice(1).toLowerCase());
  return [line(heading), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
