/** Measures how long `once` waits for the Lease that a replica keeps. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../stage.ts';
import { withReplica, withWatches } from './replica.ts';

/**
 * Measures how long `once` waits for the Lease of a replica.
 *
 * @returns the times from the first request for the Lease until `once` holds the Lease, in
 * milliseconds
 */
export async function handOver(stage: Stage, times: number): Promise<readonly number[]> {
  stage.tell(`the Lease of a replica, for once: ${times} times ...`);
  return await withReplica(stage, withWatches, async () => {
    const waits: number[] = [];
    for (let each = 0; each < times; each += 1) {
      waits.push(await onceWaits(stage));
      // With its next pass, the replica takes the Lease back.
      await sleep(500);
      await stage.api.patch(...aChange(each));
      await sleep(2500);
    }
    return waits;
  });
}

/** A change of a source of the first workload. */
function aChange(nth: number): readonly [string, object] {
  const data = { edited: `${process.pid}-hand-over-${nth}` };
  return ['/api/v1/namespaces/team-0/configmaps/config-0-0', { data }];
}

async function onceWaits({ pod, program }: Stage): Promise<number> {
  const env = { PATH: process.env['PATH'], ...pod.environment, WAVE_LOG_LEVEL: 'debug' };
  const child = spawn(program, ['once'], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const times = new Map<string, number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { leaseEvent, time } = JSON.parse(line);
    if (typeof leaseEvent === 'string' && !times.has(leaseEvent)) {
      times.set(leaseEvent, Date.parse(time));
    }
  });
  await once(child, 'close');
  const [from, to] = [times.get('watching'), times.get('acquired')];
  if (from === undefined || to === undefined) throw new Error('once did not wait for the Lease');
  return to - from;
}
