import type { LeaseName } from '../kubernetes/names.ts';
import { eventsCommand } from './chat-text.ts';
import type { Digest, DigestEntry } from './digest.ts';
import type { ShownDigest } from './fitted.ts';

/**
 * The message of the format json, and the data of a CloudEvent. Its fields are an interface: see
 * docs/notifications.md.
 */
export interface JsonMessage extends Pick<Digest, 'kind' | 'id' | 'time' | 'counts'> {
  readonly sink?: string;
  readonly installation: LeaseName;
  readonly workloads: readonly JsonEntry[];
  /** The number of workloads that are not listed. */
  readonly leftOut: number;
  /** Commands that show the rest. */
  readonly seeAlso: readonly string[];
}

interface JsonEntry extends Omit<DigestEntry, 'heldUntil' | 'sourcesLeftOut'> {
  readonly sourcesLeftOut?: number;
  readonly heldUntil?: string;
}

/** Receivers of CloudEvents must accept 64 KiB. */
const mostBytes = 60_000;

/** Pure. */
export function jsonMessage(digest: ShownDigest): JsonMessage {
  const { kind, id, time, name, installation, counts, entries, leftOut } = digest;
  return {
    ...{ kind, id, time },
    ...(name === undefined ? {} : { sink: name }),
    ...{ installation, counts, workloads: entries.map(entryOf), leftOut },
    seeAlso: ['wave-cron status', eventsCommand],
  };
}

/** @param bytes of the JSON */
export function fitsJson(_: unknown, bytes: number): boolean {
  return bytes <= mostBytes;
}

function entryOf({ heldUntil, sourcesLeftOut, ...entry }: DigestEntry): JsonEntry {
  return {
    ...entry,
    ...(sourcesLeftOut > 0 ? { sourcesLeftOut } : {}),
    ...(heldUntil === undefined ? {} : { heldUntil }),
  };
}
