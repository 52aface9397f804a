/** The shipped dashboard. Prometheus' own engine evaluates its queries over the metrics of real passes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reasons } from '../../lib/rules/reason.ts';
import { startPushgateway } from '../../tools/control-plane/pushgateway.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { runProgram, startProgram } from '../jobs/run-program.ts';
import { shop } from '../jobs/shop.ts';
import { answersTo, type Sample, type Scrape } from './prometheus.ts';

type Source = { type: string; uid: string };
type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: Source;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; datasource: Source; expr: string }[];
};
type Variable = { name: string; type: string; query: unknown; datasource?: Source };
type Dashboard = {
  uid: string;
  schemaVersion: number;
  templating: { list: Variable[] };
  panels: Panel[];
};

const file = join(import.meta.dirname, '../../manifests/chart/metrics/dashboard.json');
const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ refId, expr }) => ({ title: `${title} (${refId})`, expr })),
);

test('the dashboard has a current schema, and each panel has a description', () => {
  assert.ok(dashboard.schemaVersion >= 42);
  assert.ok(panels.length > 8 && panels.length < 24);
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { title, description = '', targets = [] } of panels) {
    assert.match(description, /^[A-Z].*\.$/, title);
    const refIds = targets.map(({ refId }) => refId);
    assert.ok(refIds.length > 0 && new Set(refIds).size === refIds.length, title);
  }
});

test('the panels of the dashboard do not overlap', () => {
  const taken = new Map<string, string>();
  for (const { title, gridPos } of dashboard.panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(x < 24, title);
        assert.equal(taken.get(`${x} ${y}`), undefined, `${title} covers another panel`);
        taken.set(`${x} ${y}`, title);
      }
    }
  }
});

test('all panels and queries of the dashboard use the chosen data source and installation', () => {
  const names = dashboard.templating.list.map(({ name, type }) => `${name}: ${type}`);
  assert.deepEqual(names, ['datasource: datasource', 'namespace: query']);
  const chosen = { type: 'prometheus', uid: '$' + '{datasource}' };
  for (const { title, datasource, targets = [] } of panels) {
    assert.deepEqual(datasource, chosen, title);
    for (const target of targets) assert.deepEqual(target.datasource, chosen, title);
  }
  assert.deepEqual(dashboard.templating.list[1]?.datasource, chosen);
  for (const { title, expr } of queries) {
    const selectors = expr.match(/\w+\{[^}]*\}/g) ?? [];
    assert.ok(selectors.length > 0, title);
    assert.equal(expr.match(/\b(wave_cron|process)_\w+/g)?.length, selectors.length, title);
    for (const each of selectors) assert.match(each, /\{namespace=~"\$namespace"/, title);
  }
});

test('the dashboard counts exactly the workloads with a warning as blocked', () => {
  const warnings = Object.entries(reasons).filter(([, { isWarning }]) => isWarning);
  const expected = warnings.map(([reason]) => reason).sort();
  const named = queries.flatMap(({ expr }) => /reason=~"([^"]*)"/.exec(expr)?.[1] ?? []);
  assert.equal(named.length, 2);
  for (const each of named) assert.deepEqual(each.split('|').sort(), expected);
});

const flags = (namespace: string) => [
  ...['--kubeconfig', testCluster().cluster.kubeconfig],
  ...['--namespaces', namespace, '--lease-namespace', namespace],
  ...['--notifications', '[{format: json, url: "http://127.0.0.1:1"}]'],
];

/** The results of all queries of the dashboard by their titles, with values in place of Grafana's variables. */
async function answers(scrapes: readonly Scrape[]): Promise<Map<string, Sample[]>> {
  const exprs = queries.map(({ expr }) =>
    expr
      .replaceAll('$__rate_interval', '4m')
      .replaceAll('$__range', '6h')
      .replaceAll('$namespace', '.*'),
  );
  for (const expr of exprs) assert.ok(!expr.includes('$'), expr);
  const found = await answersTo(exprs, Math.max(...scrapes.map(({ at }) => at)), scrapes);
  return new Map(queries.map(({ title }, index) => [title, found[index] ?? []]));
}

/**
 * Queries for only pushed or only scraped metrics select by the label `lease`, which only pushed metrics have.
 * The queries that contain `notAsked` must have no results, and all others must have some.
 */
function assertAnswered(found: Map<string, Sample[]>, notAsked: string): void {
  for (const { title, expr } of queries) {
    const samples = found.get(title) ?? [];
    if (expr.includes(notAsked)) assert.deepEqual(samples, [], title);
    else assert.ok(samples.length > 0, `no answer: ${title}: ${expr}`);
    for (const { value } of samples) assert.ok(Number.isFinite(value), `${title} is ${value}`);
  }
}

const valuesOf = (found: Map<string, Sample[]>, title: string) =>
  found.get(title)?.map(({ value }) => value);

test('with a scraped process, every query of the dashboard has results, except the queries for pushed metrics', {
  timeout: 120_000,
}, async (t) => {
  const namespace = await shop(t);
  const program = startProgram([
    ...['schedule', ...flags(namespace)],
    ...['--listen', '127.0.0.1:0', '--schedule', '* * * * * *'],
  ]);
  t.after(() => program.kill('SIGKILL'));
  const passes = () => program.log().filter(({ pass }) => pass === 'Completed').length;
  const line = await program.logged((it) => it['listen'] !== undefined, 'listening');
  const scraped = async (before: number): Promise<Scrape> => {
    await program.logged(() => passes() > before, 'a pass');
    const text = await (await fetch(`http://${line['listen']}/metrics`)).text();
    const labels = { job: 'wave-cron', namespace: 'wave-cron', pod: 'one', instance: 'one:8080' };
    return { at: Math.floor(Date.now() / 1000), labels, text };
  };
  const first = await scraped(0);
  const last = await scraped(passes() + 1);
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);

  // A rate needs two scrapes. Their real distance is too short for it, so the first one is dated back.
  const found = await answers([{ ...first, at: last.at - 120 }, last]);
  assertAnswered(found, 'lease!=""');
  assert.deepEqual(valuesOf(found, 'Workloads (A)'), [2]);
  assert.deepEqual(valuesOf(found, 'Blocked (A)'), [1]);
  assert.deepEqual(valuesOf(found, 'The last pass (A)'), [1]);
  assert.deepEqual(valuesOf(found, 'Oldest held change (A)'), [0]);
  const [blocked, ...more] = found.get('Blocked, by kind and reason (A)') ?? [];
  assert.deepEqual(more, []);
  assert.deepEqual(blocked?.labels, {
    ...{ namespace: 'wave-cron', kind: 'Deployment', reason: 'MissingSource' },
  });
});

test('with a process that pushes its metrics, every query of the dashboard has results, except the queries for scraped metrics', {
  timeout: 120_000,
}, async (t) => {
  const gateway = await startPushgateway();
  t.after(() => gateway.end());
  const namespace = await shop(t);
  const run = await runProgram([
    ...['once', ...flags(namespace), '--metrics-push-url', gateway.url],
  ]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  const at = Math.floor(Date.now() / 1000);
  const scrape = { labels: { job: 'gateway' }, text: await gateway.text() };
  const found = await answers([
    { ...scrape, at: at - 60 },
    { ...scrape, at },
  ]);
  assertAnswered(found, 'lease=""');
  assert.deepEqual(valuesOf(found, 'Workloads (A)'), [2]);
  assert.deepEqual(valuesOf(found, 'Blocked (A)'), [1]);
  assert.deepEqual(valuesOf(found, 'Oldest held change (A)'), [0]);
  const rollouts = found.get('Rollouts (B)')?.filter(({ value }) => value > 0);
  assert.deepEqual(
    rollouts?.map(({ labels, value }) => [labels['reason'], value]),
    [['FirstSeen', 1]],
  );
});
