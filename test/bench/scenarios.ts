/** The scenarios that are measured on a cluster. Each of them runs the program and the floor in turn. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { path } from '../../tools/control-plane/api.ts';
import { type Audit, type AuditEntry, auditFromHere } from '../../tools/control-plane/audit.ts';
import type { FloorTask, FloorWrite } from './floor.ts';
import { type BenchWorkload, optIn, workloadsOf } from './load.ts';
import { measure, type Run } from './measure.ts';
import { account } from './pod.ts';
import type { Size } from './size.ts';
import type { Stage } from './stage.ts';

export interface Pair {
  readonly wave: Run;
  readonly floor: Run;
  /**
   * The time from the start of each process to the response to its last patch of a workload. Undefined if
   * nothing was written.
   */
  readonly lastPatch?: { readonly waveMs: number; readonly floorMs: number };
}

export interface Scenario {
  readonly name: string;
  readonly size: Size['name'];
  readonly workloads: number;
  readonly sources: number;
  readonly pairs: readonly Pair[];
  /** The number of requests of one run, by verb and resource. */
  readonly requests: { readonly wave: Requests; readonly floor: Requests };
  /**
   * The total size of the response bodies of one run. The program and the floor each count their
   * own responses.
   */
  readonly bytes: { readonly wave: number; readonly floor: number };
}

export type Requests = Readonly<Record<string, number>>;

export const waveAgent = /^wave-cron\//;
export const floorAgent = 'bench-floor';
/** The admission policies require that an owner has a uid. Any valid one will do. */
const someUid = '00000000-0000-4000-8000-000000000000';
export const hashKeyPath = path('Secret', 'wave-cron', 'wave-cron-hash-key');
/** The number of edits so far. It makes each value new, because a write of the present value changes nothing. */
let edits = 0;

/** A pass over a cluster without changes. */
export function nothingToDo(stage: Stage, size: Size, name: string, rounds: number, all = false) {
  const workloads = workloadsOf(size).filter(({ optedIn }) => all || optedIn);
  return inTurn(stage, { name, size, workloads, rounds, reason: 'UpToDate', writes: false });
}

/** A pass after a change of one ConfigMap of each opted-in workload. */
export function allChanged(stage: Stage, size: Size, rounds: number) {
  const workloads = workloadsOf(size).filter(({ optedIn }) => optedIn);
  const name = `${workloads.length} changed at once`;
  return inTurn(stage, { name, size, workloads, rounds, reason: 'ConfigChanged', writes: true });
}

/** Opts in all Deployments. */
export async function optAllIn({ api, tell }: Stage, size: Size): Promise<void> {
  tell(`${size.name}: opting all Deployments in ...`);
  const limit = pLimit(16);
  const patch = ({ namespace, name }: BenchWorkload) =>
    api.patch(path('Deployment', namespace, name), { metadata: { annotations: optIn } });
  await Promise.all(workloadsOf(size).map((workload) => limit(patch, workload)));
}

export function runProgram({ program, pod, folder }: Stage): Promise<Run> {
  pod.enter();
  return measure([program, 'once'], pod.environment, folder);
}

interface Plan {
  readonly name: string;
  readonly size: Size;
  readonly workloads: readonly BenchWorkload[];
  readonly rounds: number;
  readonly reason: string;
  readonly writes: boolean;
}

async function inTurn(stage: Stage, plan: Plan): Promise<Scenario> {
  const { api, controlPlane, folder, floor, pod, tell } = stage;
  const { name, size, workloads, rounds, reason, writes } = plan;
  const pairs: Pair[] = [];
  // If the shipped settings have a hash key, each pass reads it.
  const hashKey = await api.find(hashKeyPath);
  let requests: Scenario['requests'] = { wave: {}, floor: {} };
  let bytes: Scenario['bytes'] = { wave: 0, floor: 0 };
  // The first round is a warm-up. Only its requests are counted, because counting would separate the two runs
  // of a round.
  for (let round = 0; round <= rounds; round += 1) {
    tell(
      `${size.name}, ${name}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`} ...`,
    );
    if (writes) await changeEach(stage, workloads);
    const audit = await auditFromHere(controlPlane);
    const wave = await runProgram(stage);
    expectCount(wave, reason, workloads.length);
    edits += 1;
    const task = floorTask(workloads, writes, hashKey === undefined ? [] : [hashKeyPath]);
    writeFileSync(join(folder, 'floor.json'), JSON.stringify(task));
    const floorPod = { ...pod.environment, BENCH_FLOOR_FILE: join(folder, 'floor.json') };
    const bare = await measure([process.execPath, floor], floorPod, folder);
    if (round === 0) {
      bytes = { wave: summary(wave).bytesRead ?? 0, floor: Number(bare.output) };
      requests = {
        wave: countRequests(await audit.entries({ userAgent: waveAgent })),
        floor: countRequests(await audit.entries({ userAgent: floorAgent })),
      };
      expectSame(requests);
      continue;
    }
    const lastPatch = writes ? await lastPatches(audit, wave, bare) : undefined;
    pairs.push({ wave, floor: bare, ...(lastPatch === undefined ? {} : { lastPatch }) });
  }
  // The floor wrote wrong hashes. This pass corrects them.
  if (writes) await runProgram(stage);
  const sources = workloads.flatMap(({ configMaps, secrets }) => [
    ...configMaps,
    ...secrets,
  ]).length;
  return { name, size: size.name, workloads: workloads.length, sources, pairs, requests, bytes };
}

export async function changeEach(
  { api }: Stage,
  workloads: readonly BenchWorkload[],
): Promise<void> {
  edits += 1;
  const limit = pLimit(16);
  const data = { edited: `${process.pid}-${edits}` };
  const change = ({ namespace, configMaps: [name = ''] }: BenchWorkload) =>
    api.patch(path('ConfigMap', namespace, name), { data });
  await Promise.all(workloads.map((workload) => limit(change, workload)));
}

/** The requests of a pass that lists everything. */
export function floorTask(
  workloads: readonly BenchWorkload[],
  writes: boolean,
  alsoRead: readonly string[],
): FloorTask {
  return {
    account,
    userAgent: floorAgent,
    lease: '/apis/coordination.k8s.io/v1/namespaces/wave-cron/leases/wave-cron',
    lists: ['deployments', 'statefulsets', 'daemonsets'].map((r) => `/apis/apps/v1/${r}?limit=200`),
    reads: [
      ...alsoRead,
      ...workloads.flatMap(({ namespace, configMaps, secrets }) => [
        ...configMaps.map((name) => path('ConfigMap', namespace, name)),
        ...secrets.map((name) => path('Secret', namespace, name)),
      ]),
    ],
    writes: writes ? workloads.map((workload) => [patchOf(workload), eventOf(workload)]) : [],
  };
}

function patchOf({ namespace, name }: BenchWorkload): FloorWrite {
  const hash = edits.toString(16).padStart(64, '0');
  const annotations = {
    'wave.pusher.com/config-hash': hash,
    'wave.pusher.com/config-sources': '{}',
  };
  return {
    method: 'PATCH',
    // The admission policies let the account write only as this field manager.
    path: `${path('Deployment', namespace, name)}?fieldManager=wave-cron`,
    contentType: 'application/strategic-merge-patch+json',
    body: JSON.stringify({ spec: { template: { metadata: { annotations } } } }),
  };
}

function eventOf({ namespace, name }: BenchWorkload): FloorWrite {
  return {
    method: 'POST',
    path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name}.floor-${process.pid}-${edits}`, namespace },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      type: 'Normal',
      reason: 'ConfigChanged',
      action: 'Update',
      note: 'Its configuration changed.',
      regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name, uid: someUid },
      reportingController: 'wave-cron',
      reportingInstance: 'bench',
    }),
  };
}

export function countRequests(entries: readonly AuditEntry[]): Requests {
  const counts: Record<string, number> = {};
  for (const { verb, objectRef } of entries) {
    const key = `${verb} ${objectRef?.resource ?? 'other'}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export const total = (requests: Requests): number =>
  Object.values(requests).reduce((all, each) => all + each, 0);

/**
 * The requests as lines, for a comparison. The writes of the Lease are left out, because their number depends
 * on the duration.
 */
export function oneALine(counts: Requests): string[] {
  return Object.entries(counts)
    .filter(([what]) => what !== 'patch leases')
    .toSorted()
    .map(([what, count]) => `${count} ${what}`);
}

/** The ratio is meaningful only if the floor makes the same requests. */
function expectSame(requests: Scenario['requests']): void {
  const [wave, floor] = [requests.wave, requests.floor].map((of) => oneALine(of).join(', '));
  if (wave === floor) return;
  throw new Error(`the floor makes other requests than a pass: ${floor}; ${wave}`);
}

/** The time from the start of a run to the response to its last patch of a workload. */
export async function lastPatchMs(
  audit: Audit,
  { startedAt }: Pick<Run, 'startedAt'>,
  userAgent: string | RegExp,
): Promise<number> {
  const patches = await audit.entries({ userAgent, verb: 'patch', resource: 'deployments' });
  return Math.max(...patches.map((entry) => Date.parse(entry.stageTimestamp))) - startedAt;
}

async function lastPatches(audit: Audit, wave: Run, floor: Run) {
  return {
    waveMs: await lastPatchMs(audit, wave, waveAgent),
    floorMs: await lastPatchMs(audit, floor, floorAgent),
  };
}

/** Throws unless the pass did its work. Otherwise, the measurement is worthless. */
export function expectCount(run: Pick<Run, 'output'>, reason: string, count: number): void {
  if (summary(run).counts?.[reason] !== count) {
    throw new Error(`not ${count} ${reason}: ${run.output.trim().split('\n').at(-1)}`);
  }
}

/** The last line in the log of a pass. */
export function summary({ output }: Pick<Run, 'output'>): {
  counts?: Record<string, number>;
  bytesRead?: number;
} {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '{}');
}
