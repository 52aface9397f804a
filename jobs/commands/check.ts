import { type Findings, findings } from '../../handler/check/findings.ts';
import { givenSettings } from '../../handler/check/settings.ts';
import { type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import { notifyOfTest } from '../../lib/notifications/notify.ts';
import { version } from '../../lib/version.ts';
import type { CommandContext } from '../command-context.ts';
import { deliveryProblems, notes, problems } from '../output/check-problems.ts';
import { type Checked, checkText, missingRules } from '../output/check-text.ts';
import { jsonText } from '../output/json-text.ts';
import { plural } from '../output/pass-log.ts';
import { notifyDeps } from '../sinks/notification-sink.ts';

export interface CheckOptions {
  readonly output: 'table' | 'json';
  /** Whether to send a test message to each sink. */
  readonly notify: boolean;
}

/**
 * Reports whether a pass could do its work with these settings. The command reports all problems at
 * once. It changes nothing, but may send test messages.
 *
 * @throws UsageError if `notify` is set and there are no sinks
 */
export async function check(
  context: CommandContext,
  { output, notify }: CheckOptions,
): Promise<ExitStatus> {
  const { wiring, log, print, signal, ...loaded } = context;
  const { notifications } = loaded.settings;
  if (notify && notifications.length === 0) {
    throw new UsageError('--notify needs sinks in the setting notifications, and there are none');
  }
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
  const deliveries = notify ? await notifyOfTest(notifications, notifyDeps(context)) : [];
  const checked = { found, given, deliveries };
  print(output === 'json' ? checkJson(checked) : checkText(checked));
  const status = statusOf(found);
  const isSent = deliveries.every(({ problem }) => problem === undefined);
  return status === exitStatus.done && !isSent ? exitStatus.incomplete : status;
}

/** If a check reviews more permissions than this, the check takes so long that it logs a note. */
const manyPermissions = 1_000;

function statusOf(found: Findings): ExitStatus {
  const { cluster } = found;
  if (cluster === undefined || cluster.permissions.every(({ state }) => state === 'unknown'))
    return exitStatus.unreachable;
  return problems(found).length > 0 ? exitStatus.incomplete : exitStatus.done;
}

function checkJson({ found, given: settings, deliveries }: Checked): string {
  const { cluster, server, origin, serverVersion } = found;
  const { user, namespaces, lease, hashKey, permissions, ownerReferences } = cluster ?? {};
  const blockers = [...problems(found), ...deliveryProblems(deliveries)];
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
    ...(deliveries.length === 0 ? {} : { notifications: deliveries }),
    problems: blockers,
    notes: notes(found),
    missingRules: cluster === undefined ? [] : missingRules(cluster),
  });
}
