/**
 * `npm run bench -- --against CHECKOUT`: compares the program of this checkout with that of another built
 * checkout, in turn. Each is installed with its own manifests on its own cluster. It shows the cost of a
 * change.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../jobs/output/table.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { create, usedObjects, workloadsOf } from './load.ts';
import { median, type Run } from './measure.ts';
import { machine, show } from './report.ts';
import {
  changeEach,
  countRequests,
  expectCount,
  lastPatchMs,
  oneALine,
  type Requests,
  runProgram,
  summary,
  total,
  waveAgent,
} from './scenarios.ts';
import { type Size, usedSources } from './size.ts';
import { type Bench, onStages, type Stage } from './stage.ts';

export interface Measured extends Run {
  readonly bytesRead: number;
  readonly requests: Requests;
  /** Undefined if the pass has nothing to write. */
  readonly lastPatchMs?: number;
}

interface PairOfRuns {
  readonly here: Measured;
  readonly there: Measured;
}

interface Comparison {
  readonly name: string;
  readonly pairs: readonly PairOfRuns[];
  /** Requests that only the program of this checkout is expected to make, such as `10 get namespaces`. */
  readonly more?: string;
}

export interface AgainstResults {
  readonly size: Size['name'];
  readonly comparisons: readonly Comparison[];
}

export async function against(
  bench: Bench,
  checkout: string,
  other: string,
  size: Size,
): Promise<AgainstResults> {
  for (const file of ['dist/wave-cron.js', 'manifests/cronjob']) {
    if (!existsSync(join(other, file))) {
      throw new Error(`--against ${other}: it has no ${file}; name a checkout after npm run build`);
    }
  }
  const rounds = { small: 7, medium: 9, large: 3 }[size.name];
  bench.tell('starting two control planes ...');
  return await onStages(bench, [checkout, other], async (here, there) => {
    const used = usedSources(size);
    const objects = size.namespaces + size.deployments + used.configMaps + used.secrets;
    for (const stage of [here, there]) {
      bench.tell(`creating ${objects} objects, and their first pass ...`);
      await create(stage.api, usedObjects(size), objects, bench.tell);
      await runProgram(stage);
    }
    const optedIn = workloadsOf(size).filter((workload) => workload.optedIn);
    const compare = async (name: string, reason: Expected): Promise<Comparison> => {
      const pairs = await inTurns(bench, name, rounds, [here, there], (stage) =>
        measureOne(stage, optedIn, reason),
      );
      return { name, pairs };
    };
    const comparisons = [
      await compare('nothing to do', 'UpToDate'),
      await compare(`${optedIn.length} changed at once`, 'ConfigChanged'),
    ];
    return { size: size.name, comparisons };
  });
}

/** Measures two stages in turn. The first run of each does not count. */
export async function inTurns(
  { tell }: Bench,
  name: string,
  rounds: number,
  [here, there]: readonly [Stage, Stage],
  measureStage: (stage: Stage) => Promise<Measured>,
): Promise<readonly PairOfRuns[]> {
  const pairs: PairOfRuns[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    tell(`${name}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`} ...`);
    const measured = new Map<Stage, Measured>();
    // The two stages take turns in going first, because the rollouts of the first one's changes slow down the
    // second one.
    for (const stage of round % 2 === 0 ? [here, there] : [there, here]) {
      measured.set(stage, await measureStage(stage));
    }
    const [ours, theirs] = [measured.get(here), measured.get(there)];
    if (round > 0 && ours && theirs) pairs.push({ here: ours, there: theirs });
  }
  return pairs;
}

type Expected = 'UpToDate' | 'ConfigChanged' | 'Paused';

/** Changes the sources first if the pass is expected to find changes. */
export async function measureOne(
  stage: Stage,
  optedIn: ReturnType<typeof workloadsOf>,
  reason: Expected,
): Promise<Measured> {
  const writes = reason === 'ConfigChanged';
  if (writes) await changeEach(stage, optedIn);
  const audit = await auditFromHere(stage.controlPlane);
  const run = await runProgram(stage);
  expectCount(run, reason, optedIn.length);
  const requests = countRequests(await audit.entries({ userAgent: waveAgent }));
  const bytesRead = summary(run).bytesRead ?? 0;
  const last = writes ? { lastPatchMs: await lastPatchMs(audit, run, waveAgent) } : {};
  return { ...run, bytesRead, requests, ...last };
}

export function againstReport({ size, comparisons }: AgainstResults): string {
  const figures = comparisons.flatMap(({ name, pairs }) => {
    const row = (what: string, of: (one: Measured) => number | undefined, digits: number) => {
      const values = (side: 'here' | 'there') => pairs.map((pair) => of(pair[side]) ?? Number.NaN);
      const [here, there] = [values('here'), values('there')];
      if (here.some(Number.isNaN)) return [];
      const ratios = here.map((value, i) => value / (there[i] ?? Number.NaN));
      return [[name, what, show(ratios, 3), show(here, digits), show(there, digits)]];
    };
    return [
      ...row('time, ms', ({ wallMs }) => wallMs, 0),
      ...row('start to last patch, ms', (one) => one.lastPatchMs, 0),
      ...row('CPU time, ms', ({ cpuMs }) => cpuMs, 0),
      ...row('peak memory, MB', ({ peakMb }) => peakMb, 1),
      ...row('requests', ({ requests }) => total(requests), 0),
      ...row('read, MB', ({ bytesRead }) => bytesRead / 1e6, 3),
    ];
  });
  return [
    `${machine()}; ${size} cluster. Each figure is minimum / median / maximum of whole processes, the\nratio that of each pair that ran in turn.`,
    table([['SCENARIO', '', 'HERE / OTHER', 'HERE', 'OTHER'], ...figures]),
    table([['GOAL', 'MEASURED', ''], ...comparisons.flatMap(goalsOf)]),
  ].join('\n\n');
}

/** Times may differ by a tenth: on this machine, two builds of the same commit differ by that much. */
function goalsOf({ name, pairs, more }: Comparison): string[][] {
  const goal = (what: string, of: (one: Measured) => number, most: number): string[] => {
    const ratio = median(pairs.map(({ here, there }) => of(here) / of(there)));
    return [`${name}: ${what}`, `${ratio.toFixed(3)} ×`, ratio <= most ? 'met' : 'MISSED'];
  };
  const [first] = pairs;
  const [here, there] = [first?.here, first?.there].map((one) => oneALine(one?.requests ?? {}));
  const differences = [
    ...(here ?? []).filter((line) => !there?.includes(line) && line !== more),
    ...(there ?? []).filter((line) => !here?.includes(line)).map((line) => `other: ${line}`),
  ];
  return [
    [
      `${name}: the same requests${more === undefined ? '' : `, and ${more}`}`,
      differences.length === 0 ? 'all' : differences.join(', '),
      differences.length === 0 ? 'met' : 'MISSED',
    ],
    goal('bytes read ≤ 1.01 ×', ({ bytesRead }) => bytesRead, 1.01),
    goal('time ≤ 1.1 ×', ({ wallMs }) => wallMs, 1.1),
    goal('CPU time ≤ 1.1 ×', ({ cpuMs }) => cpuMs, 1.1),
    goal('peak memory ≤ 1.1 ×', ({ peakMb }) => peakMb, 1.1),
  ];
}
