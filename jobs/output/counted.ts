import type { PassObserver } from '../../handler/pass/pass.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';

/** An observer of a pass that also counts, for the metrics, what happens to the lease. */
export function counted(observer: PassObserver, metrics: Metrics): PassObserver {
  return {
    ...observer,
    lease(event) {
      metrics.leaseEvent(event);
      observer.lease?.(event);
    },
  };
}
