import { findWorkload } from '../../handler/explain/find-workload.ts';
import { readRevisions, revisionObjects } from '../../handler/explain/revisions.ts';
import { templateUsersIn } from '../../handler/reading/template-users.ts';
import { type ExitStatus, exitStatus, UnreachableError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import { type Runner, runnerOf } from '../../lib/rules/template-user.ts';
import { askedWorkload } from '../cli/asked-workload.ts';
import type { CommandContext } from '../command-context.ts';
import { historyNote, historyTable } from '../output/history-table.ts';
import { jsonText } from '../output/json-text.ts';

export interface HistoryOptions {
  /** `KIND/NAME`. */
  readonly workload: string;
  readonly namespace: string | undefined;
  readonly output: 'table' | 'json';
}

/** Prints the revisions of a workload, and what changed in each. */
export async function history(
  { settings, wiring, log, print, signal }: CommandContext,
  { workload, namespace, output }: HistoryOptions,
): Promise<ExitStatus> {
  const { connection, api, cluster } = wiring;
  const name = askedWorkload(workload, namespace, connection, settings.kinds);
  const keys = annotationKeysOf(settings.annotationPrefix);
  const inspector = createInspector(api);
  let runner: Runner | undefined;
  try {
    const object = await findWorkload(name, { cluster, inspector, kinds: settings.kinds, signal });
    const context = { cluster, signal };
    const { users, problem } = await templateUsersIn(name.namespace, settings, context);
    if (problem !== undefined) {
      log.warn(`its revisions may be those of a workload that could not be read: ${problem}`);
    }
    const user = users.of(name);
    runner = runnerOf(name.kind, object, user === 'unknown' ? undefined : user);
    const revisions = await readRevisions(name.namespace, runner, keys, inspector, signal);
    if (output === 'json') {
      print(jsonText({ workload: name, revisions }));
      return exitStatus.done;
    }
    const note =
      revisionObjects(runner) === undefined ? noRevisions(runner) : historyNote(revisions);
    if (revisions.length > 0) print(historyTable(revisions));
    if (note !== undefined) print(note);
    return exitStatus.done;
  } catch (error) {
    if (signal.aborted) {
      log.error('interrupted before all objects were read');
      return exitStatus.incomplete;
    }
    // The workload was found, so the error concerns its revisions.
    if (!isApiError(error)) throw error;
    const { kind, namespace: where, name: which } = name;
    throw new UnreachableError(
      `the ${(runner && revisionObjects(runner)) ?? 'revisions'} of ${kind} ${where}/${which} cannot be read: ${error.message}`,
    );
  }
}

function noRevisions({ kind }: Pick<Runner, 'kind'>): string {
  return `wave-cron knows no objects that keep the earlier pod templates of a ${kind}`;
}
