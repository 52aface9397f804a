/**
 * Faults × requests: each request of a pass gets each fault, once and at every attempt. Then one pass
 * without faults follows. columns.ts has the required result of each, and docs/reliability.md shows it.
 * TEST_CELLS=all also runs the cells that sampleOfCells() leaves out. Any other text runs only the cells
 * with this text in their title.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { hashAnnotation, reasonsIn, runPass, type Timeout } from '../../handler/run-pass.ts';
import { type Once, runOnce } from '../../jobs/run-once.ts';
import { type FaultProxy, faultProxy } from '../fault-proxy.ts';
import { after, late, shortPages } from '../faults.ts';
import { allCells, columnOf, rowOf, sampleOfCells } from './cells.ts';
import { tableInMarkdown } from './document.ts';
import {
  changeAll,
  createAll,
  hashAt,
  otherHashAt,
  type Run,
  runsOf,
  type StagedCell,
  titleOf,
  versionsAfter,
} from './stage.ts';

const { api } = testCluster();
const passesAtOnce = pLimit(24);

/** The responses from before the change, by path. */
async function olderAnswers(runs: readonly Run[]): Promise<Map<string, string>> {
  const paths = runs.flatMap(({ cells }) =>
    cells.flatMap(({ column, row, names }) => {
      const older = row === 'stale' ? columnOf(column).olderPath?.(names) : undefined;
      return older === undefined ? [] : [older];
    }),
  );
  return new Map(await Promise.all(paths.map(async (at) => [at, await api.text(at)] as const)));
}

/** Applies the fault of the cell to its request, and to no other request. */
function harm(proxy: FaultProxy, cell: StagedCell, older: ReadonlyMap<string, string>): void {
  const { column: columnName, row, extent, names } = cell;
  const { namespace, web } = names;
  const column = columnOf(columnName);
  if (columnName === 'again') {
    const label = { metadata: { labels: { meanwhile: 'written' } } };
    const meanwhile = after(() => api.patch(path('Deployment', namespace, web), label, 'merge'));
    proxy.script({ verb: 'patch', resource: 'deployments', name: web }, meanwhile);
  }
  if (columnName === 'leaseRenew') {
    // The pass must last longer than the process trusts its short Lease, or than the time to the first
    // renewal.
    const ms = shortLeaseMs * (extent === 'always' ? 0.8 : 0.4);
    // Each attempt is late, because the fault of the renewal may break the connection of this request, too.
    const get = { verb: 'get', resource: 'configmaps', name: web } as const;
    proxy.script({ ...get, times: Number.POSITIVE_INFINITY }, late(ms));
  }
  const stale = () => older.get(column.olderPath?.(names) ?? '') ?? '';
  const fault = rowOf(row).fault(column.object(names), stale);
  const all = Number.POSITIVE_INFINITY;
  const script = column.script(names);
  const lists = columnName === 'lists' && extent === 'once';
  for (const resource of lists ? ['deployments', 'statefulsets'] : [script.resource]) {
    const times = extent === 'always' ? all : 1;
    const what = resource === undefined ? script : { ...script, resource };
    proxy.script({ ...what, times }, fault);
  }
}

async function pass(
  t: Pick<TestContext, 'after'>,
  run: Run,
  namespace: string,
  older: ReadonlyMap<string, string>,
): Promise<Once> {
  const { cells } = run;
  const proxy = await faultProxy(t);
  for (const cell of cells) harm(proxy, cell, older);
  if (cells.some(({ column }) => column === 'page')) {
    proxy.on('GET', /\/deployments\?/, shortPages(1));
  }
  return await runOnce(proxy.kubeconfig(), flagsOf(run, namespace), timeoutOf(cells));
}

/**
 * There is a timeout only if no response arrives. Otherwise, a busy machine would cause faults of its own.
 */
function timeoutOf(cells: readonly StagedCell[]): Timeout | undefined {
  const silent = cells.find(({ row }) => row === 'no answer');
  if (silent === undefined) return undefined;
  const { resource = '', name = '' } = columnOf(silent.column).script(silent.names);
  return { path: new RegExp(`/${resource}.*${name}`), ms: 2_000 };
}

const aboutTheLease = ({ cells }: Run) => cells.some(({ column }) => /^lease/.test(column));

/**
 * Whether the next pass may have to wait for the Lease, so that the lease duration is short.
 * Otherwise, the duration is long, so that no machine is too slow for it.
 */
const mayStayHeld = ({ cells }: Run) =>
  cells.some(
    ({ column, extent }) =>
      /^lease(Renew|Release)/.test(column) || (/^lease/.test(column) && extent === 'always'),
  );
const shortLeaseMs = 20_000;

const flagsOf = (run: Run, namespace: string) => ({
  namespaces: namespace,
  workloadSelector: `cell=${run.id}`,
  kinds: 'Deployment,StatefulSet',
  ownership: 'finalizer',
  'lease.name': run.id,
  'lease.namespace': namespace,
  'lease.durationSeconds': String(mayStayHeld(run) ? shortLeaseMs / 1000 : 120),
  'concurrency.reads': '64',
  'concurrency.writes': '32',
});

const byName = (objects: readonly KubernetesObject[]) =>
  new Map(objects.map((object) => [object.metadata.name, object]));

/** Returns the workloads when the controllers have seen all workloads. */
async function workloadsIn(namespace: string) {
  for (;;) {
    const [deployments, statefulSets] = await Promise.all([
      api.list(path('Deployment', namespace)),
      api.list(path('StatefulSet', namespace)),
    ]);
    const isSeen = ({ metadata, status }: KubernetesObject) =>
      status?.['observedGeneration'] === metadata.generation;
    if ([...deployments, ...statefulSets].every(isSeen)) {
      return { webs: byName(deployments), others: byName(statefulSets) };
    }
    await sleep(100);
  }
}

function templateHash(object: KubernetesObject | undefined): string | undefined {
  const template = object?.spec?.['template'] as { metadata: KubernetesObject['metadata'] };
  return template.metadata.annotations?.[hashAnnotation];
}

/** The number of rollouts of a Deployment. Its generation would also count changes of annotations. */
const revisionOf = (object: KubernetesObject | undefined): number =>
  Number(object?.metadata.annotations?.['deployment.kubernetes.io/revision']);

test('after each fault of each request, and one pass without faults, the guarantee holds', async (t) => {
  const namespace = await testNamespace(t);
  const wanted = process.env['TEST_CELLS'];
  const cells =
    wanted === undefined
      ? sampleOfCells()
      : allCells().filter((cell) => wanted === 'all' || titleOf(cell).includes(wanted));
  const runs = runsOf(cells, namespace);
  await createAll(runs, namespace);
  // The controller must see each rollout before the next one, or it would count two rollouts as one.
  await workloadsIn(namespace);
  const prepared = await runPass(namespace, {
    settings: { workloadSelector: 'prepared=yes', ownership: 'finalizer' },
  });
  assert.ok(prepared.outcomes.every(({ reason }) => reason === 'FirstSeen'));
  await workloadsIn(namespace);
  const older = await olderAnswers(runs);
  // A source that is written in the second of its creation counts as never changed.
  await sleep(1_100);
  await changeAll(runs, namespace);

  const harmed = new Map<Run, Once>();
  await Promise.all(
    runs.map((run) =>
      passesAtOnce(async () => {
        harmed.set(run, await pass(t, run, namespace, older));
      }),
    ),
  );
  const between = await workloadsIn(namespace);

  const leaseRuns = runs.filter(aboutTheLease);
  const again = new Map<Run, Once>();
  await Promise.all(
    leaseRuns.map((run) =>
      passesAtOnce(async () => {
        const { kubeconfig } = testCluster().cluster;
        again.set(run, await runOnce(kubeconfig, flagsOf(run, namespace)));
      }),
    ),
  );
  const good = await runPass(namespace, { settings: { ownership: 'finalizer' } });
  assert.equal(good.pass, 'Completed');
  const end = await workloadsIn(namespace);
  const sources = {
    ConfigMap: byName(await api.list(path('ConfigMap', namespace))),
    Secret: byName(await api.list(path('Secret', namespace))),
  };
  const settled = reasonsIn(
    await runPass(namespace, { settings: { ownership: 'finalizer' }, write: false }),
  );

  for (const run of runs) {
    const once = harmed.get(run);
    assert.ok(once);
    const summary = once.lines.findLast((line) => 'pass' in line);
    for (const { ending, names, column, ...cell } of run.cells) {
      const { exit, reason, pass, written, note } = ending;
      const told = [`exit ${exit}`, pass ?? reason ?? 'not reached', ...(note ? [note] : [])];
      await t.test(`${titleOf({ ...cell, column, ending })}: ${told.join(', ')}`, () => {
        const { web } = names;
        const line = once.lines.find((each) => each['name'] === web && 'reason' in each);
        assert.equal(line?.['reason'], reason, JSON.stringify(line ?? once.lines.at(-1)));
        const worst = Math.max(...run.cells.map((each) => each.ending.exit));
        const said = JSON.stringify(once.lines.slice(-8), null, 1);
        assert.equal(once.status, worst, said);
        assert.equal(summary?.['pass'], exit === 3 ? undefined : (pass ?? 'Completed'), said);
        const adoptionFacts = columnOf(column).adoptionFacts === true;
        const before = adoptionFacts ? undefined : hashAt(web, 0, 0);
        const current = hashAt(web, ...versionsAfter({ ...cell, column }));
        const now = templateHash(between.webs.get(web));
        assert.equal(now, written ? current : before, 'after the pass with the fault');

        // The guarantee holds after one pass without faults.
        const workload = end.webs.get(web);
        const isAdopted = ending.reason === 'Adopted';
        assert.equal(templateHash(workload), isAdopted ? undefined : current);
        const revisions = (adoptionFacts ? 1 : 2) + (isAdopted ? 0 : 1);
        assert.equal(revisionOf(workload), revisions, 'rolled once for each change');
        assert.equal(settled[`Deployment/${web}`], 'UpToDate');
        assert.ok(workload?.metadata.finalizers?.includes('wave.pusher.com/finalizer'));
        for (const kind of ['ConfigMap', 'Secret'] as const) {
          const owners = sources[kind].get(web)?.metadata.ownerReferences?.map((it) => it.kind);
          assert.deepEqual(owners?.sort(), ['Deployment', 'Namespace'], `${kind} is there`);
        }
      });
    }
    const { other } = run;
    await t.test(
      `another workload is not affected by ${run.cells.map(titleOf).join(', nor by ')}`,
      () => {
        const apart = run.cells.every(
          ({ ending }) => ending.exit !== 3 && ending.pass === undefined,
        );
        const line = once.lines.find((each) => each['name'] === other && 'reason' in each);
        if (apart) {
          assert.equal(line?.['reason'], 'ConfigChanged');
          assert.equal(templateHash(between.others.get(other)), otherHashAt(1, other));
        }
        assert.equal(templateHash(end.others.get(other)), otherHashAt(1, other));
        assert.equal(end.others.get(other)?.metadata.generation, 3);
        assert.equal(settled[`StatefulSet/${other}`], 'UpToDate');
      },
    );
    const second = again.get(run);
    if (second !== undefined) assert.equal(second.status, 0, JSON.stringify(second.lines));
  }
  t.diagnostic(`${cells.length} cells in ${runs.length} passes\n${tableInMarkdown()}`);
});

test('docs/reliability.md shows the table (UPDATE=1 rewrites it)', () => {
  const file = join(import.meta.dirname, '../../../docs/reliability.md');
  const [from, to] = ['<!-- made from the test: ', '<!-- end of what is made from the test -->'];
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf('\n', text.indexOf(from)) + 1;
  const end = text.indexOf(to);
  assert.ok(begin > 0 && end >= begin);
  const whole = `${text.slice(0, begin)}${tableInMarkdown()}${text.slice(end)}`;
  if (process.env['UPDATE'] === '1') writeFileSync(file, whole);
  assert.equal(readFileSync(file, 'utf8'), whole);
});
