import { quote } from '../text/quote.ts';
import type { LeaseLostError } from './error.ts';
import { inSeconds } from './seconds.ts';

/** An event of a lease. Times are in milliseconds of the local monotonic clock. */
export type LeaseEvent = { readonly lease: string } & (
  | { readonly kind: 'acquired'; readonly identity: string; readonly created: boolean }
  | {
      readonly kind: 'watching';
      readonly holder: string;
      readonly heldForMs: number | undefined;
      /** If nothing changes for this time, the lease is taken over. */
      readonly forMs: number;
    }
  | {
      readonly kind: 'tookOver';
      readonly identity: string;
      readonly from: string;
      readonly unchangedForMs: number;
    }
  | ({ readonly kind: 'heldByOther' } & HeldByOther)
  | { readonly kind: 'renewalFailed'; readonly error: unknown; readonly validForMs: number }
  | { readonly kind: 'renewedLate'; readonly afterMs: number }
  | { readonly kind: 'lost'; readonly error: LeaseLostError; readonly heldForMs: number }
  | { readonly kind: 'released'; readonly heldForMs: number }
  /** The lease is shared: other members of the group may still hold it. */
  | { readonly kind: 'leftToGroup'; readonly heldForMs: number; readonly freeAfterMs: number }
  /**
   * The lease stays held after this process has ended, so that other processes are excluded for a
   * while.
   */
  | { readonly kind: 'leftHeld'; readonly heldForMs: number; readonly freeAfterMs: number }
  | { readonly kind: 'releaseFailed'; readonly error: unknown; readonly freeAfterMs: number }
  | { readonly kind: 'notReleased'; readonly holder: string | undefined }
);

/** Another live process holds the lease, or held it until a moment ago. */
export interface HeldByOther {
  readonly holder: string;
  /** According to the record, by the clock of the holder; undefined if the record does not say. */
  readonly heldForMs: number | undefined;
  /**
   * How the contender noticed that the holder is alive. `released` occurs only if `ifReleased` is
   * `leave`.
   */
  readonly seen: 'renewed' | 'changedHands' | 'released';
  readonly watchedForMs: number;
}

/** Must not throw, because the algorithm calls it between its steps. */
export type LeaseListener = (event: LeaseEvent) => void;

const seenAs = { renewed: 'renewed', changedHands: 'took', released: 'released' } as const;

/** A sentence for the log. */
export function leaseSentence(event: LeaseEvent): string {
  const { lease } = event;
  switch (event.kind) {
    case 'acquired':
      return event.created ? `created and acquired ${lease}` : `acquired ${lease}`;
    case 'watching':
      return `${lease} is held by ${quote(event.holder)}${heldFor(event.heldForMs)}: this process takes it over if it stays unchanged for ${inSeconds(event.forMs)}`;
    case 'tookOver':
      return `took over ${lease} from ${quote(event.from)}, unchanged for ${inSeconds(event.unchangedForMs)}`;
    case 'heldByOther':
      return `${lease} ${event.seen === 'released' ? 'was' : 'is'} held by ${quote(event.holder)}${heldFor(event.heldForMs)}, which ${seenAs[event.seen]} it while this process watched it for ${inSeconds(event.watchedForMs)}`;
    case 'renewalFailed':
      return `${lease} could not be renewed; this process still holds it for ${inSeconds(event.validForMs)}: ${textOf(event.error)}`;
    case 'renewedLate':
      return `renewed ${lease} late: ${inSeconds(event.afterMs)} after the previous renewal`;
    case 'lost':
      return `${event.error.message} (held for ${inSeconds(event.heldForMs)})`;
    case 'released':
      return `released ${lease} after ${inSeconds(event.heldForMs)}`;
    case 'leftToGroup':
      return `left ${lease} to the other members of its group after ${inSeconds(event.heldForMs)}: other processes can take it over once no member has renewed it for ${inSeconds(event.freeAfterMs)}`;
    case 'leftHeld':
      return `left ${lease} held after ${inSeconds(event.heldForMs)}: other processes can take it over after ${inSeconds(event.freeAfterMs)}`;
    case 'releaseFailed':
      return `${lease} could not be released; other processes can take it over after ${inSeconds(event.freeAfterMs)}: ${textOf(event.error)}`;
    case 'notReleased':
      return event.holder === undefined
        ? `${lease} no longer existed when this process released it`
        : `${lease} was held by ${quote(event.holder)} when this process tried to release it`;
  }
}

function heldFor(ms: number | undefined): string {
  return ms === undefined ? '' : ` (for ${inSeconds(ms)} according to the holder)`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
