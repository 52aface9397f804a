import { Counter, type Registry } from 'prom-client';

/**
 * The results of a request for an early pass, in this order: a pass starts for the request; the
 * request shares the pass of an earlier request; the token is missing or wrong; the body is
 * invalid; wave-cron is stopping or cannot read its token.
 */
export const triggerResults = [
  'Accepted',
  'Gathered',
  'Unauthorized',
  'Invalid',
  'Unavailable',
] as const;

export type TriggerResult = (typeof triggerResults)[number];

/** Metrics of early passes. */
export interface TriggerMetrics {
  /** Counts a `POST /trigger`. */
  requested(result: TriggerResult): void;
  /** Counts a pass that was started only by requests. */
  passStarted(): void;
}

export function triggerMetrics(registry: Registry): TriggerMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'wave_cron_trigger_requests_total',
    help: 'POST /trigger by result: Accepted, Gathered (shares the pass of an earlier request), Unauthorized, Invalid, or Unavailable.',
    labelNames: ['result'],
    registers,
  });
  for (const result of triggerResults) requests.inc({ result }, 0);
  const passes = new Counter({
    name: 'wave_cron_trigger_passes_total',
    help: 'Passes that started before their scheduled time, because of a request.',
    registers,
  });
  return {
    requested: (result) => requests.inc({ result }),
    passStarted: () => passes.inc(),
  };
}
