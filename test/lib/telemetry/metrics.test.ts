import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import { LeaseLostError } from '../../../lib/lease/error.ts';
import type { LeaseEvent } from '../../../lib/lease/event.ts';
import { type PassReason, type Reason, reasons } from '../../../lib/rules/reason.ts';
import { countReasons, type Outcome, type Report } from '../../../lib/rules/report.ts';
import { type Clock, systemClock } from '../../../lib/schedule/clock.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';

const lease = 'Lease default/wave-cron';
const allReasons = Object.keys(reasons) as Reason[];
const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
/** All outcomes of a pass. The type makes sure that none is missing. */
const passOutcomes = Object.keys({
  Completed: 0,
  LeaseHeld: 0,
  LeaseLost: 0,
  Interrupted: 0,
  Failed: 0,
} satisfies Record<PassReason | 'Failed', 0>);

/** A clock that starts at 2026-01-01T00:00:00Z, and advances by a second with each reading. */
function steppingClock(): Clock {
  let seconds = 1_767_225_599;
  return {
    ...systemClock,
    wallTime: () => {
      seconds += 1;
      return new Date(seconds * 1000);
    },
  };
}

function metricsOf(
  traffic = { requests: 0, bytesRead: 0 },
  handled: readonly WorkloadKind[] = [],
): Metrics {
  return createMetrics({ traffic, clock: steppingClock(), kinds: handled, process: false });
}

const outcome = (name: string, reason: Reason, written = false): Outcome => ({
  kind: 'Deployment',
  namespace: 'shop',
  name,
  reason,
  sentence: `about ${name}`,
  changed: [],
  written,
});

function report(pass: PassReason, outcomes: readonly Outcome[] = [], more = {}): Report {
  return {
    pass,
    outcomes,
    listProblems: [],
    unreached: 0,
    eventsLost: 0,
    counts: countReasons(outcomes),
    requests: 0,
    bytesRead: 0,
    durationMs: 1500,
    ...more,
  };
}

/** The samples in a text, by name and labels as they are written. */
async function samplesOf(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => /^[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}

async function withPrefix(metrics: Metrics, prefix: string): Promise<string[]> {
  return [...(await samplesOf(metrics)).keys()].filter((key) => key.startsWith(prefix));
}

test('added and removed owner references are counted, including zero', async () => {
  const metrics = metricsOf();
  const ownerReferences = (change: string) =>
    `wave_cron_owner_references_total{change="${change}"}`;
  const counted = async () => {
    const samples = await samplesOf(metrics);
    return [samples.get(ownerReferences('added')), samples.get(ownerReferences('removed'))];
  };
  assert.deepEqual(await counted(), [0, 0]);
  const ownership = {
    referencesAdded: ['ConfigMap/a', 'Secret/b'],
    referencesRemoved: ['ConfigMap/c'],
    finalizer: 'added',
  } as const;
  metrics.passEnded(report('Completed', [{ ...outcome('web', 'FirstSeen', true), ownership }]));
  metrics.passEnded(report('Completed', [outcome('web', 'UpToDate')]));
  assert.deepEqual(await counted(), [2, 1]);
});

suite('workloads', () => {
  test('a completed pass has a series for each kind and each reason, including zero', async () => {
    const metrics = metricsOf();
    metrics.passEnded(report('Completed', [outcome('web', 'MissingSource')]));
    const samples = await samplesOf(metrics);
    for (const kind of kinds) {
      for (const reason of allReasons) {
        const expected = kind === 'Deployment' && reason === 'MissingSource' ? 1 : 0;
        const series = `wave_cron_workloads{kind="${kind}",reason="${reason}"}`;
        assert.equal(samples.get(series), expected, series);
      }
    }
    assert.equal((await withPrefix(metrics, 'wave_cron_workloads')).length, 3 * allReasons.length);
    const ofOne = metricsOf(undefined, ['DaemonSet']);
    ofOne.passEnded(report('Completed'));
    assert.equal((await withPrefix(ofOne, 'wave_cron_workloads')).length, 3 * allReasons.length);
  });

  test('each completed pass replaces the values of the one before', async () => {
    const metrics = metricsOf();
    metrics.passEnded(report('Completed', [outcome('a', 'Conflict'), outcome('b', 'Conflict')]));
    metrics.passEnded(report('Completed', [outcome('a', 'UpToDate')]));
    const samples = await samplesOf(metrics);
    assert.equal(samples.get('wave_cron_workloads{kind="Deployment",reason="Conflict"}'), 0);
    assert.equal(samples.get('wave_cron_workloads{kind="Deployment",reason="UpToDate"}'), 1);
  });

  test('a process without a completed pass has no values', async () => {
    const metrics = metricsOf();
    metrics.passFailed(1000);
    metrics.passEnded(report('Interrupted', [outcome('web', 'UpToDate')]));
    assert.deepEqual(await withPrefix(metrics, 'wave_cron_workloads'), []);
    assert.deepEqual(await withPrefix(metrics, 'wave_cron_last_completed'), []);
  });

  for (const pass of ['LeaseHeld', 'LeaseLost'] as const) {
    test(`a replica whose pass ended as ${pass} drops its values, because another replica reports them`, async () => {
      const metrics = metricsOf();
      metrics.passEnded(report('Completed', [outcome('web', 'MissingSource')]));
      metrics.passEnded(report(pass));
      assert.deepEqual(await withPrefix(metrics, 'wave_cron_workloads'), []);
    });
  }

  test('a pass that failed or was interrupted keeps the values of the last completed one', async () => {
    const metrics = metricsOf();
    metrics.passEnded(report('Completed', [outcome('web', 'MissingSource')]));
    const before = await samplesOf(metrics);
    metrics.passFailed(1000);
    metrics.passEnded(report('Interrupted', [outcome('web', 'UpToDate')]));
    const after = await samplesOf(metrics);
    for (const [key, value] of before) {
      if (/^wave_cron_(workloads|last_completed)/.test(key)) assert.equal(after.get(key), value);
    }
  });
});

suite('the oldest held change', () => {
  const name = 'wave_cron_oldest_held_change_age_seconds';
  const age = async (metrics: Metrics) => (await samplesOf(metrics)).get(name);
  const held = report('Completed', [outcome('web', 'Paused')], { oldestHeldMs: 90_500 });

  test('has its age in the last completed pass, in seconds, and 0 if none is held', async () => {
    const metrics = metricsOf();
    assert.equal(await age(metrics), undefined);
    metrics.passEnded(held);
    assert.equal(await age(metrics), 90.5);
    metrics.passEnded(report('Completed'));
    assert.equal(await age(metrics), 0);
  });

  test('is kept by a pass that failed or was interrupted, and dropped if another replica does the pass', async () => {
    const metrics = metricsOf();
    metrics.passEnded(held);
    metrics.passFailed(1000);
    metrics.passEnded(report('Interrupted'));
    assert.equal(await age(metrics), 90.5);
    for (const pass of ['LeaseHeld', 'LeaseLost'] as const) {
      metrics.passEnded(held);
      metrics.passEnded(report(pass));
      assert.equal(await age(metrics), undefined, pass);
    }
  });
});

suite('passes', () => {
  test('every end of a pass, and every reason, has its counter from the start', async () => {
    const samples = await samplesOf(metricsOf());
    for (const outcome of passOutcomes) {
      assert.equal(samples.get(`wave_cron_passes_total{outcome="${outcome}"}`), 0, outcome);
    }
    for (const reason of allReasons) {
      const series = `wave_cron_template_updates_total{reason="${reason}"}`;
      assert.equal(samples.get(series), 0, series);
    }
  });

  test('passes are counted by their end, and timed if this process did them', async () => {
    const metrics = metricsOf();
    metrics.passEnded(report('Completed'));
    metrics.passEnded(report('LeaseHeld'));
    metrics.passEnded(report('LeaseHeld'));
    metrics.passFailed(20_000);
    const samples = await samplesOf(metrics);
    const counts = passOutcomes.map((it) => samples.get(`wave_cron_passes_total{outcome="${it}"}`));
    assert.deepEqual(counts, [1, 2, 0, 0, 1]);
    assert.equal(samples.get('wave_cron_pass_duration_seconds_count'), 2);
    assert.equal(samples.get('wave_cron_pass_duration_seconds_sum'), 21.5);
    assert.equal(samples.get('wave_cron_pass_duration_seconds_bucket{le="1"}'), 0);
    assert.equal(samples.get('wave_cron_pass_duration_seconds_bucket{le="2.5"}'), 1);
  });

  test('only written templates count as updated, however the pass ended', async () => {
    const metrics = metricsOf();
    const changed = [outcome('a', 'ConfigChanged', true), outcome('b', 'ConfigChanged')];
    metrics.passEnded(report('Completed', changed));
    metrics.passEnded(report('Interrupted', changed));
    const samples = await samplesOf(metrics);
    assert.equal(samples.get('wave_cron_template_updates_total{reason="ConfigChanged"}'), 2);
  });

  test('a pass is complete if every workload could be handled', async () => {
    const metrics = metricsOf();
    const complete = async () => (await samplesOf(metrics)).get('wave_cron_last_pass_complete');
    assert.equal(await complete(), undefined);
    metrics.passEnded(report('Completed', [outcome('web', 'MissingSource')]));
    assert.equal(await complete(), 1);
    metrics.passEnded(report('Completed', [outcome('web', 'UnreadableSource')]));
    assert.equal(await complete(), 0);
    metrics.passEnded(report('LeaseHeld'));
    assert.equal(await complete(), undefined);
    metrics.passFailed(1);
    assert.equal(await complete(), 0);
  });

  test('the times are those of the last pass, of the last completed one, and of the next', async () => {
    const metrics = metricsOf();
    const times = async () => {
      const samples = await samplesOf(metrics);
      return ['last_pass', 'last_completed_pass', 'next_pass'].map((name) =>
        samples.get(`wave_cron_${name}_timestamp_seconds`),
      );
    };
    const start = 1_767_225_600;
    assert.deepEqual(await times(), [undefined, undefined, undefined]);
    metrics.passEnded(report('Completed'));
    metrics.passEnded(report('LeaseHeld'));
    metrics.nextPass(new Date('2026-01-01T00:01:00Z'));
    assert.deepEqual(await times(), [start + 1, start, start + 60]);
    metrics.passFailed(1);
    metrics.nextPass(undefined);
    assert.deepEqual(await times(), [start + 2, start, undefined]);
  });

  test('skipped ticks, lost Events and network traffic are counted', async () => {
    const traffic = { requests: 2, bytesRead: 50 };
    const metrics = metricsOf(traffic);
    metrics.tickSkipped();
    metrics.passEnded(report('Completed', [], { eventsLost: 3 }));
    await metrics.text();
    traffic.requests = 7;
    traffic.bytesRead = 900;
    const samples = await samplesOf(metrics);
    assert.equal(samples.get('wave_cron_ticks_skipped_total'), 1);
    assert.equal(samples.get('wave_cron_events_lost_total'), 3);
    assert.equal(samples.get('wave_cron_api_requests_total'), 7);
    assert.equal(samples.get('wave_cron_api_received_bytes_total'), 900);
  });
});

test('the lease is held from its acquisition until it is released or lost', async () => {
  const lost = new LeaseLostError(lease, { kind: 'deleted' });
  const events: readonly (readonly [LeaseEvent, held: number])[] = [
    [{ kind: 'watching', lease, holder: 'other', heldForMs: 1, forMs: 1 }, 0],
    [{ kind: 'acquired', lease, identity: 'me', created: true }, 1],
    [{ kind: 'renewalFailed', lease, error: new Error('no'), validForMs: 1 }, 1],
    [{ kind: 'renewedLate', lease, afterMs: 1 }, 1],
    [{ kind: 'released', lease, heldForMs: 1 }, 0],
    [{ kind: 'tookOver', lease, identity: 'me', from: 'other', unchangedForMs: 1 }, 1],
    [{ kind: 'lost', lease, error: lost, heldForMs: 1 }, 0],
    [{ kind: 'acquired', lease, identity: 'me', created: false }, 1],
    [{ kind: 'releaseFailed', lease, error: new Error('no'), freeAfterMs: 1 }, 0],
    [{ kind: 'acquired', lease, identity: 'me', created: false }, 1],
    [{ kind: 'notReleased', lease, holder: 'other' }, 0],
  ];
  const metrics = metricsOf();
  for (const [event, held] of events) {
    metrics.leaseEvent(event);
    const samples = await samplesOf(metrics);
    assert.equal(samples.get('wave_cron_lease_held'), held, event.kind);
  }
  const samples = await samplesOf(metrics);
  assert.equal(samples.get('wave_cron_lease_takeovers_total'), 1);
  assert.equal(samples.get('wave_cron_lease_losses_total'), 1);
});

test('two sets of metrics in one process are independent', async () => {
  const [one, other] = [metricsOf(), metricsOf()];
  one.tickSkipped();
  assert.equal((await samplesOf(other)).get('wave_cron_ticks_skipped_total'), 0);
});

test('no metric names a workload or contains its data', async () => {
  const metrics = metricsOf();
  const secretive = { ...outcome('planted-name', 'Failed'), sentence: 'planted-sentence' };
  metrics.passEnded(
    report('Completed', [{ ...secretive, namespace: 'planted-namespace' }], {
      sentence: 'planted-why',
      eventsLost: 1,
      eventProblem: 'planted-problem',
      listProblems: [{ what: 'planted-list', why: 'planted-reason' }],
    }),
  );
  metrics.leaseEvent({ kind: 'heldByOther', lease, holder: 'planted-holder', ...held });
  assert.doesNotMatch(await metrics.text(), /planted/);
});

const held = { heldForMs: 1, seen: 'renewed', watchedForMs: 1 } as const;

test('metrics of the process itself are only there on request', async () => {
  const options = { traffic: { requests: 0, bytesRead: 0 }, clock: systemClock };
  const without = await createMetrics({ ...options, process: false }).text();
  const withThem = await createMetrics({ ...options, process: true }).text();
  for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
    assert.match(withThem, new RegExp(`^${name} `, 'm'));
    assert.doesNotMatch(without, new RegExp(`^${name} `, 'm'));
  }
  // These metrics would need a timer every 10 ms.
  assert.doesNotMatch(withThem, /nodejs_eventloop_lag_(p99|max|mean)/);
});
