import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exitStatus } from '../lib/errors.ts';
import { annotations } from '../lib/rules/annotations.ts';
import { reasons } from '../lib/rules/reason.ts';
import { systemClock } from '../lib/schedule/clock.ts';
import { defaultSettings } from '../lib/settings/schema.ts';
import { createMetrics } from '../lib/telemetry/metrics.ts';
import { version } from '../lib/version.ts';

const standardPrefix = defaultSettings.annotationPrefix;
const root = join(import.meta.dirname, '..');

function reasonReference(): string {
  const rows = Object.entries(reasons).map(
    ([code, { meaning, isWarning, incomplete }]) =>
      `| \`${code}\` | ${meaning} | ${isWarning ? 'Warning' : 'Normal, where something was written'} | ${incomplete ? 1 : 0} |`,
  );
  return `# Reason codes

What a pass says about a workload: the same word in the log, the report, the event and \`plan\`.

| code | meaning | event | exit status |
|---|---|---|---|
${rows.join('\n')}

The pass as a whole ends as \`Completed\`, \`LeaseHeld\` (another process holds the lease: skipped),
\`LeaseLost\` or \`Interrupted\` (cut short: status 1).

A trouble that its owner has to mend, such as a missing source, does not fail the pass: a CronJob
would else fail for ever over one team's mistake. It is told as a Warning event on the workload, one
whose series grows, and as a log line, at each pass.
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

All begin with \`${standardPrefix}/\`, or with another name and a slash where the setting
\`annotationPrefix\` says so. A workload is a Deployment, StatefulSet or DaemonSet.

## What you set

${table('owner')}

Those of a workload count on the workload itself, not on its pod template. In lists, blanks around names
mean nothing; what cannot be a name is told as \`InvalidAnnotation\`, and the workload is left alone.

Environment variables, \`envFrom\`, volumes and projected volumes of all containers, init containers
included, are found by themselves; where single keys are named, only those keys count.
[How it works](how-it-works.md#what-counts-as-configuration) has the whole of it. With the setting
\`compatibility\` those of Reloader [count as well](migration.md#from-reloader).

To opt out, take \`update-on-config-change\` off: nothing restarts, and the hash stays where it is, with \`/written-hash\` beside it.

## What wave-cron writes

${table('wave-cron')}

With \`ownership: finalizer\` a workload that uses a ConfigMap or Secret also has the finalizer \`finalizer\`, under
the same prefix. Never put any of this into git: [why](gitops.md). \`wave-cron release\`
[removes it](ownership.md#uninstalling), the hash, \`adopted\` and \`rollout-history\` with \`--annotations\` alone.
`;
}

/** The metrics of a process that has done a pass, as a table. */
async function metricsTable(): Promise<string> {
  const traffic = { requests: 0, bytesRead: 0 };
  const metrics = createMetrics({ traffic, clock: systemClock, process: false });
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
  const text = await metrics.text();
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)/gm)].map(
    ([, name, help, type, sample = '']) => {
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
      const own = labels.filter((label) => label !== 'le').map((label) => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${own.join(', ')} | ${help} |`;
    },
  );
  return `| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join('\n')}`;
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
    const file = join(root, 'docs/metrics.md');
    const [from, to] = ['<!-- made from the code: ', '<!-- end of what is made from the code -->'];
    const text = readFileSync(file, 'utf8');
    const begin = text.indexOf('\n', text.indexOf(from)) + 1;
    const end = text.indexOf(to);
    assert.ok(begin > 0 && end >= begin);
    const whole = `${text.slice(0, begin)}${await metricsTable()}\n${text.slice(end)}`;
    if (process.env['UPDATE'] === '1') writeFileSync(file, whole);
    assert.equal(readFileSync(file, 'utf8'), whole);
  });

  it('says what to do about each reason that is a trouble', () => {
    const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
    for (const [code, { isWarning }] of Object.entries(reasons))
      if (isWarning) assert.match(page, new RegExp(`^## ${code}\\b`, 'm'));
  });

  it('says what the version is about that package.json names', () => {
    const page = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
    assert.match(page, new RegExp(`^## ${RegExp.escape(version)}( |$)`, 'm'));
  });

  it('lists every exit status', () => {
    const page = readFileSync(join(root, 'docs/commands.md'), 'utf8');
    for (const status of Object.values(exitStatus))
      assert.match(page, new RegExp(`^\\| ${status} \\|`, 'm'));
  });
});
