/**
 * `npm run bench`: measures passes of the shipped program over clusters of three sizes, run as in the shipped
 * CronJob. Each pass takes turns with the floor, which is a bare loop with the same requests. The goals are
 * about the ratio of the two, because absolute times depend on the machine and its load.
 *
 *     --quick              only the smallest cluster
 *     --size SIZE          only this size: small, medium or large
 *     --json FILE          writes the figures as JSON
 *     --docs               writes the tables into docs/performance.md
 *
 * Other benchmarks, which run instead:
 *
 *     --hostile            passes with hostile tenants, in turn with passes without them; see hostile/
 *     --tenants a-pages    only the hostile tenants with these prefixes, separated by commas
 *     --against CHECKOUT   compares with another built checkout; see against.ts
 *     --held               passes with all changes held, in turn with nothing to do; see held.ts
 *     --triggers           the time from a change to its patch, with and without watches; see triggers/
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { against, againstReport } from './against.ts';
import { held } from './held.ts';
import { besideHostile } from './hostile/hostile.ts';
import { holds, hostileReport } from './hostile/report.ts';
import { create, otherSources, usedObjects } from './load.ts';
import { enterMountNamespace } from './pod.ts';
import { type Results, reportOf, writeDocs } from './report.ts';
import { allChanged, nothingToDo, optAllIn, runProgram, type Scenario } from './scenarios.ts';
import { serverCpu } from './server.ts';
import { type Size, sizes, usedSources } from './size.ts';
import { type Bench, onStages, type Stage } from './stage.ts';
import { startTimes } from './start.ts';
import { triggersReport } from './triggers/report.ts';
import { triggers } from './triggers/triggers.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    size: { type: 'string' },
    json: { type: 'string' },
    docs: { type: 'boolean', default: false },
    hostile: { type: 'boolean', default: false },
    tenants: { type: 'string' },
    against: { type: 'string' },
    held: { type: 'boolean', default: false },
    triggers: { type: 'boolean', default: false },
    changes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '10' },
    'idle-minutes': { type: 'string', default: '5' },
    storm: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
  },
});
const { hostile, against: other } = options;
const others = [hostile, other !== undefined, options.held, options.triggers];
const kinds = others.filter(Boolean).length;
if (kinds > 1) throw new Error('--hostile, --against, --held or --triggers, not several');
if (options.docs && kinds > 0) {
  throw new Error('--docs writes the figures of the usual run alone');
}
const only = options.quick ? 'small' : options.size;
const chosen = sizes.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) throw new Error(`--size is small, medium or large, not ${only}`);
if (hostile && only === 'medium') throw new Error('with --hostile --size is small or large');

await enterMountNamespace();
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'wave-cron-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const began = performance.now();
const tell = (text: string): void => {
  process.stderr.write(
    `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}\n`,
  );
};

/** The floor is bundled in the same way as the program. */
const floor = join(folder, 'floor.mjs');
await build({
  entryPoints: [join(import.meta.dirname, 'floor.ts')],
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  outfile: floor,
});

const bench: Bench = { folder, floor, tell };
const print = (report: string, results: object): void => {
  process.stdout.write(`${report}\n`);
  if (options.json === undefined) return;
  writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
};
const scenarios: Scenario[] = [];

if (hostile) {
  const results = await besideHostile(
    bench,
    root,
    only === 'small' ? 'small' : 'large',
    options.tenants,
  );
  print(hostileReport(results), results);
  if (!holds(results)) process.exitCode = 1;
} else if (options.triggers) {
  const results = await triggers(bench, root, oneSize(), {
    changes: Number(options.changes),
    rounds: Number(options.rounds),
    minutes: Number(options.minutes),
    idleMinutes: Number(options['idle-minutes']),
    storm: Number(options.storm),
    only: options.only === '' ? [] : options.only.split(','),
  });
  print(triggersReport(results), results);
} else if (other !== undefined || options.held) {
  const size = oneSize();
  const results =
    other === undefined
      ? await held(bench, root, size)
      : await against(bench, root, resolve(other), size);
  print(againstReport(results), results);
} else {
  let rest: Omit<Results, 'scenarios'> | undefined;
  for (const size of chosen) {
    tell(`${size.name}: starting a control plane ...`);
    rest = (await onStages(bench, [root], (stage) => measureOn(stage, size))) ?? rest;
  }
  const results: Results = { scenarios, ...rest };
  print(reportOf(results), results);
  if (options.docs) writeDocs(results);
}

/** The chosen size; the middle one by default. */
function oneSize(): Size {
  const size = chosen.length === 1 ? chosen[0] : sizes.find(({ name }) => name === 'medium');
  if (size === undefined) throw new Error('there is no such size');
  return size;
}

async function measureOn(
  stage: Stage,
  size: Size,
): Promise<Omit<Results, 'scenarios'> | undefined> {
  const rounds = { small: 5, medium: 7, large: 3 }[size.name];
  const used = usedSources(size);
  const objects = size.deployments + used.configMaps + used.secrets;
  tell(`${size.name}: creating ${objects} objects that count ...`);
  await create(stage.api, usedObjects(size), objects, tell);
  tell(`${size.name}: the first pass (not measured) ...`);
  await runProgram(stage);
  scenarios.push(await nothingToDo(stage, size, `nothing to do, ${used.secrets} Secrets`, rounds));

  const others = size.secrets + size.configMaps - used.secrets - used.configMaps;
  tell(`${size.name}: creating ${others} that nobody references ...`);
  await create(stage.api, otherSources(size, used), others, tell);
  scenarios.push(await nothingToDo(stage, size, `nothing to do, ${size.secrets} Secrets`, rounds));
  scenarios.push(await allChanged(stage, size, rounds));
  const last = size === chosen.findLast(({ name }) => name !== 'large');
  const rest = last
    ? {
        start: await startTimes(stage, 15),
        serverCpu: await serverCpu(stage, 10, options.quick ? 7 : 30),
      }
    : undefined;

  await optAllIn(stage, size);
  tell(`${size.name}: their first pass (not measured) ...`);
  await runProgram(stage);
  scenarios.push(await nothingToDo(stage, size, 'nothing to do, all opted in', rounds, true));
  return rest;
}
