import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogLine } from './run-program.ts';
import { openFiles, peakMemory, type Served, served, shippedLimit, skip, token } from './served.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 50 });

/** Sends a POST, and returns the status, or undefined if the server closed the connection before. */
async function post({ host, port }: Served, bearer: string): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${bearer}` };
  const sent = request({ host, port, path: '/trigger', method: 'POST', agent, headers });
  sent.end();
  try {
    const [response] = await once(sent, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  } catch {
    return undefined;
  }
}

/** Sends this number of requests as fast as 50 connections can, and counts the responses by status. */
async function flood(program: Served, posts: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let left = posts;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const status = await post(program, left % 4 === 0 ? `${token}x` : token);
      counts[String(status)] = (counts[String(status)] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 50 }, client));
  return counts;
}

async function metric({ host, port }: Served, sample: string): Promise<number> {
  const response = await fetch(`http://${host}:${port}/metrics`);
  const line = (await response.text()).split('\n').find((each) => each.startsWith(`${sample} `));
  return Number(line?.split(' ')[1]);
}

const isPass = ({ pass }: LogLine) => pass === 'Completed';

test('10,000 POSTs to /trigger over 50 connections start at most one pass per second in addition to the schedule', {
  timeout: 300_000,
  skip,
}, async (t) => {
  const program = await served(t, ['--resync-interval', '5s']);
  const files = openFiles(program.pid);
  const began = performance.now();
  const counts = await flood(program, 10_000);
  const seconds = (performance.now() - began) / 1000;
  t.diagnostic(`${(10_000 / seconds).toFixed(0)} a second: ${JSON.stringify(counts)}`);
  assert.deepEqual(
    Object.keys(counts).filter((status) => !/202|401|undefined/.test(status)),
    [],
  );

  const of = (result: string) =>
    metric(program, `wave_cron_trigger_requests_total{result="${result}"}`);
  const [accepted, gathered] = [await of('Accepted'), await of('Gathered')];
  assert.ok(accepted + gathered >= (counts['202'] ?? 0));
  assert.ok((await of('Unauthorized')) >= 2500 - (counts['undefined'] ?? 0));
  const early = await metric(program, 'wave_cron_trigger_passes_total');
  assert.ok(early >= 1 && early <= seconds + 2, `${early} early passes in ${seconds} s`);
  // A request that does not join others is the first one of the next pass.
  const passes = program.program.log().filter(isPass).length;
  assert.ok(accepted <= passes + 1, `${accepted} accepted, ${passes} passes`);
  while (program.program.log().filter(isPass).length < passes + 2) await pause(100);
  while (openFiles(program.pid) > files + 2) await pause(100);
  const peak = peakMemory(program.pid);
  t.diagnostic(`${Math.round(peak / 2 ** 20)} MiB at its peak`);
  assert.ok(peak < shippedLimit(), `${peak} bytes`);
});
