import { expectedError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { type EventCount, eventCountOf } from '../../lib/kubernetes/cluster.ts';
import type { EventObject } from '../../lib/kubernetes/inspector.ts';
import type { EventName } from '../../lib/kubernetes/names.ts';
import { type PassContext, type ReadContext, sendWrite } from '../context.ts';

/** The history of written hashes, as recorded in Events. */
export interface WriteHistory {
  /** How often an Event was recorded; `unknown` says why the count is not known. */
  count(event: EventName): Promise<EventCount | { readonly unknown: string }>;
  /** Renews an Event that was counted, so that it does not expire before the next pass. */
  refresh(event: EventName, times: number): Promise<void>;
}

export const never: EventCount = { times: 0, at: undefined };

/**
 * The history for a pass. It reads the count from the response to a patch that changes nothing, so
 * it needs no permission to get Events. If the account may not patch Events, it has not recorded
 * any.
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
 * The history for a plan. It gets the Event. If the account may not get Events, like the account of
 * the passes, it sends the patch of a pass as a dry run. Neither request writes anything.
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
 * The history for an explanation, which lists the Events of a workload anyway.
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
