import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exitStatus } from '../lib/errors.ts';
import { annotations } from '../lib/rules/annotations.ts';
import { reasons } from '../lib/rules/reason.ts';
import { systemClock } from '../lib/schedule/clock.ts';
import { defaultSettings } from '../lib/settings/schema.ts';
import { ownStates } from '../lib/status/state.ts';
import { createMetrics } from '../lib/telemetry/metrics.ts';
import { version } from '../lib/version.ts';

const standardPrefix = defaultSettings.annotationPrefix;
const root = join(import.meta.dirname, '..');

function reasonReference(): string {
  const rows = Object.entries(reasons).map(
    ([code, { meaning, isWarning, incomplete, ...more }]) => {
      const normal =
        'isHold' in more ? 'when the hold begins or changes' : 'if something was written';
      const event = isWarning ? 'Warning' : `Normal, ${normal}`;
      return `| \`${code}\` | ${meaning} | ${event} | ${incomplete ? 1 : 0} |`;
    },
  );
  const holds = Object.entries(reasons).flatMap(([code, each]) => ('isHold' in each ? [code] : []));
  return `# Reason codes

A pass gives each workload a reason code. The log, the report, the Event and \`plan\` all use this code.

| code | meaning | event | exit status |
|---|---|---|---|
${rows.join('\n')}

These codes are [holds](rollouts.md#what-a-hold-is): a change is known and waits. ${holds.map((code) => `\`${code}\``).join(', ')}.

The pass itself ends as \`Completed\`, \`LeaseHeld\` (skipped, because another process holds the Lease),
\`LeaseLost\` (exit status 1) or \`Interrupted\` (exit status 1).

If the owner of a workload must fix a problem, such as a missing source, the pass does not fail. Otherwise, one
team's mistake would make every run of a CronJob fail. Each pass logs the problem and records a Warning Event on the
workload. A repeated Warning continues the series of the same Event.
`;
}

function annotationReference(): string {
  const table = (by: 'owner' | 'wave-cron'): string => {
    const rows = Object.values(annotations)
      .filter((annotation) => annotation.by === by)
      .map(({ on, name, takes, meaning }) => {
        const where = on === 'source' ? 'ConfigMap, Secret' : on;
        return `| ${where} | \`${name}\` | ${takes} | ${meaning} |`;
      });
    return `| on | annotation | value | meaning |\n|---|---|---|---|\n${rows.join('\n')}`;
  };
  return `# Annotations

All names begin with \`${standardPrefix}/\`. The setting \`annotationPrefix\` changes that prefix. A workload
is a Deployment, StatefulSet, DaemonSet, or an object of [another kind](kinds.md) in the setting \`kinds\`.

## What you set

${table('owner')}

Annotations that begin with \`rollout-\` belong to the [rollout policy](rollouts.md). Set annotations of a workload
on the workload itself, not on its pod template. Lists may contain spaces around
names. If an entry cannot be a name, it is reported as \`InvalidAnnotation\`, and the workload is not changed.

wave-cron finds the sources in environment variables, \`envFrom\`, volumes and projected volumes of all
containers, including init containers. If a reference names single keys, only those keys count.
[How it works](how-it-works.md#what-counts-as-configuration) has the details. With the setting
\`compatibility\`, wave-cron [also reads the annotations of Reloader](migration.md#from-reloader).

To opt out, remove \`update-on-config-change\`. Nothing restarts, and \`config-hash\` and \`written-hash\`
stay on the workload.

## What wave-cron writes

${table('wave-cron')}

With \`ownership: finalizer\`, a workload that uses a ConfigMap or Secret also has the finalizer
\`${standardPrefix}/finalizer\`. Do not commit the finalizer or the annotations in this table to git: [why](gitops.md).
\`wave-cron release\` [removes](ownership.md#uninstalling) the finalizer, \`owned-sources\` and
\`owner-references-put-back\`. With \`--annotations\`, it also removes the other annotations in this table.
`;
}

/** The metrics of a process that has done a pass, as a table. */
async function metricsTable(): Promise<string> {
  const traffic = { requests: 0, bytesRead: 0 };
  const metrics = createMetrics({ traffic, clock: systemClock, process: true });
  metrics.passEnded({
    pass: 'Completed',
    outcomes: [],
    listProblems: [],
    unreached: 0,
    eventsLost: 0,
    counts: {},
    requests: 0,
    bytesRead: 0,
    durationMs: 0,
  });
  metrics.nextPass(new Date());
  metrics.notifications.counted('1', 'slack', 'Sent', 1);
  const text = await metrics.text();
  const rows = [...text.matchAll(/^# HELP (wave_cron_\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)/gm)].map(
    ([, name, help, type, sample = '']) => {
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
      const own = labels.filter((label) => label !== 'le').map((label) => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${own.join(', ')} | ${help} |`;
    },
  );
  return `| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join('\n')}`;
}

/** The states that are not reason codes, as a table. */
function statesTable(): string {
  const rows = Object.entries(ownStates).map(
    ([state, { meaning }]) => `| \`${state}\` | ${meaning} |`,
  );
  return `| state | meaning |\n|---|---|\n${rows.join('\n')}`;
}

/** Fails unless the generated part of a page is this text. */
function assertMade(page: string, made: string): void {
  const file = join(root, page);
  const [from, to] = ['<!-- made from the code: ', '<!-- end of what is made from the code -->'];
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf('\n', text.indexOf(from)) + 1;
  const end = text.indexOf(to);
  assert.ok(begin > 0 && end >= begin);
  const whole = `${text.slice(0, begin)}${made}\n${text.slice(end)}`;
  if (process.env['UPDATE'] === '1') writeFileSync(file, whole);
  assert.equal(readFileSync(file, 'utf8'), whole);
}

describe('the documentation', () => {
  it('lists the reason codes of the code (UPDATE=1 rewrites it)', () => {
    const file = join(root, 'docs/reason-codes.md');
    if (process.env['UPDATE'] === '1') writeFileSync(file, reasonReference());
    assert.equal(readFileSync(file, 'utf8'), reasonReference());
  });

  it('lists the annotations of the code (UPDATE=1 rewrites it)', () => {
    const file = join(root, 'docs/annotations.md');
    if (process.env['UPDATE'] === '1') writeFileSync(file, annotationReference());
    assert.equal(readFileSync(file, 'utf8'), annotationReference());
  });

  it('lists the metrics of the code (UPDATE=1 rewrites them)', async () => {
    assertMade('docs/metrics.md', await metricsTable());
  });

  it('lists the states of the code (UPDATE=1 rewrites them)', () => {
    assertMade('docs/status.md', statesTable());
  });

  it('says what to do about each reason code that is a warning', () => {
    const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
    for (const [code, { isWarning }] of Object.entries(reasons))
      if (isWarning) assert.match(page, new RegExp(`^## ${code}\\b`, 'm'));
  });

  it('has the version of package.json in the changelog', () => {
    const page = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
    assert.match(page, new RegExp(`^## ${RegExp.escape(version)}( |$)`, 'm'));
  });

  it('lists every exit status', () => {
    const page = readFileSync(join(root, 'docs/commands.md'), 'utf8');
    for (const status of Object.values(exitStatus))
      assert.match(page, new RegExp(`^\\| ${status} \\|`, 'm'));
  });
});
