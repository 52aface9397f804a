/** The text of the metrics, and the alert rules of the docs, as Prometheus' own tools judge them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parse } from 'yaml';
import { systemClock } from '../lib/clock.ts';
import { LeaseLostError } from '../lib/lease/error.ts';
import type { LeaseEvent } from '../lib/lease/event.ts';
import { createMetrics, type Metrics } from '../lib/metrics.ts';
import { type PassReason, type Reason, reasons } from '../lib/reason.ts';
import { countReasons, type Outcome, type Report } from '../lib/report.ts';
import { findBinaries } from './control-plane/binaries.ts';

let promcheck: string;
before(async () => {
  ({ promcheck } = await findBinaries(['promcheck']));
});

/** What the check has to say of a text; empty where it is content. */
async function problemsOf(what: 'metrics' | 'rules', text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const child = execFile(promcheck, [what], (error, stdout, stderr) => {
    const output = stdout + stderr;
    resolve(error === null || output !== '' ? output : `it ended with ${error.code}`);
  });
  child.stdin?.end(text);
  return await promise;
}

const lease = 'Lease default/wave-cron';
const outcomes = (Object.keys(reasons) as Reason[]).map(
  (reason): Outcome => ({
    kind: 'StatefulSet',
    namespace: 'shop',
    name: 'cart',
    reason,
    sentence: '"quoted"\nand more',
    changed: [],
    written: true,
  }),
);
const report = (pass: PassReason): Report => ({
  pass,
  outcomes,
  listProblems: [],
  unreached: 1,
  eventsLost: 1,
  counts: countReasons(outcomes),
  requests: 1,
  bytesRead: 1,
  durationMs: 1,
});
const onLease = (event: LeaseEvent) => (metrics: Metrics) => metrics.leaseEvent(event);
const lost = new LeaseLostError(lease, { kind: 'deleted' });

const happenings: Readonly<Record<string, (metrics: Metrics) => void>> = {
  'the start': () => {},
  'a next pass': (metrics) => metrics.nextPass(new Date()),
  'a take-over': onLease({
    kind: 'tookOver',
    lease,
    identity: 'me',
    from: 'other',
    unchangedForMs: 1,
  }),
  'a completed pass': (metrics) => metrics.passEnded(report('Completed')),
  'a skipped tick': (metrics) => metrics.tickSkipped(),
  'an interrupted pass': (metrics) => metrics.passEnded(report('Interrupted')),
  'a lost lease': onLease({ kind: 'lost', lease, error: lost, heldForMs: 1 }),
  'a pass that lost the lease': (metrics) => metrics.passEnded(report('LeaseLost')),
  'a failed pass': (metrics) => metrics.passFailed(1e9),
  'a pass left to another': (metrics) => metrics.passEnded(report('LeaseHeld')),
  'the last pass': (metrics) => metrics.nextPass(undefined),
};

test('the text passes the lint of Prometheus whatever has happened', async () => {
  const traffic = { requests: 1, bytesRead: 1 };
  for (const process of [false, true]) {
    const metrics = createMetrics({ traffic, clock: systemClock, process });
    for (const [what, happen] of Object.entries(happenings)) {
      happen(metrics);
      assert.equal(await problemsOf('metrics', await metrics.text()), '', what);
    }
  }
});

test('the lint can fail', async () => {
  assert.match(await problemsOf('metrics', '# TYPE a_total gauge\na_total 1\n'), /^a_total: /m);
  assert.match(await problemsOf('metrics', 'wave cron'), /./);
  assert.match(await problemsOf('rules', 'groups: [{name: a, rules: [{alert: A}]}]'), /./);
});

const docs = readFileSync(join(import.meta.dirname, '../docs/metrics.md'), 'utf8');
const rulesText = /^```yaml\n(.*?)^```$/ms.exec(docs)?.[1] ?? '';
const rules = (parse(rulesText) as { groups: { rules: { alert: string; expr: string }[] }[] })
  .groups[0]?.rules;

test('the alert rules of the docs are ones that Prometheus loads', async () => {
  assert.equal(rules?.length, 3);
  assert.equal(await problemsOf('rules', rulesText), '');
});

test('the alert rules of the docs are about metrics that there are', async () => {
  const metrics = createMetrics({
    traffic: { requests: 0, bytesRead: 0 },
    clock: systemClock,
    process: false,
  });
  metrics.passEnded(report('Completed'));
  const text = await metrics.text();
  for (const { alert, expr } of rules ?? []) {
    const names = expr.match(/\bwave_cron_\w+/g) ?? [];
    assert.ok(names.length > 0, alert);
    for (const name of names) assert.match(text, new RegExp(`^${name}[ {]`, 'm'), alert);
  }
});

test('the docs alert on every reason that is a trouble, and on no other', () => {
  const expr = rules?.map((rule) => rule.expr).find((text) => text.includes('reason=~'));
  const named = /reason=~"([^"]*)"/.exec(expr ?? '')?.[1]?.split('|') ?? [];
  const troubles = Object.entries(reasons).filter(([, { trouble }]) => trouble);
  assert.deepEqual(named.sort(), troubles.map(([reason]) => reason).sort());
});
