import type { StatusReport } from '../../handler/status/status.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { Window } from '../../lib/schedule/window.ts';
import { type Span, spansOf } from '../../lib/schedule/window-spans.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/** The response of `/api/overview`. */
export interface Overview {
  readonly version: number;
  readonly report: StatusReport;
  /** The change windows of the settings, in their order. */
  readonly windows: readonly ShownWindow[];
  /** Present if the settings pause all rollouts. `until`: in milliseconds since 1970; null: no end. */
  readonly pause?: { readonly until: number | null };
  /** The setting `rollouts.maxConcurrent`; null: no limit. */
  readonly maxConcurrent: string | null;
}

export interface ShownWindow extends Pick<Window, 'kind' | 'schedule' | 'duration' | 'timeZone'> {
  /** The times when the window is open, from now until a week later. */
  readonly spans: readonly Span[];
}

const weekMs = 7 * 86_400_000;

/**
 * The data that the page shows about all workloads. Pure.
 *
 * @param now in milliseconds since 1970
 */
export function overviewOf(
  state: { readonly version: number; readonly report: StatusReport },
  { rollouts, timeZone }: Pick<Settings, 'rollouts' | 'timeZone'>,
  now: number,
): Overview {
  const { windows = [], pause } = rolloutRulesOf(rollouts, timeZone).level;
  const isPaused = pause !== undefined && (pause.until ?? Number.POSITIVE_INFINITY) > now;
  return {
    version: state.version,
    report: state.report,
    windows: windows.map((window) => {
      const { kind, schedule, duration, timeZone: zone } = window;
      return {
        kind,
        schedule,
        duration,
        timeZone: zone,
        spans: spansOf(window, now, now + weekMs),
      };
    }),
    ...(isPaused ? { pause: { until: pause.until ?? null } } : {}),
    maxConcurrent: rollouts.maxConcurrent === undefined ? null : String(rollouts.maxConcurrent),
  };
}
