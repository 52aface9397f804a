import type { PassObserver } from '../../handler/pass/pass.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';

/** A pass observer that also counts lease events for the metrics. */
export function counted(observer: PassObserver, metrics: Metrics): PassObserver {
  return {
    ...observer,
    lease(event) {
      metrics.leaseEvent(event);
      observer.lease?.(event);
    },
  };
}
