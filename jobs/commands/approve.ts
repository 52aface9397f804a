import { readApproval, type ToApprove, writeApproval } from '../../handler/approve/approve.ts';
import { type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import { annotateWorkload } from '../../lib/kubernetes/annotate-workload.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import { approvalManager, type WorkloadName } from '../../lib/kubernetes/names.ts';
import { askedWorkload } from '../cli/asked-workload.ts';
import type { CommandContext } from '../command-context.ts';
import {
  type ApprovalResult,
  approvalJson,
  approvalQuestion,
  approvalResult,
  approvalText,
} from '../output/approve-text.ts';

export interface ApproveOptions {
  /** `KIND/NAME`. */
  readonly workload: string;
  readonly namespace: string | undefined;
  /** Lets the configuration pass all holds at once. */
  readonly now: boolean;
  /** Whether to approve without a question. */
  readonly yes: boolean;
  readonly output: 'text' | 'json';
}

/** Shows the held change of a workload, asks, and approves its configuration. */
export async function approve(
  context: CommandContext,
  options: ApproveOptions,
): Promise<ExitStatus> {
  const { wiring, log, signal } = context;
  const name = askedWorkload(
    options.workload,
    options.namespace,
    wiring.connection,
    context.settings.kinds,
  );
  if (!options.yes && context.ask === undefined) {
    throw new UsageError(
      'approve changes the workload, and there is no terminal to ask for confirmation: add --yes; wave-cron explain shows what is held',
    );
  }
  try {
    return await approveWorkload(name, options, context);
  } catch (error) {
    if (!signal.aborted) throw error;
    log.error('interrupted before anything was approved');
    return exitStatus.incomplete;
  }
}

async function approveWorkload(
  name: WorkloadName,
  options: ApproveOptions,
  context: CommandContext,
): Promise<ExitStatus> {
  const { settings, wiring, print, signal } = context;
  const { api, cluster } = wiring;
  const { kinds } = settings;
  const deps = { cluster, inspector: createInspector(api), kinds, signal };
  const found = await readApproval(name, options.now, settings, deps);
  const isText = options.output === 'text';
  if (isText) print(`${approvalText(found)}\n`);
  const result = await resultOf(found, options, context);
  print(isText ? approvalResult(found, options.now, result) : approvalJson(found, result));
  return statuses[result];
}

async function resultOf(
  found: ToApprove,
  { now, yes, output }: ApproveOptions,
  { settings, wiring, ask, signal }: CommandContext,
): Promise<ApprovalResult> {
  if (found.request.approvedBy !== null) return 'AlreadyApproved';
  if (!yes && ask !== undefined) {
    // With JSON, the output is for a program, so the question contains the text for the person.
    const shown = output === 'json' ? `${approvalText(found)}\n\n` : '';
    const isConfirmed = await ask(`${shown}${approvalQuestion(found, now)}`, signal);
    if (!isConfirmed) return 'NotApproved';
  }
  const isHeld = await writeApproval(found, settings, (name, annotations) =>
    annotateWorkload(wiring.api, name, annotations, approvalManager, signal),
  );
  return isHeld ? 'Approved' : 'Outdated';
}

const statuses = {
  Approved: exitStatus.done,
  AlreadyApproved: exitStatus.done,
  NotApproved: exitStatus.incomplete,
  Outdated: exitStatus.incomplete,
} as const satisfies Record<ApprovalResult, ExitStatus>;
