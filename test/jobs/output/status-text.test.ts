import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { statusNames, statusText } from '../../../jobs/output/status-text.ts';
import { statusReport, workloadStatus } from './status-report.ts';

const annotationPrefix = 'wave.pusher.com';
const view = { isWide: false, width: undefined, annotationPrefix };
const sources = ['ConfigMap/a', 'ConfigMap/b', 'Secret/c', 'Secret/d'];
const report = statusReport({
  workloads: [
    workloadStatus('lost', 'MissingSource'),
    workloadStatus('closed', 'Unknown', { certain: false }),
    workloadStatus('web', 'OutsideWindow', {
      ...{ since: '2026-11-30T11:54:30Z', changed: sources, changedLeftOut: 2 },
      ...{ heldUntil: '2026-12-01T06:00:00Z', lastRollout: '2026-11-28T06:00:00Z' },
    }),
    workloadStatus('api', 'UpToDate', { since: '2026-11-28T06:00:00Z' }),
  ],
});

suite('the table of states', () => {
  test('has a row for each workload in the order of the report, and their number', () => {
    assert.equal(
      statusText(report, view),
      [
        'KIND         NAME     STATE           FOR         CHANGED                                         UNTIL                  MESSAGE',
        'Deployment   lost     MissingSource   <unknown>   <none>                                          <none>                 the message of lost',
        'Deployment   closed   Unknown?        <unknown>   <none>                                          <none>                 the message of closed',
        'Deployment   web      OutsideWindow   5m30s       ConfigMap/a, ConfigMap/b, Secret/c and 3 more   2026-12-01T06:00:00Z   the message of web',
        'Deployment   api      UpToDate        2d6h        <none>                                          <none>',
        '',
        '4 workloads: 1 needs a person, 1 is not known, 1 is held back, 1 is up to date. A ? after a state: as far as your permissions show; a pass has its own.',
      ].join('\n'),
    );
  });

  test('has the namespaces if it shows more than one, and in wide all columns', () => {
    const wide = statusText({ ...report, namespace: null }, { ...view, isWide: true });
    const [header, , , web] = wide.split('\n');
    assert.match(header ?? '', /^NAMESPACE +KIND +.* UNTIL +LAST ROLLOUT +MESSAGE$/);
    assert.match(web ?? '', /^shop +Deployment +web .* 2026-11-28T06:00:00Z +the message of web$/);
    assert.match(wide, /api .*the message of api$/m);
  });

  test('fits the terminal, but not in wide', () => {
    const longest = (text: string) => {
      const [shown = ''] = text.split('\n\n');
      return Math.max(...shown.split('\n').map((line) => line.length));
    };
    assert.ok(longest(statusText(report, { ...view, width: 60 })) <= 60);
    assert.ok(longest(statusText(report, { ...view, width: 60, isWide: true })) > 60);
  });

  test('says why there is no workload to show', () => {
    assert.equal(
      statusText(statusReport(), view),
      'No workload has opted in in namespace shop: annotate one with wave.pusher.com/update-on-config-change: "true"; --all-namespaces shows the other namespaces.',
    );
    assert.match(
      statusText(statusReport({ namespace: null }), view),
      /^No workload has opted in: [^;]*$/,
    );
    assert.equal(
      statusText(statusReport({ outOfScope: 'setting ignoreNamespaces includes shop' }), view),
      'Passes do not handle namespace shop: setting ignoreNamespaces includes shop.',
    );
  });
});

test('names are those of kubectl', () => {
  assert.equal(
    statusNames(statusReport({ workloads: report.workloads.slice(0, 2) })),
    'deployment.apps/lost\ndeployment.apps/closed',
  );
});
