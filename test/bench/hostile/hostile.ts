/**
 * `npm run bench -- --hostile`: measures passes with twenty hostile tenants, in turn with passes over the same
 * good tenants without them, on a second cluster of the same machine.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, connectWith, path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { namespace } from '../../../tools/control-plane/objects.ts';
import { create, usedObjects } from '../load.ts';
import { type Limited, MemoryLimit } from '../memory-limit.ts';
import { countRequests, type Requests, runProgram, summary, waveAgent } from '../scenarios.ts';
import type { Size } from '../size.ts';
import { type Bench, onStages, type Stage } from '../stage.ts';
import { changeSources, writeWorkloads } from './commotion.ts';
import {
  changeOneEach,
  goodTenants,
  hashesOf,
  ofGoodTenant,
  type Rolled,
  rolledBetween,
} from './good.ts';
import { type HostileSize, type HostileTenant, hostileTenants } from './tenants.ts';

export interface HostilePass {
  readonly run: Limited;
  readonly rolled: Rolled;
  /**
   * The time from the start to the response to the last patch of a good tenant's workload. Undefined if there
   * was no such patch.
   */
  readonly lastPatchMs?: number;
  /** The number of requests by verb and resource. */
  readonly requests: Requests;
  /** The numbers of workloads in the summary of the pass. Undefined if the pass was killed. */
  readonly counts?: Readonly<Record<string, number>>;
}

export interface HostileRound {
  readonly beside: HostilePass;
  readonly without: HostilePass;
  /**
   * A pass without hostile tenants, but during the same writes to the API server of the other cluster. The
   * writes use the processors of this machine too, and a pass cannot avoid that.
   */
  readonly asBusy: HostilePass;
  /** The number of writes per second that the API server accepted during the passes. */
  readonly writes: number;
}

export interface HostileResults {
  readonly size: HostileSize;
  readonly goodTenants: number;
  /** The namespaces of the hostile tenants. */
  readonly tenants: readonly string[];
  readonly limit: string;
  readonly rounds: readonly HostileRound[];
}

/** Enough time for controllers to finish their work after a pass or a change. */
const settleMs = 3000;

/** @param only prefixes of the names of tenants, separated by commas. They help to find the expensive tenants. */
export async function besideHostile(
  bench: Bench,
  checkout: string,
  size: HostileSize,
  only?: string,
): Promise<HostileResults> {
  const { tell } = bench;
  const good = goodTenants({ small: 25, large: 100 }[size]);
  const prefixes = only?.split(',') ?? [''];
  const tenants = hostileTenants(size).filter((tenant) =>
    prefixes.some((prefix) => tenant.namespace.startsWith(prefix)),
  );
  if (tenants.length === 0)
    throw new Error(`no hostile tenant has a name that begins with ${only}`);
  const names = tenants.map((tenant) => tenant.namespace);
  const limit = new MemoryLimit();
  tell(`starting two control planes; ${limit.how} ...`);
  return await onStages(bench, [checkout, checkout], async (beside, without) => {
    for (const stage of [beside, without]) {
      tell(`creating ${good.namespaces} good tenants, and their first pass ...`);
      const objects = good.namespaces + good.deployments + good.configMaps + good.secrets;
      await create(stage.api, usedObjects(good), objects, tell);
      await runProgram(stage);
    }
    const hostile = await createHostile(beside, tenants);
    const rounds: HostileRound[] = [];
    const count = { small: 3, large: 10 }[size];
    for (let round = 0; round < count; round += 1) {
      const change = ({ api }: Stage) => changeOneEach(api, good, round);
      let changed = await change(without);
      await sleep(settleMs);
      tell(`pass ${round + 1} of ${count} without the hostile tenants ...`);
      const quiet = await judged(without, good, changed, limit);
      changed = await change(without);
      const besideThem = await change(beside);
      await changeSources(hostile, names);
      await sleep(settleMs);
      const writing = writeWorkloads(hostile, names);
      tell(`pass ${round + 1} of ${count} without them, on a machine as busy ...`);
      const asBusy = await judged(without, good, changed, limit);
      tell(`pass ${round + 1} of ${count} beside them ...`);
      const loud = await judged(beside, good, besideThem, limit);
      rounds.push({ beside: loud, without: quiet, asBusy, writes: await writing.stop() });
    }
    return { size, goodTenants: good.namespaces, tenants: names, limit: limit.how, rounds };
  });
}

/** @returns a client with the permissions of the hostile tenants: ClusterRole `edit` in the namespace of each */
async function createHostile(
  { controlPlane, api, tell }: Stage,
  tenants: readonly HostileTenant[],
): Promise<Api> {
  const user = 'hostile-tenant';
  const { url, caFile } = controlPlane;
  const credentials = controlPlane.clientCertificate({ commonName: user });
  const hostile = connectWith({ url, authority: readFileSync(caFile, 'utf8'), credentials });
  const megabytes = tenants.reduce((all, tenant) => all + tenant.megabytes, 0);
  tell(`creating ${tenants.length} hostile tenants with some ${megabytes.toFixed(0)} MB ...`);
  for (const tenant of tenants) {
    await api.create(namespace(tenant.namespace));
    await api.post(path('RoleBinding', tenant.namespace), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'edit' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
  }
  await Promise.all(
    tenants.map(async ({ namespace: of, objects }) => {
      // A moderate concurrency is best: one tenant after the other would take too long, and all objects at once
      // would fill the memory.
      await create(hostile, objects(), Number.POSITIVE_INFINITY, tell, { atOnce: 4, waiting: 8 });
      tell(`  ${of} is there`);
    }),
  );
  return hostile;
}

async function judged(
  stage: Stage,
  good: Size,
  concerned: Parameters<typeof rolledBetween>[2],
  limit: MemoryLimit,
): Promise<HostilePass> {
  const { api, controlPlane, folder, pod, program } = stage;
  const before = await hashesOf(api, good);
  const audit = await auditFromHere(controlPlane);
  pod.enter();
  const run = await limit.run([program, 'once'], pod.environment, folder);
  const entries = await audit.entries({ userAgent: waveAgent });
  const rolled = rolledBetween(before, await hashesOf(api, good), concerned);
  const patched = entries
    .filter(({ verb, objectRef, responseStatus }) => {
      const { resource, namespace: of = '' } = objectRef ?? {};
      const done = responseStatus?.code === 200;
      return done && verb === 'patch' && resource === 'deployments' && ofGoodTenant.test(of);
    })
    .map(({ stageTimestamp }) => Date.parse(stageTimestamp) - run.startedAt);
  const { counts } = run.own === undefined ? {} : summary(run);
  return {
    run,
    rolled,
    requests: countRequests(entries),
    ...(patched.length === 0 ? {} : { lastPatchMs: Math.max(...patched) }),
    ...(counts === undefined ? {} : { counts }),
  };
}
