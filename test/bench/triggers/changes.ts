/** Measures the time from a change of a ConfigMap to the patch of its workload. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { type Audit, auditFromHere } from '../../../tools/control-plane/audit.ts';
import type { BenchWorkload } from '../load.ts';
import {
  changeEach,
  countRequests,
  floorAgent,
  floorTask,
  hashKeyPath,
  lastPatchMs,
  type Requests,
  runProgram,
  waveAgent,
} from '../scenarios.ts';
import type { Stage } from '../stage.ts';
import type { Hashes } from './hashes.ts';
import { withReplica } from './replica.ts';

type Settings = Readonly<Record<string, string>>;

/** The time until the benchmark sees the patch, in milliseconds. */
export interface Reaction {
  readonly fromRequest: number;
  /** The time from the response to the change. At that moment, the change is certain. */
  readonly fromAnswer: number;
}

/**
 * Changes one ConfigMap after the other.
 *
 * @param pauseMs the pause before each change
 */
export async function oneByOne(
  { api }: Stage,
  hashes: Hashes,
  workloads: readonly BenchWorkload[],
  pauseMs: () => number,
): Promise<readonly Reaction[]> {
  const reactions: Reaction[] = [];
  for (const [at, workload] of workloads.entries()) {
    await sleep(pauseMs());
    const [name = ''] = workload.configMaps;
    const patched = hashes.next(workload);
    const sentAt = performance.now();
    const data = { edited: `${process.pid}-one-${at}-${sentAt}` };
    await api.patch(path('ConfigMap', workload.namespace, name), { data });
    const answeredAt = performance.now();
    const patchedAt = await patched;
    reactions.push({ fromRequest: patchedAt - sentAt, fromAnswer: patchedAt - answeredAt });
  }
  return reactions;
}

/** One round of many concurrent changes. The times are from the first change to the response to the last patch. */
export interface Round {
  readonly waveMs: number;
  readonly floorMs: number;
  /** The number of passes that the changes started. */
  readonly passes: number;
  readonly requests: { readonly wave: Requests; readonly floor: Requests };
}

/**
 * Changes a ConfigMap of each workload while a replica runs. In turn, it makes the same changes while the floor
 * makes the same requests. The first round does not count.
 */
export async function allAtOnce(
  stage: Stage,
  hashes: Hashes,
  workloads: readonly BenchWorkload[],
  rounds: number,
  settings: Settings,
): Promise<readonly Round[]> {
  const counted: Round[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    stage.tell(`${workloads.length} changed at once: round ${round} of ${rounds} ...`);
    const wave = await turnOfReplica(stage, hashes, workloads, settings);
    await hashes.quietFor(2000);
    const floor = await turnOfFloor(stage, workloads);
    await hashes.quietFor(2000);
    const { passes } = wave;
    const requests = { wave: wave.requests, floor: floor.requests };
    if (round > 0) counted.push({ waveMs: wave.ms, floorMs: floor.ms, passes, requests });
  }
  return counted;
}

async function turnOfReplica(
  stage: Stage,
  hashes: Hashes,
  workloads: readonly BenchWorkload[],
  settings: Settings,
) {
  // This pass corrects the hashes of the floor.
  await runProgram(stage);
  await hashes.quietFor(2000);
  return await withReplica(stage, settings, async (replica) => {
    const audit = await auditFromHere(stage.controlPlane);
    const before = replica.passes;
    const startedAt = Date.now();
    const patched = Promise.all(workloads.map((workload) => hashes.next(workload)));
    await changeEach(stage, workloads);
    await patched;
    await sleep(1000);
    return { ...(await turn(audit, startedAt, waveAgent)), passes: replica.passes - before };
  });
}

async function turnOfFloor(stage: Stage, workloads: readonly BenchWorkload[]) {
  const { controlPlane, floor, folder, pod } = stage;
  const task = floorTask(workloads, true, [hashKeyPath]);
  const names = [
    ...new Set(workloads.map(({ namespace }) => path('Namespace', undefined, namespace))),
    ...workloads.map(({ namespace, name }) => path('Deployment', namespace, name)),
  ];
  const { lease: _, ...withoutLease } = task;
  const file = join(folder, 'floor.json');
  writeFileSync(
    file,
    JSON.stringify({ ...withoutLease, waits: true, lists: [], reads: [...names, ...task.reads] }),
  );
  pod.enter();
  const child = spawn(process.execPath, [floor], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...pod.environment, BENCH_FLOOR_FILE: file },
  });
  await once(child.stdout, 'data');
  const audit = await auditFromHere(controlPlane);
  const ended = once(child, 'close');
  const startedAt = Date.now();
  child.stdin.end('go\n');
  await changeEach(stage, workloads);
  const [status] = await ended;
  if (status !== 0) throw new Error(`the floor ended with ${status}`);
  return await turn(audit, startedAt, floorAgent);
}

async function turn(audit: Audit, startedAt: number, userAgent: string | RegExp) {
  return {
    ms: await lastPatchMs(audit, { startedAt }, userAgent),
    requests: countRequests(await audit.entries({ userAgent })),
  };
}
