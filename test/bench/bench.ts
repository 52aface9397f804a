/**
 * `npm run bench`: one pass over 300 Deployments with 900 sources, as a whole process, against a
 * bare loop of the same requests in a process of its own. Both run in turn, so that the ratios
 * hold on a noisy machine; absolute times are those of this machine alone.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { table } from '../../jobs/table.ts';
import { type KubernetesObject, path } from '../control-plane/api.ts';
import { type AuditEntry, auditFromHere } from '../control-plane/audit.ts';
import { connect } from '../control-plane/cluster-folder.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import {
  configMap,
  deployment,
  namespace as namespaceObject,
  secret,
} from '../control-plane/objects.ts';
import type { FloorTask } from './floor.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
const rounds = Number(options.rounds);
const namespace = 'bench';
const numbers = Array.from({ length: 300 }, (_, i) => i);
/** How often the ConfigMaps were edited: each edit is a new value. */
let edits = 0;
/** How often the floor was run: each run writes new values, as a write of the same one is none. */
let floors = 0;
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'wave-cron-bench-'));
const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Requests by verb, from the audit log. */
interface Requests {
  readonly wave: Readonly<Record<string, number>>;
  readonly floor: Readonly<Record<string, number>>;
}

interface Run {
  readonly wallMs: number;
  readonly peakMb: number;
  readonly output: string;
}

tell('Starting the control plane ...');
const controlPlane = await startControlPlane({ auditLog: true });
const api = connect(controlPlane);
try {
  await load();
  tell('The first pass (not measured) ...');
  expectCount(await wave(), 'FirstSeen');
  const idle = await inTurn('nothing to do', 'UpToDate', async () => {}, false);
  const changed = await inTurn('300 changed at once', 'ConfigChanged', changeAll, true);
  report([idle, changed]);
} finally {
  await controlPlane.stop();
  rmSync(folder, { recursive: true });
}

async function load(): Promise<void> {
  await api.create(namespaceObject(namespace));
  const limit = pLimit(16);
  const value = 'x'.repeat(1024);
  let done = 0;
  const create = async (object: KubernetesObject): Promise<void> => {
    await api.create(object);
    done += 1;
    if (done % 300 === 0) tell(`  ${done} of 1200 objects created`);
  };
  const objects = numbers.flatMap((i) => [
    configMap({ namespace, name: `a-${i}`, data: { value } }),
    configMap({ namespace, name: `b-${i}`, data: { value } }),
    secret({ namespace, name: `s-${i}`, data: { value } }),
    deployment({
      namespace,
      name: `web-${i}`,
      annotations: { 'wave.pusher.com/update-on-config-change': 'true' },
      pod: {
        containers: [
          {
            name: 'main',
            image: 'example.com/main:1',
            envFrom: [
              { configMapRef: { name: `a-${i}` } },
              { configMapRef: { name: `b-${i}` } },
              { secretRef: { name: `s-${i}` } },
            ],
          },
        ],
      },
    }),
  ]);
  await Promise.all(objects.map((object) => limit(create, object)));
}

async function changeAll(): Promise<void> {
  edits += 1;
  const limit = pLimit(16);
  const data = { value: `${'x'.repeat(1000)}${edits}` };
  await Promise.all(
    numbers.map((i) => limit(() => api.patch(path('ConfigMap', namespace, `a-${i}`), { data }))),
  );
}

/** Runs the program and the floor in turn, one pair first that does not count. */
async function inTurn(name: string, reason: string, before: () => Promise<void>, writes: boolean) {
  const pairs: { wave: Run; floor: Run }[] = [];
  let requests: Requests = { wave: {}, floor: {} };
  for (let round = 0; round <= rounds; round += 1) {
    tell(round === 0 ? `${name}: warming up ...` : `${name}: round ${round} of ${rounds} ...`);
    await before();
    // Only of the warm-up: reading the log would stand between the two that are compared.
    const audit = round === 0 ? await auditFromHere(controlPlane) : undefined;
    const ours = await wave();
    expectCount(ours, reason);
    const floor = await runFloor(writes);
    if (round > 0) pairs.push({ wave: ours, floor });
    if (audit !== undefined) {
      requests = {
        wave: countVerbs(await audit.entries({ userAgent: /^wave-cron\// })),
        floor: countVerbs(await audit.entries({ userAgent: 'bench-floor' })),
      };
    }
  }
  return { name, requests, pairs };
}

function countVerbs(entries: readonly AuditEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verb } of entries) counts[verb] = (counts[verb] ?? 0) + 1;
  return counts;
}

function wave(): Promise<Run> {
  return run([join(root, 'dist', 'wave-cron.js'), 'once', '--kubeconfig', controlPlane.kubeconfig]);
}

function runFloor(writes: boolean): Promise<Run> {
  floors += 1;
  const edit = floors;
  const base = `/api/v1/namespaces/${namespace}`;
  const annotations = { 'bench/edit': `${process.pid}-${edit}` };
  const task: FloorTask = {
    kubeconfig: controlPlane.kubeconfig,
    lease: '/apis/coordination.k8s.io/v1/namespaces/default/leases/wave-cron',
    lists: ['deployments', 'statefulsets', 'daemonsets'].map((r) => `/apis/apps/v1/${r}?limit=500`),
    reads: numbers.flatMap((i) => [
      `${base}/configmaps/a-${i}`,
      `${base}/configmaps/b-${i}`,
      `${base}/secrets/s-${i}`,
    ]),
    writes: !writes ? [] : numbers.flatMap((i) => [patchOf(i, annotations), eventOf(i, edit)]),
  };
  const file = join(folder, 'floor.json');
  writeFileSync(file, JSON.stringify(task));
  return run([join(import.meta.dirname, 'floor.ts')], { BENCH_FLOOR_FILE: file });
}

function patchOf(i: number, annotations: Record<string, string>): FloorTask['writes'][number] {
  return {
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/${namespace}/deployments/web-${i}`,
    contentType: 'application/strategic-merge-patch+json',
    body: JSON.stringify({ spec: { template: { metadata: { annotations } } } }),
  };
}

function eventOf(i: number, edit: number): FloorTask['writes'][number] {
  return {
    method: 'POST',
    path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `web-${i}.floor-${edit}`, namespace },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      type: 'Normal',
      reason: 'Bench',
      action: 'Bench',
      note: 'Bench',
      regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: `web-${i}` },
      reportingController: 'bench',
      reportingInstance: 'bench',
    }),
  };
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const memory = join(folder, 'peak-memory');
  const preload = join(import.meta.dirname, 'peak-memory.ts');
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', preload, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, BENCH_PEAK_MEMORY_FILE: memory },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  const wallMs = performance.now() - began;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${output}`);
  return { wallMs, peakMb: Number(readFileSync(memory, 'utf8')) / 1000, output };
}

/** A measurement counts only where the work was done. */
function expectCount({ output }: Run, reason: string): void {
  const summary = JSON.parse(output.trim().split('\n').at(-1) ?? '{}');
  if (summary.counts?.[reason] !== numbers.length) {
    throw new Error(`not ${numbers.length} ${reason}: ${JSON.stringify(summary)}`);
  }
}

function report(results: Awaited<ReturnType<typeof inTurn>>[]): void {
  const spread = (all: readonly number[], digits: number): string => {
    const sorted = all.toSorted((a, b) => a - b);
    const shown = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    return shown.map((value) => (value ?? Number.NaN).toFixed(digits)).join(' / ');
  };
  const rows = results.map(({ name, pairs }) => [
    name,
    spread(
      pairs.map(({ wave: w, floor }) => w.wallMs / floor.wallMs),
      2,
    ),
    spread(
      pairs.map(({ wave: w }) => w.wallMs),
      0,
    ),
    spread(
      pairs.map(({ floor }) => floor.wallMs),
      0,
    ),
    spread(
      pairs.map(({ wave: w }) => w.peakMb),
      0,
    ),
    spread(
      pairs.map(({ floor }) => floor.peakMb),
      0,
    ),
  ]);
  const { bytesRead } = JSON.parse(
    results[0]?.pairs[0]?.wave.output.trim().split('\n').at(-1) ?? '{}',
  );
  const verbs = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([verb, count]) => `${count} ${verb}`)
      .join(', ');
  const requestRows = results.map(({ name, requests: { wave: w, floor } }) => [
    name,
    verbs(w),
    verbs(floor),
  ]);
  process.stdout.write(`300 Deployments with 900 sources; ${availableParallelism()} processors, Node ${process.version}; ${rounds} rounds in turn
A pass with nothing to do reads ${(bytesRead / 1000).toFixed(0)} kB. The floor is a bare loop of the same requests.
Each figure is minimum / median / maximum of whole processes.

${table([['SCENARIO', 'TIME / FLOOR', 'TIME MS', 'FLOOR MS', 'PEAK MB', 'FLOOR PEAK MB'], ...rows])}

${table([['SCENARIO', 'REQUESTS', 'FLOOR REQUESTS'], ...requestRows])}
`);
  if (options.json !== undefined) {
    const figures = results.map(({ name, requests, pairs }) => ({
      name,
      requests,
      pairs: pairs.map(({ wave: w, floor }) => ({
        waveMs: w.wallMs,
        floorMs: floor.wallMs,
        wavePeakMb: w.peakMb,
        floorPeakMb: floor.peakMb,
      })),
    }));
    writeFileSync(
      options.json,
      `${JSON.stringify({ processors: availableParallelism(), node: process.version, bytesRead, figures }, null, 2)}\n`,
    );
  }
}
