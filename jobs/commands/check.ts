import { type Findings, findings } from '../../handler/check/findings.ts';
import { type GivenSetting, givenSettings } from '../../handler/check/settings.ts';
import { type ExitStatus, exitStatus } from '../../lib/errors.ts';
import { version } from '../../lib/version.ts';
import type { CommandContext } from '../command-context.ts';
import { notes, problems } from '../output/check-problems.ts';
import { checkText, missingRules } from '../output/check-text.ts';
import { jsonText } from '../output/json-text.ts';
import { plural } from '../output/pass-log.ts';

export interface CheckOptions {
  readonly output: 'table' | 'json';
}

/**
 * Reports whether a pass could do its work with these settings, with all problems at once. Changes
 * nothing.
 */
export async function check(
  { wiring, log, print, signal, ...loaded }: CommandContext,
  { output }: CheckOptions,
): Promise<ExitStatus> {
  const beforePermissions = (permissions: number): void => {
    if (permissions > manyPermissions)
      log.info({ permissions }, `asking about ${plural(permissions, 'permission')}`);
  };
  const now = wiring.deps.clock.wallTime();
  let found: Findings;
  try {
    found = await findings(loaded, wiring, beforePermissions, now.getTime(), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    log.error('the check was interrupted before it was complete');
    return exitStatus.incomplete;
  }
  const given = givenSettings(loaded);
  print(output === 'json' ? checkJson(found, given) : checkText(found, given));
  return statusOf(found);
}

/** With more namespaces, a check takes so long that it logs a note. */
const manyPermissions = 1_000;

function statusOf(found: Findings): ExitStatus {
  const { cluster } = found;
  if (cluster === undefined || cluster.permissions.every(({ state }) => state === 'unknown'))
    return exitStatus.unreachable;
  return problems(found).length > 0 ? exitStatus.incomplete : exitStatus.done;
}

function checkJson(found: Findings, settings: readonly GivenSetting[]): string {
  const { cluster, server, origin, serverVersion } = found;
  const { user, namespaces, lease, hashKey, permissions, ownerReferences } = cluster ?? {};
  const blockers = problems(found);
  return jsonText({
    ok: blockers.length === 0,
    version,
    connection: { server, origin, serverVersion, user },
    settings,
    namespaces,
    lease,
    hashKey,
    permissions,
    ownerReferences,
    problems: blockers,
    notes: notes(found),
    missingRules: cluster === undefined ? [] : missingRules(cluster),
  });
}
