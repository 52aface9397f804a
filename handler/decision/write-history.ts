import { expectedError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { type EventCount, eventCountOf } from '../../lib/kubernetes/cluster.ts';
import type { EventObject } from '../../lib/kubernetes/inspector.ts';
import type { EventName } from '../../lib/kubernetes/names.ts';
import { type PassContext, type ReadContext, sendWrite } from '../context.ts';

/** What is remembered of hashes that were written: the Events that recorded it. */
export interface WriteHistory {
  /** How often an Event was recorded; `unknown` says why nobody could tell. */
  count(event: EventName): Promise<EventCount | { readonly unknown: string }>;
  /** Makes an Event that was counted last on, so that it is there at the next pass. */
  refresh(event: EventName, times: number): Promise<void>;
}

export const never: EventCount = { times: 0, at: undefined };

/**
 * For a pass: it asks by a patch that changes nothing, which needs no permission to get Events. If it
 * may not even patch them, it has recorded none.
 */
export function historyOfPass(context: PassContext): WriteHistory {
  const { cluster, clock, signal } = context;

  async function ifAllowed<T>(answer: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      expectedError(error, signal);
      return otherwise;
    }
  }

  return {
    count: (event) =>
      ifAllowed(
        sendWrite(context, event.namespace, (call) => cluster.eventCount(event, call)),
        never,
      ),
    refresh: (event, times) =>
      ifAllowed(
        sendWrite(context, event.namespace, (call) =>
          cluster.refreshEvent(event, times, clock.wallTime(), call),
        ),
        undefined,
      ),
  };
}

/**
 * For a plan: it reads the Event. An account that may not, such as that of the passes, asks as a pass
 * does, but as a dry run. Neither writes anything.
 */
export function historyOfPlan({ cluster, reads, signal }: ReadContext): WriteHistory {
  const mayNotRead = new Set<string>();

  async function ask(event: EventName): Promise<EventCount> {
    const { namespace } = event;
    if (!mayNotRead.has(namespace)) {
      try {
        return await reads.run(namespace, () => cluster.readEventCount(event, signal));
      } catch (error) {
        if (!isApiError(error, 403)) throw error;
        mayNotRead.add(namespace);
      }
    }
    return await reads.run(namespace, () => cluster.eventCount(event, { signal, dryRun: true }));
  }

  return {
    count: async (event) => {
      try {
        return await ask(event);
      } catch (error) {
        return { unknown: expectedError(error, signal).message };
      }
    },
    refresh: async () => undefined,
  };
}

/**
 * For an explanation, which lists the Events of a workload anyway.
 *
 * @param events undefined if they could not be listed
 */
export function historyOfListed(events: readonly EventObject[] | undefined): WriteHistory {
  return {
    count: async ({ name }) => {
      if (events === undefined) return { unknown: 'its events could not be read' };
      const event = events.find(({ metadata }) => metadata?.name === name);
      return event === undefined ? never : eventCountOf(event);
    },
    refresh: async () => undefined,
  };
}
