import { pass } from '../../handler/pass/pass.ts';
import { type ExitStatus, exitStatus } from '../../lib/errors.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import { reasons } from '../../lib/rules/reason.ts';
import { isChange, isComplete, isHeld, type Outcome, type Report } from '../../lib/rules/report.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { CommandContext } from '../command-context.ts';
import { jsonText } from '../output/json-text.ts';
import { logKindsNotServed, plural } from '../output/pass-log.ts';
import { table } from '../output/table.ts';

export interface PlanOptions {
  readonly output: 'table' | 'json';
  /** Whether to show workloads with nothing to do too. */
  readonly all: boolean;
  /** Status 4 if something would change. */
  readonly exitCode: boolean;
}

/** Runs a pass that writes nothing, and prints what the pass would do. */
export async function plan(
  { settings, wiring, log, print, signal }: CommandContext,
  options: PlanOptions,
): Promise<ExitStatus> {
  const report = await pass({ settings, write: false }, { ...wiring.deps, signal });
  for (const { what, why } of report.listProblems) {
    log.error({ what, why }, `${what} could not be listed: ${why}`);
  }
  logKindsNotServed(log, report.kindsNotServed);
  if (report.sentence !== undefined) {
    log.error(
      { pass: report.pass, unreached: report.unreached },
      `the plan is incomplete: ${report.sentence}; ${plural(report.unreached, 'workload')} not reached`,
    );
  }
  print(options.output === 'json' ? planJson(report) : planTable(report, settings, options.all));

  const changes = report.outcomes.some(isChange);
  if (!isComplete(report)) return exitStatus.incomplete;
  return options.exitCode && changes ? exitStatus.wouldChange : exitStatus.done;
}

function planJson(report: Report): string {
  const { pass: how, shard, outcomes, listProblems, kindsNotServed, unreached, counts } = report;
  const workloads = outcomes.map(
    ({ kind, namespace, name, reason, sentence, changed, changedLeftOut, ...rest }) => ({
      kind,
      namespace,
      name,
      reason,
      sentence,
      changed,
      changedLeftOut,
      wouldRestart: rest.written,
      held: rest.held,
      ownership: rest.ownership,
    }),
  );
  return jsonText({ pass: how, shard, workloads, counts, listProblems, kindsNotServed, unreached });
}

function planTable({ outcomes }: Report, settings: Settings, all: boolean): string {
  const idle = (outcome: Outcome): boolean =>
    !isChange(outcome) && !isHeld(outcome) && !reasons[outcome.reason].isWarning;
  const shown = all ? outcomes : outcomes.filter((outcome) => !idle(outcome));
  const hidden = outcomes.length - shown.length;
  const lines = [];
  if (shown.length > 0) {
    lines.push(
      table([
        ['NAMESPACE', 'KIND', 'NAME', 'DECISION', 'WHY'],
        ...shown.map(({ namespace, kind, name, reason, sentence }) => [
          namespace,
          kind,
          name,
          reason,
          sentence,
        ]),
      ]),
      '',
    );
  }
  const count = (fits: (outcome: Outcome) => boolean) => outcomes.filter(fits).length;
  const other = (what: string, fits: (outcome: Outcome) => boolean) =>
    count(fits) > 0 ? [`${count(fits)} ${what}`] : [];
  const parts = [
    `${count(({ written }) => written)} to restart`,
    ...other('to adopt', ({ reason }) => reason === 'Adopted'),
    ...other('with changed owner references', (each) => {
      return (
        !each.written && each.reason !== 'Adopted' && each.ownership !== undefined && !isHeld(each)
      );
    }),
    ...other('held back', isHeld),
    `${count((each) => reasons[each.reason].isWarning && !isHeld(each))} blocked`,
    `${count(idle)} with nothing to do${hidden > 0 ? ' (--all shows them)' : ''}`,
  ];
  lines.push(`${parts.join(', ')}.`);
  if (outcomes.length === 0) lines.push(noneOptedIn(settings));
  return lines.join('\n');
}

function noneOptedIn({ annotationPrefix, optIn }: Settings): string {
  const { updateOnConfigChange } = annotationKeysOf(annotationPrefix);
  const annotate = (what: string) =>
    `No workload has opted in: annotate ${what} with ${updateOnConfigChange}: "true".`;
  if (optIn === 'annotation') return annotate('one');
  if (optIn === 'namespace') return annotate('one, or its namespace,');
  return 'There is no workload to handle.';
}
