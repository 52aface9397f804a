import { microTime } from '../text/micro-time.ts';
import type { FoundRecord, LeaseRecord } from './lock.ts';
import { leaseDurationBounds } from './timing.ts';

/** leaseTransitions is an int32 in the API. */
const maxTransitions = 2 ** 31 - 1;

/**
 * Reads the spec of any Lease. Invalid fields are ignored and cause no error: otherwise one bad
 * field would stop every pass.
 */
export function foundRecord(spec: unknown): FoundRecord {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } =
    fieldsOf(spec);
  const holder = typeof holderIdentity === 'string' ? holderIdentity : '';
  const transitions = wholeWithin(leaseTransitions, 0, maxTransitions) ?? 0;
  return {
    holderIdentity: holder,
    leaseDurationSeconds: wholeWithin(leaseDurationSeconds, 1, leaseDurationBounds.most),
    heldForMs: span(acquireTime, renewTime),
    leaseTransitions: transitions,
    neverHeld: holder === '' && !isSet(acquireTime) && !isSet(renewTime) && transitions === 0,
    content: JSON.stringify([
      holderIdentity,
      leaseDurationSeconds,
      acquireTime,
      renewTime,
      leaseTransitions,
    ]),
  };
}

/** The record of a new holder. `found` is undefined if there was no Lease. */
export function takenRecord(
  found: FoundRecord | undefined,
  identity: string,
  durationSeconds: number,
  now: Date,
): LeaseRecord {
  const time = microTime(now);
  return {
    holderIdentity: identity,
    leaseDurationSeconds: durationSeconds,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: found === undefined ? 0 : transitionsAfter(found, identity),
  };
}

/**
 * If a holder keeps the Lease between passes, its annotation `/yield` has this value. A contender
 * replaces the value with the identity of the contender. Then the holder releases the lease as soon
 * as no pass is running.
 */
export const yieldsOnRequest = 'on-request';

export function renewedRecord(record: LeaseRecord, now: Date): LeaseRecord {
  return { ...record, renewTime: microTime(now) };
}

/**
 * A record without a holder, so that the next holder does not wait. The duration of one second is
 * for programs that do not support an empty holder. client-go writes the same duration.
 */
export function releasedRecord(record: LeaseRecord, now: Date): LeaseRecord {
  const time = microTime(now);
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: record.leaseTransitions,
  };
}

/** The final record of this holder, with which the lease stays held for this time. */
export function leftRecord(record: LeaseRecord, forSeconds: number, now: Date): LeaseRecord {
  return { ...renewedRecord(record, now), leaseDurationSeconds: forSeconds };
}

/**
 * Counts like client-go: one more for each change of the holder. At the limit of the API, the count
 * restarts, because the API server would reject a greater count, and the lease would be blocked
 * permanently.
 */
function transitionsAfter(found: FoundRecord, identity: string): number {
  if (found.holderIdentity === identity) return found.leaseTransitions;
  return found.leaseTransitions >= maxTransitions ? 0 : found.leaseTransitions + 1;
}

interface SpecFields {
  readonly holderIdentity?: unknown;
  readonly leaseDurationSeconds?: unknown;
  readonly acquireTime?: unknown;
  readonly renewTime?: unknown;
  readonly leaseTransitions?: unknown;
}

function fieldsOf(spec: unknown): SpecFields {
  return typeof spec === 'object' && spec !== null ? spec : {};
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function wholeWithin(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? value
    : undefined;
}

/**
 * The milliseconds between two times of the holder. Both times come from the clock of the holder,
 * so they can be compared.
 */
function span(from: unknown, to: unknown): number | undefined {
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  const ms = Date.parse(to) - Date.parse(from);
  return ms >= 0 ? ms : undefined;
}
