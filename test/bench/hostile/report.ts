/** A table of each pass with hostile tenants next to the pass without them, and the goals. */
import { table } from '../../../jobs/output/table.ts';
import { median } from '../measure.ts';
import { machine, type Rows } from '../report.ts';
import { total } from '../scenarios.ts';
import { writesASecond } from './commotion.ts';
import type { HostilePass, HostileResults, HostileRound } from './hostile.ts';

export function hostileReport(results: HostileResults): string {
  const { goodTenants, tenants, limit, rounds } = results;
  const writes = median(rounds.map(({ writes: done }) => done));
  return [
    `${machine()}. ${goodTenants} good tenants beside ${tenants.length} hostile ones (${tenants.join(', ')}), and the same without; ${limit}.`,
    `While a pass ran, 30 workloads were written ${writes.toFixed(0)} times a second; ${writesASecond} were meant.`,
    table(passes(rounds)),
    ...rounds.map(({ beside }, i) => `pass ${i + 1} beside them: ${contents(beside)}`),
    table([['GOAL', 'MEASURED', ''], ...goalsOf(results).map(({ row }) => row)]),
  ].join('\n\n');
}

/** Whether all goals that do not depend on the machine's speed are met. */
export function holds(results: HostileResults): boolean {
  return goalsOf(results).every(({ met, correctness }) => met || !correctness);
}

function passes(rounds: readonly HostileRound[]): Rows {
  return [
    [
      'PASS',
      'GOOD CHANGES ROLLED',
      'LAST OF THEM, MS',
      'WITHOUT, MS',
      'RATIO',
      'WITHOUT, AS BUSY, MS',
      'RATIO',
      'PEAK MB',
      'CGROUP MB',
      'WITHOUT, MB',
      'REQUESTS',
      'WITHOUT',
      'EXIT STATUS',
      'WITHOUT',
    ],
    ...rounds.map((round, i) => {
      const { beside, without, asBusy } = round;
      return [
        String(i + 1),
        `${beside.rolled.done} of ${beside.rolled.asked}`,
        lastOf(beside),
        lastOf(without),
        digits(ratioOf(beside, without), 2),
        lastOf(asBusy),
        digits(ratioOf(beside, asBusy), 2),
        digits(beside.run.own?.peakMb, 0),
        digits(beside.run.groupPeakMb, 0),
        digits(without.run.own?.peakMb, 0),
        String(total(beside.requests)),
        String(total(without.requests)),
        ending(beside),
        ending(without),
      ];
    }),
  ];
}

interface Goal {
  readonly row: readonly string[];
  readonly met: boolean;
  /** Whether the goal is about correctness. Otherwise, it is about speed. */
  readonly correctness: boolean;
}

function goalsOf({ rounds }: HostileResults): Goal[] {
  const goal = (what: string, measured: string, met: boolean, correctness: boolean): Goal => ({
    row: [what, measured, met ? 'met' : 'MISSED'],
    met,
    correctness,
  });
  const complete = rounds.filter(({ beside: { rolled } }) => rolled.done === rolled.asked).length;
  const unasked = sum(rounds.map(({ beside: { rolled } }) => rolled.unasked));
  const killed = rounds.filter(({ beside: { run } }) => run.outOfMemory).length;
  const failed = rounds.filter(({ beside: { run } }) => run.status !== 0).length;
  const incomplete = rounds.filter(({ without, asBusy }) =>
    [without, asBusy].some(({ run, rolled }) => run.status !== 0 || rolled.done !== rolled.asked),
  ).length;
  const ratio = (to: 'without' | 'asBusy') =>
    rounds.map((round) => ratioOf(round.beside, round[to]) ?? Number.POSITIVE_INFINITY);
  const timely = (what: string, ratios: readonly number[]): Goal =>
    goal(
      `start to the last good change ≤ 2 × ${what} (median; and most)`,
      times(median(ratios), Math.max(...ratios)),
      median(ratios) <= 2,
      false,
    );
  const peaks = rounds.map(({ beside: { run } }) => run.own?.peakMb ?? Number.POSITIVE_INFINITY);
  const peak = Math.max(...peaks);
  return [
    goal(
      `every good change is rolled in the first pass after it, ${rounds.length} in a row`,
      `${complete} passes`,
      complete === rounds.length,
      true,
    ),
    goal('no good workload is rolled without a change', `${unasked}`, unasked === 0, true),
    goal('no pass is killed by the memory limit', `${killed} killed`, killed === 0, true),
    goal('every pass has exit status 0', `${failed} have another`, failed === 0, true),
    goal(
      'without the hostile tenants all of that holds as well',
      `${incomplete} passes do not`,
      incomplete === 0,
      true,
    ),
    timely('without them', ratio('without')),
    timely('without them on a machine as busy', ratio('asBusy')),
    goal(
      'peak memory (VmHWM) of every pass < 200 MB',
      Number.isFinite(peak) ? `${peak.toFixed(0)} MB` : 'above the limit',
      peak < 200,
      false,
    ),
  ];
}

function times(middle: number, most: number): string {
  const text = (ratio: number): string =>
    Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : 'not all were rolled';
  return middle === most ? text(middle) : `${text(middle)}; ${text(most)}`;
}

/**
 * The ratio of the times until the last patch; undefined if one of the passes did not roll all
 * changes, because then there is no last patch.
 */
function ratioOf(beside: HostilePass, without: HostilePass): number | undefined {
  const complete = [beside, without].every(({ rolled }) => rolled.done === rolled.asked);
  if (!complete || beside.lastPatchMs === undefined || without.lastPatchMs === undefined) {
    return undefined;
  }
  return beside.lastPatchMs / without.lastPatchMs;
}

const lastOf = ({ rolled, lastPatchMs }: HostilePass): string =>
  rolled.done === rolled.asked ? digits(lastPatchMs, 0) : '-';

function ending({ run: { status, outOfMemory } }: HostilePass): string {
  return outOfMemory ? 'out of memory' : String(status);
}

function contents({ requests, counts }: HostilePass): string {
  const list = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
  return `${counts === undefined ? 'no report' : list(counts)}; ${list(requests)}`;
}

const digits = (value: number | undefined, count: number): string => value?.toFixed(count) ?? '-';

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);
