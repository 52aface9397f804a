/** The text of the metrics, checked by Prometheus' own linter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseLostError } from '../../lib/lease/error.ts';
import type { LeaseEvent } from '../../lib/lease/event.ts';
import { type PassReason, type Reason, reasons } from '../../lib/rules/reason.ts';
import { countReasons, type Outcome, type Report } from '../../lib/rules/report.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import { createMetrics, type Metrics } from '../../lib/telemetry/metrics.ts';
import { problemsOf } from './prometheus.ts';

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
  'a message': (metrics) => metrics.notifications.counted('1', 'slack', 'Sent', 1),
  'the last pass': (metrics) => metrics.nextPass(undefined),
};

test('the text passes the linter of Prometheus after every kind of change of the metrics', async () => {
  const traffic = { requests: 1, bytesRead: 1 };
  for (const process of [false, true]) {
    const metrics = createMetrics({ traffic, clock: systemClock, process });
    for (const [what, happen] of Object.entries(happenings)) {
      happen(metrics);
      assert.equal(await problemsOf('metrics', await metrics.text()), '', what);
    }
  }
});

test('the linter can fail', async () => {
  assert.match(await problemsOf('metrics', '# TYPE a_total gauge\na_total 1\n'), /^a_total: /m);
  assert.match(await problemsOf('metrics', 'wave cron'), /./);
  assert.match(await problemsOf('rules', 'groups: [{name: a, rules: [{alert: A}]}]'), /./);
});
