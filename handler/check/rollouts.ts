import { byName, objectTitle } from '../../lib/kubernetes/names.ts';
import { momentText } from '../../lib/rules/rollout-policy/moment.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { cronMoments } from '../../lib/schedule/cron.ts';
import { missedWindow, type PassTimes } from '../../lib/schedule/missed-window.ts';
import type { LoadedSettings } from '../../lib/settings/load.ts';
import { durationMs } from '../../lib/text/duration.ts';

/**
 * The facts that a person should know about the settings of rollouts, as sentences.
 *
 * @param now in milliseconds since 1970
 */
export function rolloutSentences(loaded: LoadedSettings, now: number): string[] {
  const { settings } = loaded;
  const { level, timeZone } = rolloutRulesOf(settings.rollouts, settings.timeZone);
  const passes = passTimes(loaded);
  const delayMs = settings.jitterSeconds * 1_000;
  const missed =
    passes === undefined
      ? undefined
      : missedWindow(level.windows ?? [], passes.times, delayMs, now);
  return [
    ...pauseSentence(level.pause, timeZone, now),
    ...(missed === undefined || passes === undefined
      ? []
      : [
          `passes can miss the window "${missed.schedule}" of ${missed.duration} in ${missed.from}, because passes start ${passes.text}: make the window longer, or passes more frequent`,
        ]),
  ];
}

function pauseSentence(
  pause: { readonly until: number | undefined; readonly from: string } | undefined,
  timeZone: string,
  now: number,
): string[] {
  if (pause === undefined) return [];
  const { until, from } = pause;
  if (until === undefined) return [`${from} pauses all rollouts until somebody lifts it`];
  if (until <= now) return [];
  return [`${from} pauses all rollouts until ${momentText(until, timeZone)}`];
}

/**
 * Undefined if the times are not known: a CronJob has its own schedule, which is not in the
 * settings of its Pod.
 */
function passTimes({
  settings,
  origins,
  cronSchedule,
}: LoadedSettings): { readonly times: PassTimes; readonly text: string } | undefined {
  if (cronSchedule !== undefined) {
    const { schedule, timeZone } = cronSchedule;
    const times = { moments: cronMoments(schedule, timeZone) };
    return { times, text: `at "${schedule}" (${timeZone}, the CronJob)` };
  }
  const { resyncInterval, schedule, timeZone } = settings;
  if (resyncInterval !== undefined) {
    const times = { everyMs: durationMs(resyncInterval) };
    return { times, text: `every ${resyncInterval} (resyncInterval)` };
  }
  if (origins.get('schedule')?.kind === 'default') return undefined;
  return {
    times: { moments: cronMoments(schedule, timeZone) },
    text: `at "${schedule}" (schedule)`,
  };
}

const longMs = 24 * 3_600_000;
const mostNamed = 3;

/**
 * One sentence about the workloads whose changes have been held back for more than a day; empty if
 * there are none.
 *
 * @param now in milliseconds since 1970
 */
export function longHeldSentences(
  workloads: readonly Workload[],
  timeZone: string,
  now: number,
): string[] {
  const held = workloads.flatMap((workload) => {
    const { pending } = workload.rollouts;
    return pending === undefined || pending.since > now - longMs
      ? []
      : [{ workload, since: pending.since }];
  });
  const sorted = held.toSorted((a, b) => a.since - b.since || byName(a.workload, b.workload));
  const [oldest] = sorted;
  if (oldest === undefined) return [];
  const names = sorted.slice(0, mostNamed).map(({ workload }) => objectTitle(workload));
  const rest = held.length > mostNamed ? ` and ${held.length - mostNamed} more` : '';
  const what =
    held.length === 1 ? '1 workload has a change' : `${held.length} workloads have a change`;
  return [
    `${what} that has been held back for more than a day, the oldest since ${momentText(oldest.since, timeZone)}: ${names.join(', ')}${rest}; wave-cron explain says why`,
  ];
}
