/** The figures of `npm run bench -- --triggers` and their goals as a table for people. */
import { table } from '../../../jobs/output/table.ts';
import { machine, type Rows, show } from '../report.ts';
import { oneALine } from '../scenarios.ts';
import type { IdleHour, MemoryOverTime, Storm } from './lasting.ts';
import type { OneByOne, TriggerResults } from './triggers.ts';

export function triggersReport(results: TriggerResults): string {
  return [
    `${machine()}, the ${results.size} cluster.`,
    table([['WHAT', 'MEASURED', 'GOAL'], ...rowsOf(results)]),
    ...detailsOf(results),
  ].join('\n\n');
}

function rowsOf({ one, all, memory, idle, storm, lease }: TriggerResults): Rows {
  return [
    ...(one === undefined
      ? []
      : [
          ...reactionRows('with watches', one.watching, true),
          ...reactionRows('every 5 s', one.scheduled, false),
        ]),
    ...(all === undefined
      ? []
      : [
          ...roundRows(`${all.workloads} at once, with watches`, all.watching, true),
          ...roundRows(`${all.workloads} at once, every 5 s`, all.scheduled, false),
        ]),
    ...(lease === undefined
      ? []
      : [['the Lease of a replica, for once', `${show(lease, 0)} ms`, '≤ 2000 ms']]),
    ...(memory === undefined ? [] : memoryRows(memory)),
    ...(storm === undefined ? [] : stormRows(storm)),
    ...(idle === undefined ? [] : idleRows(idle)),
  ];
}

function reactionRows(how: string, { reactions, memory }: OneByOne, hasGoal: boolean): Rows {
  const of = (field: 'fromAnswer' | 'fromRequest'): string => {
    const values = reactions.map((each) => each[field]);
    return `p50 ${percentile(values, 50)}, p99 ${percentile(values, 99)}, ${show(values, 0)} ms`;
  };
  return [
    [
      `one change, ${how} (${reactions.length}), from its answer`,
      of('fromAnswer'),
      hasGoal ? 'p50 ≤ 20, p99 ≤ 100 ms' : '',
    ],
    [`one change, ${how}, from its request`, of('fromRequest'), ''],
    [`memory then, ${how}`, `${mb(memory.residentMb)}, peak ${mb(memory.peakMb)}`, ''],
  ];
}

function roundRows(
  what: string,
  rounds: NonNullable<TriggerResults['all']>['watching'],
  hasGoal: boolean,
): Rows {
  const ratios = rounds.map(({ waveMs, floorMs }) => waveMs / floorMs);
  const times = (field: 'waveMs' | 'floorMs' | 'passes', unit: string): string =>
    `${show(
      rounds.map((round) => round[field]),
      0,
    )}${unit}`;
  return [
    [`${what}: time / floor`, `${show(ratios, 2)} ×`, hasGoal ? '≤ 1.2 ×' : ''],
    [`${what}: time`, times('waveMs', ' ms'), ''],
    [`${what}: floor`, times('floorMs', ' ms'), ''],
    [`${what}: passes`, times('passes', ''), ''],
  ];
}

function memoryRows({ samples, minutes, ...rates }: MemoryOverTime): Rows {
  const { eventsASecond, passesASecond } = rates;
  const middle = Math.floor(samples.length / 2);
  const resident = (part: typeof samples): string =>
    `${show(
      part.map(({ residentMb }) => residentMb),
      1,
    )} MB`;
  const last = samples.at(-1);
  const load = `${minutes} minutes, ${eventsASecond.toFixed(0)} events and ${passesASecond.toFixed(1)} passes a second`;
  return [
    [
      `memory before the events, after the first pass`,
      `${mb(samples[0]?.residentMb)}, peak ${mb(samples[0]?.peakMb)}`,
      '',
    ],
    [`memory, ${load}: at the end`, mb(last?.residentMb), '≤ 90 MB'],
    ['memory, peak, of the first pass or later', mb(last?.peakMb), ''],
    ['memory, first half', resident(samples.slice(1, middle + 1)), ''],
    ['memory, second half', resident(samples.slice(middle + 1)), 'flat'],
  ];
}

function stormRows({ events, seconds, passes, cpuMs }: Storm): Rows {
  const microseconds = ((cpuMs * 1000) / events).toFixed(0);
  const percent = (cpuMs / seconds / 10).toFixed(1);
  return [
    [`${events} events about unused sources: passes`, String(passes), '0'],
    [
      `${events} events about unused sources: CPU time`,
      `${microseconds} µs each; ${percent} % of a core at ${(events / seconds).toFixed(0)} a second`,
      '≤ 1 %',
    ],
  ];
}

function idleRows({ replica, server, fullPass, minutes }: IdleHour): Rows {
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const passes = fullPass * 4;
  return [
    [`CPU of an idle hour (from ${minutes} minutes)`, seconds(replica + server + passes), '≤ 5 s'],
    ['of which the replica between passes', seconds(replica), ''],
    ['of which the API server between passes', seconds(server), ''],
    [`of which 4 full passes of both (${seconds(fullPass)} each)`, seconds(passes), ''],
  ];
}

function detailsOf({ all, memory }: TriggerResults): string[] {
  const details: string[] = [];
  const [round] = all?.watching ?? [];
  if (round !== undefined) {
    details.push(
      `Requests of a round with watches: ${oneALine(round.requests.wave).join(', ')}\nand of its floor: ${oneALine(round.requests.floor).join(', ')}`,
    );
  }
  if (memory !== undefined) {
    const { samples } = memory;
    details.push(
      `Memory over time, MB: ${samples.map(({ residentMb }) => residentMb.toFixed(1)).join(' ')}`,
    );
  }
  return details;
}

function percentile(values: readonly number[], percent: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.min(Math.ceil((percent / 100) * sorted.length), sorted.length) - 1;
  return (sorted[at] ?? Number.NaN).toFixed(1);
}

const mb = (value = Number.NaN): string => `${value.toFixed(1)} MB`;
