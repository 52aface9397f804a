/** The shipped alert rules, evaluated by Prometheus' own engine over hours of metrics from simulated processes. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { type Reason, reasons } from '../../lib/rules/reason.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { type Pushgateway, startPushgateway } from '../../tools/control-plane/pushgateway.ts';
import { problemsOf } from './prometheus.ts';
import { lost, report, type Simulation, simulation, tookOver } from './simulation.ts';

const root = join(import.meta.dirname, '../..');
const rulesFile = join(root, 'manifests/chart/metrics/alerts.yaml');
const rules = readFileSync(rulesFile, 'utf8');

type Rule = {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
};
type Groups = { groups: { name: string; rules: Rule[] }[] };
const groups = (parse(rules) as Groups).groups;
const all = groups.flatMap((group) => group.rules);

const completed = (...metrics: Metrics[]) => {
  for (const each of metrics) each.passEnded(report('Completed'));
};

/** One process runs the pass, and the other process skips the pass because of the Lease. */
function inTurns(doing: Metrics, standby: Metrics, found: readonly Reason[] = ['UpToDate']): void {
  doing.passEnded(report('Completed', found));
  standby.passEnded(report('LeaseHeld'));
}

/** The alerts that fired, each as `Name since fired ended`, in minutes. */
async function fired(time: Simulation): Promise<string[]> {
  return (await time.alerts(rules)).map(({ name, since, fired, ended }) =>
    `${name} ${since} ${fired} ${ended ?? ''}`.trimEnd(),
  );
}

/** Creates the series of a sink. They exist from the start of a process. */
function sinkOf(metrics: Metrics, sink: string): void {
  for (const outcome of ['Sent', 'Failed'] as const) {
    metrics.notifications.counted(sink, 'slack', outcome, 0);
  }
}

suite('the alert rules', () => {
  test('are valid for Prometheus', async () => {
    assert.equal(await problemsOf('rules', rules), '');
  });

  test('have a severity, a summary and a description each', () => {
    assert.ok(all.length > 3);
    for (const { alert, labels, annotations } of all) {
      assert.match(labels.severity, /^(critical|warning)$/, alert);
      assert.match(annotations.summary, /^.{20,}\.$/, alert);
      assert.match(annotations.description, /^.{80,}\.$/, alert);
    }
  });

  test('use only metrics that exist', async () => {
    const time = simulation();
    const metrics = time.start('one');
    completed(metrics);
    sinkOf(metrics, '1');
    const text = await metrics.text();
    for (const { alert, expr } of all) {
      const names = expr.match(/\bwave_cron_\w+/g) ?? [];
      assert.ok(names.length > 0, alert);
      for (const name of names) assert.match(text, new RegExp(`^${name}[ {]`, 'm'), alert);
    }
  });

  test('are the same for the Prometheus operator (UPDATE=1 rewrites them)', () => {
    const file = join(root, 'manifests/components/prometheus-rule/prometheus-rule.yaml');
    const labels = {
      'app.kubernetes.io/name': 'wave-cron',
      'app.kubernetes.io/part-of': 'wave-cron',
    };
    const rule = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'wave-cron', namespace: 'wave-cron', labels },
      spec: { groups },
    };
    const made =
      '# Made of ../../chart/metrics/alerts.yaml: UPDATE=1 node --test test/metrics/alerts.test.ts\n';
    const text = made + stringify(rule, { lineWidth: 0 });
    if (process.env['UPDATE'] === '1') writeFileSync(file, text);
    assert.equal(readFileSync(file, 'utf8'), text);
  });

  test('are listed in docs/metrics.md (UPDATE=1 rewrites the list)', () => {
    const file = join(root, 'docs/metrics.md');
    const page = readFileSync(file, 'utf8');
    const [from, to] = ['<!-- made from the alert rules: ', '<!-- end of the alert rules -->'];
    const begin = page.indexOf('\n', page.indexOf(from)) + 1;
    const end = page.indexOf(to);
    assert.ok(begin > 0 && end >= begin);
    const rows = all.map(
      ({ alert, labels, annotations: { summary, description }, ...rule }) =>
        `| \`${alert}\` | ${labels.severity} | ${rule.for ?? 'at once'} | ${summary} ${description} |`,
    );
    const table = ['| alert | severity | after | meaning |', '|---|---|---|---|', ...rows, ''].join(
      '\n',
    );
    // Values of an alert appear in the page as `<kind>`.
    const readable = table.replaceAll(/\{\{ \$(?:labels\.)?(\w+) \}\}/g, '&lt;$1>');
    const whole = page.slice(0, begin) + readable + page.slice(end);
    if (process.env['UPDATE'] === '1') writeFileSync(file, whole);
    assert.equal(readFileSync(file, 'utf8'), whole);
  });
});

suite('no alert fires', () => {
  test('if the passes of two processes that take turns complete', async () => {
    const time = simulation();
    const [one, two] = [time.start('one'), time.start('two')];
    await time.pass(90, (minute) => (minute % 3 === 0 ? inTurns(one, two) : inTurns(two, one)));
    assert.deepEqual(await fired(time), []);
  });

  test('when another Pod replaces the Pod', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(30, () => completed(one));
    const two = time.start('two');
    await time.pass(1, () => inTurns(one, two));
    time.stop('one');
    await time.pass(60, () => completed(two));
    assert.deepEqual(await fired(time), []);
  });

  test('when a process restarts in its Pod, or dies and another one takes over', async () => {
    const time = simulation();
    let one = time.start('one');
    const two = time.start('two');
    await time.pass(30, () => inTurns(one, two));
    one = time.start('one');
    await time.pass(1, () => tookOver(two));
    await time.pass(30, () => inTurns(two, one));
    time.stop('two');
    await time.pass(1, () => tookOver(one));
    await time.pass(60, () => completed(one));
    assert.deepEqual(await fired(time), []);
  });

  test('for single passes that fail, are interrupted or have a workload with a warning', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(90, (minute) => {
      if (minute % 10 === 3) one.passFailed(1000);
      else if (minute % 10 === 5) one.passEnded(report('Interrupted'));
      else one.passEnded(report('Completed', minute % 10 === 7 ? ['Failed'] : []));
    });
    assert.deepEqual(await fired(time), []);
  });
});

suite('WaveCronWatchBroken', () => {
  test('fires if a watch fails each time', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(60, (minute) => {
      completed(one);
      if (minute >= 5 && minute < 40) for (let each = 0; each < 3; each += 1) one.watch.failed();
    });
    const [alert, ...more] = await time.alerts(rules);
    assert.deepEqual(more, []);
    assert.equal(alert?.name, 'WaveCronWatchBroken');
    assert.ok((alert?.fired ?? 0) < 30 && (alert?.ended ?? 0) < 52);
  });

  test('does not fire if all watches fail several times during a replacement of the API server', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(60, (minute) => {
      completed(one);
      if (minute === 10 || minute === 11) {
        for (let each = 0; each < 20; each += 1) one.watch.failed();
      }
    });
    assert.deepEqual(await fired(time), []);
  });
});

suite('WaveCronNotReconciling fires', () => {
  test('if the last completed pass has been older than 15 minutes for 5 minutes, until the next one completes', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(10, () => completed(one));
    await time.pass(30, () => one.passFailed(1000));
    await time.pass(10, () => completed(one));
    const away = (await time.alerts(rules)).filter(({ name }) => name === 'WaveCronNotReconciling');
    assert.deepEqual(
      away.map(({ since, fired, ended }) => [since, fired, ended]),
      [[26, 31, 41]],
    );
    assert.deepEqual(away[0]?.labels, { namespace: 'wave-cron', severity: 'critical' });
  });

  test('if there has never been a scrape', async () => {
    const time = simulation();
    await time.pass(10);
    assert.deepEqual(await fired(time), ['WaveCronNotReconciling 0 5']);
  });

  test('if the only process is gone, for as long as it is gone', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(10, () => completed(one));
    time.stop('one');
    await time.pass(120);
    // At first, the alert fires because of the age of the last pass. Later, Prometheus has no recent samples,
    // so it fires because of the absence.
    assert.deepEqual(await fired(time), [
      'WaveCronNotReconciling 26 31 70',
      'WaveCronNotReconciling 70 75',
    ]);
  });

  test('if a process has not completed a pass since its start', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(10, () => one.passFailed(1000));
    assert.deepEqual(await fired(time), ['WaveCronNotReconciling 1 6']);
  });

  test('if a process completes no pass after a restart, without an end', async () => {
    const time = simulation();
    let one = time.start('one');
    const other = time.start('other', 'elsewhere');
    await time.pass(10, () => completed(one, other));
    one = time.start('one');
    await time.pass(120, () => {
      one.passFailed(1000);
      completed(other);
    });
    const away = (await time.alerts(rules)).filter(({ name }) => name === 'WaveCronNotReconciling');
    assert.deepEqual(
      away.map(({ since, fired, ended }) => [since, fired, ended]),
      [[26, 31, undefined]],
    );
  });

  test('for an installation that is gone, even if another one works', async () => {
    const time = simulation();
    const [one, other] = [time.start('one'), time.start('other', 'elsewhere')];
    await time.pass(10, () => completed(one, other));
    time.stop('one');
    await time.pass(30, () => completed(other));
    const [away, ...more] = await time.alerts(rules);
    assert.deepEqual(more, []);
    assert.deepEqual([away?.labels['namespace'], away?.fired], ['wave-cron', 31]);
  });
});

suite('WaveCronReconcileIncomplete fires', () => {
  test('after 15 minutes of incomplete passes, even if the processes take turns', async () => {
    const time = simulation();
    const [one, two] = [time.start('one'), time.start('two')];
    await time.pass(5, () => inTurns(one, two));
    await time.pass(30, (minute) =>
      minute % 2 === 0
        ? inTurns(one, two, ['UnreadableSource'])
        : inTurns(two, one, ['UnreadableSource']),
    );
    await time.pass(10, () => inTurns(one, two));
    const incomplete = (await fired(time)).filter((each) => each.includes('ReconcileIncomplete'));
    assert.deepEqual(incomplete, ['WaveCronReconcileIncomplete 6 21 40']);
  });
});

suite('WaveCronWorkloadBlocked fires', () => {
  for (const [reason, { isWarning }] of Object.entries(reasons)) {
    test(`${isWarning ? 'on' : 'not on'} ${reason}`, async () => {
      const time = simulation();
      const one = time.start('one');
      await time.pass(30, () => one.passEnded(report('Completed', [reason as Reason])));
      const names = (await fired(time)).map((each) => each.split(' ')[0]);
      assert.equal(names.includes('WaveCronWorkloadBlocked'), isWarning);
    });
  }

  test('with the number of workloads, and ends even if another process runs the next pass', async () => {
    const time = simulation();
    const [one, two] = [time.start('one'), time.start('two')];
    await time.pass(30, () => inTurns(one, two, ['MissingSource', 'UpToDate', 'MissingSource']));
    await time.pass(10, () => inTurns(two, one));
    const alerts = await time.alerts(rules);
    assert.deepEqual(
      alerts.map(({ since, fired, ended, annotations }) => [
        ...[since, fired, ended, annotations['summary']],
      ]),
      [[1, 16, 35, '2 Deployment(s) cannot be updated: MissingSource.']],
    );
  });
});

const dayMs = 86_400_000;

const holding = (oldestHeldMs: number) => ({ ...report('Completed', ['Paused']), oldestHeldMs });

suite('WaveCronChangeHeld fires', () => {
  test('for a change that is held for more than a day, until it is rolled out', async () => {
    const time = simulation();
    const [one, two] = [time.start('one'), time.start('two')];
    await time.pass(30, (minute) => {
      one.passEnded(holding(dayMs + (minute - 5) * 60_000));
      two.passEnded(report('LeaseHeld'));
    });
    await time.pass(10, () => inTurns(one, two));
    assert.deepEqual(await fired(time), ['WaveCronChangeHeld 7 22 31']);
  });

  test('not for changes that are each held for less than a day', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(60, () => one.passEnded(holding(dayMs - 60_000)));
    assert.deepEqual(await fired(time), []);
  });
});

suite('WaveCronTooSlow fires', () => {
  test('if more ticks are skipped than passes completed, and not if every second tick is skipped', async () => {
    for (const [skipped, expected] of [
      [1, 0],
      [2, 1],
    ] as const) {
      const time = simulation();
      const one = time.start('one');
      await time.pass(90, (minute) => {
        if (minute % (skipped + 1) === skipped) completed(one);
        else one.tickSkipped();
      });
      const alerts = await fired(time);
      assert.equal(alerts.length, expected, alerts.join(', '));
      if (expected === 1) assert.match(alerts[0] ?? '', /^WaveCronTooSlow/);
    }
  });
});

suite('WaveCronLeaseFlapping fires', () => {
  test('at the third takeover or loss within an hour, and not at the second', async () => {
    for (const [times, expected] of [
      [2, []],
      [3, ['WaveCronLeaseFlapping']],
    ] as const) {
      const time = simulation();
      const one = time.start('one');
      await time.pass(90, (minute) => {
        if (minute === 10) lost(one);
        if ([20, 30].slice(0, times - 1).includes(minute)) tookOver(one);
        completed(one);
      });
      const alerts = (await fired(time)).map((each) => each.split(' ')[0]);
      assert.deepEqual([...new Set(alerts)], expected);
    }
  });
});

suite('WaveCronEventsLost fires', () => {
  test('as soon as an Event is lost, for an hour', async () => {
    const time = simulation();
    const one = time.start('one');
    await time.pass(100, (minute) =>
      one.passEnded({ ...report('Completed'), eventsLost: minute === 10 ? 1 : 0 }),
    );
    const [lost, ...more] = await fired(time);
    assert.deepEqual(more, []);
    assert.match(lost ?? '', /^WaveCronEventsLost 11 11 7\d$/);
  });
});

suite('WaveCronNotificationsFailing fires', () => {
  test('for an hour for a sink that did not get a message', async () => {
    const time = simulation();
    const one = time.start('one');
    for (const sink of ['1', 'prod-eu']) sinkOf(one, sink);
    await time.pass(100, (minute) => {
      completed(one);
      if (minute === 10) one.notifications.counted('prod-eu', 'slack', 'Failed', 1);
      one.notifications.counted('1', 'slack', 'Sent', 1);
    });
    const [failing, ...more] = await fired(time);
    assert.deepEqual(more, []);
    assert.match(failing ?? '', /^WaveCronNotificationsFailing 11 11 7\d$/);
  });
});

suite('for pushed metrics,', () => {
  let gateway: Pushgateway;
  before(async () => {
    gateway = await startPushgateway();
  });
  after(() => gateway.end());

  /** Removes the groups of earlier tests from the gateway. */
  const fresh = async () => {
    await fetch(`${gateway.url}/api/v1/admin/wipe`, { method: 'PUT' });
    return simulation(gateway);
  };

  test('no alert fires as long as passes complete', async () => {
    const time = await fresh();
    await time.pass(90, () => time.once(completed));
    assert.deepEqual(await fired(time), []);
  });

  test('WaveCronNotReconciling fires if there are no more passes, although the gateway keeps the last one', async () => {
    const time = await fresh();
    await time.pass(10, () => time.once(completed));
    await time.pass(90);
    assert.deepEqual(await fired(time), ['WaveCronNotReconciling 26 31']);
  });

  test('WaveCronNotReconciling fires for the one shard that is gone', async () => {
    const time = await fresh();
    await time.pass(40, async (minute) => {
      await time.once(completed, 'wave-cron-0');
      if (minute < 10) await time.once(completed, 'wave-cron-1');
    });
    const [away, ...more] = await time.alerts(rules);
    assert.deepEqual(more, []);
    assert.deepEqual([away?.labels['lease'], away?.fired], ['wave-cron-1', 31]);
  });

  test('WaveCronWorkloadBlocked counts the workloads of all shards', async () => {
    const time = await fresh();
    const found =
      (...names: Reason[]) =>
      (metrics: Metrics) =>
        metrics.passEnded(report('Completed', names));
    await time.pass(20, async () => {
      await time.once(found('MissingSource'), 'wave-cron-0');
      await time.once(found('MissingSource', 'MissingSource', 'UpToDate'), 'wave-cron-1');
    });
    const [isWarning, ...more] = await time.alerts(rules);
    assert.deepEqual(more, []);
    assert.match(isWarning?.annotations['summary'] ?? '', /^3 Deployment/);
  });

  test('WaveCronChangeHeld fires for a change that is held for more than a day', async () => {
    const time = await fresh();
    await time.pass(30, () => time.once((metrics) => metrics.passEnded(holding(2 * dayMs))));
    assert.deepEqual(await fired(time), ['WaveCronChangeHeld 1 16']);
  });

  test('WaveCronReconcileIncomplete fires if passes fail', async () => {
    const time = await fresh();
    await time.pass(5, () => time.once(completed));
    await time.pass(20, () => time.once((metrics) => metrics.passFailed(1000)));
    const names = (await fired(time)).map((each) => each.split(' ')[0]);
    assert.ok(names.includes('WaveCronReconcileIncomplete'), names.join(', '));
  });

  test('WaveCronLeaseFlapping fires if passes take over the Lease, even if all of them do', async () => {
    const takingOver = (metrics: Metrics) => {
      tookOver(metrics);
      completed(metrics);
    };
    for (const [which, expected] of [
      [(minute: number) => minute % 2 === 0, ['WaveCronLeaseFlapping']],
      [(_: number) => true, ['WaveCronLeaseFlapping']],
      [(minute: number) => minute === 30, []],
    ] as const) {
      const time = await fresh();
      await time.pass(60, (minute) => time.once(which(minute) ? takingOver : completed));
      const names = (await fired(time)).map((each) => each.split(' ')[0]);
      assert.deepEqual([...new Set(names)], expected);
    }
  });

  test('WaveCronEventsLost fires if a pass lost an Event', async () => {
    const time = await fresh();
    await time.pass(30, (minute) =>
      time.once((metrics) =>
        metrics.passEnded({ ...report('Completed'), eventsLost: minute === 10 ? 2 : 0 }),
      ),
    );
    assert.deepEqual(await fired(time), ['WaveCronEventsLost 11 11']);
  });

  test('WaveCronNotificationsFailing fires if a message was lost', async () => {
    const time = await fresh();
    await time.pass(30, (minute) =>
      time.once((metrics) => {
        sinkOf(metrics, '1');
        if (minute === 10) metrics.notifications.counted('1', 'slack', 'Failed', 1);
        completed(metrics);
      }),
    );
    assert.deepEqual(await fired(time), ['WaveCronNotificationsFailing 11 11']);
  });
});
