import { isOwnRecordName } from '../../kubernetes/names.ts';
import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record on a workload with the names of all sources that may have its owner reference. With
 * it, they are found without listing Secrets. It is written before the first reference is added,
 * and shrinks after a reference is removed.
 */
export interface OwnedRecord {
  /** `ConfigMap/name` or `Secret/name`, of the namespace of the workload. */
  readonly names: ReadonlySet<string>;
  /** False if other sources may have its owner reference too. Only a list can find those. */
  readonly complete: boolean;
}

/** The ownership state of a workload. */
export interface OwnedState {
  /** Removed from the workload if it may own nothing. */
  readonly record: OwnedRecord;
  readonly finalizer: boolean;
  /** Whether the count of put-back references is kept. */
  readonly keepsPutBack: boolean;
}

/**
 * Whether any source may have its owner reference. As long as this is true, the workload keeps its
 * record.
 */
export function mayOwn({ names, complete }: OwnedRecord): boolean {
  return names.size > 0 || !complete;
}

/** The entry for sources with unknown names. */
const others = '*';

/**
 * Maximum size of our records. A workload references fewer sources. A longer record was written by
 * another client, and checking each of its names would be unbounded work.
 */
export const recordBounds = { names: 1000, bytes: 64 * 1024 } as const;

/** The names that fit into a record, in this order, with room for the `*`; and the others. */
export function withinBounds(names: Iterable<string>): { fit: Set<string>; beyond: string[] } {
  const fit = new Set<string>();
  const beyond: string[] = [];
  let bytes = '["*"]'.length;
  for (const name of names) {
    if (fit.has(name)) continue;
    // Includes quotes and a comma. A record contains only ASCII.
    bytes += name.length + 3;
    if (fit.size < recordBounds.names && bytes <= recordBounds.bytes) fit.add(name);
    else beyond.push(name);
  }
  return { fit, beyond };
}

/** A JSON array of sorted names, so that the same sources always have the same text. */
export function formatRecord({ names, complete }: OwnedRecord): string {
  return JSON.stringify([...names].sort().concat(complete ? [] : [others]));
}

/**
 * Undefined if the record is missing, or if wave-cron cannot have written it. Then nothing is
 * known.
 */
export function parseRecord(text: string | undefined): OwnedRecord | undefined {
  if (text === undefined || text.length > recordBounds.bytes) return undefined;
  const parsed = parsedJson(text);
  if (!Array.isArray(parsed)) return undefined;
  const names = new Set<string>();
  let complete = true;
  for (const entry of parsed as unknown[]) {
    if (entry === others) complete = false;
    else if (typeof entry === 'string' && isOwnRecordName(entry)) names.add(entry);
    else return undefined;
    if (names.size > recordBounds.names) return undefined;
  }
  return { names, complete };
}
