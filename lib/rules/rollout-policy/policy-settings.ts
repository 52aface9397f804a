import { parsePause } from '../../schedule/pause.ts';
import { readWindows } from '../../schedule/window-list.ts';
import type { RolloutSettings } from '../../settings/schema.ts';
import { type Amount, parseAmount } from '../../text/amount.ts';
import { durationMs } from '../../text/duration.ts';
import type { PolicySettings } from './holds.ts';
import type { PolicyLevel } from './level.ts';
import type { QueueLimits } from './queue-state.ts';

/** The settings of the group `rollouts` in the form that the rules use. A pass reads them once. */
export interface RolloutRules extends PolicySettings {
  readonly limits: QueueLimits;
  readonly onFailure: RolloutSettings['onFailure'];
  readonly namespaceAnnotations: RolloutSettings['namespaceAnnotations'];
}

/**
 * @param rollouts validated settings
 * @throws Error if the settings are invalid
 */
export function rolloutRulesOf(rollouts: RolloutSettings, timeZone: string): RolloutRules {
  const { limit, onFailure, namespaceAnnotations } = rollouts;
  const { maxConcurrent, maxConcurrentPerNamespace, progressDeadline } = rollouts;
  const [all, perNamespace] = [maxConcurrent, maxConcurrentPerNamespace].map(amountFrom);
  return {
    level: levelOf(rollouts, timeZone),
    ...{ limit, timeZone, onFailure, namespaceAnnotations },
    limits: {
      ...(all === undefined ? {} : { all }),
      ...(perNamespace === undefined ? {} : { perNamespace }),
      progressDeadlineMs: durationMs(progressDeadline),
    },
  };
}

function levelOf(rollouts: RolloutSettings, timeZone: string): PolicyLevel {
  const { approval, settle, cooldown } = rollouts;
  const name = (key: keyof RolloutSettings): string => `setting rollouts.${key}`;
  const pause = parsePause(String(rollouts.paused));
  const windows = readWindows(rollouts.windows, timeZone, name('windows'));
  if (pause === 'invalid' || 'problem' in windows) throw new Error('the settings are not checked');
  return {
    ...(pause === undefined ? {} : { pause: { ...pause, from: name('paused') } }),
    windows,
    approval: { required: approval === 'required', from: name('approval') },
    settle: { ms: durationMs(settle), text: settle, from: name('settle') },
    cooldown: { ms: durationMs(cooldown), text: cooldown, from: name('cooldown') },
  };
}

function amountFrom(value: number | string | undefined): Amount | undefined {
  return value === undefined ? undefined : parseAmount(String(value));
}
