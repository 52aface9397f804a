import { isOwnRecordName } from '../../kubernetes/names.ts';
import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record on a workload of the sources that may carry its mark, so that they are found without
 * listing any Secret. It is written before the first mark and shrinks after the last is gone.
 */
export interface OwnedRecord {
  /** `ConfigMap/name` or `Secret/name`, of the workload's own namespace. */
  readonly names: ReadonlySet<string>;
  /** False where others may carry a mark as well, which only a list can find. */
  readonly complete: boolean;
}

/** What a workload is to carry of ownership. */
export interface OwnedState {
  /** Left out of the workload if nothing may be owned. */
  readonly record: OwnedRecord;
  readonly finalizer: boolean;
  /** Whether the count of references that were put back stays, if there is one. */
  readonly keepsPutBack: boolean;
}

/** Whether any source may carry a mark: so long the workload keeps its record. */
export function mayOwn({ names, complete }: OwnedRecord): boolean {
  return names.size > 0 || !complete;
}

/** Stands in the record for sources that are not known by name. */
const others = '*';

/**
 * The most that a record of ours holds. A workload references fewer sources; what is longer was
 * written by somebody else, and to look at each of its names would be work without a bound.
 */
export const recordBounds = { names: 1000, bytes: 64 * 1024 } as const;

/** As many of these names, in this order, as a record holds, with room for the `*`; and those beyond. */
export function withinBounds(names: Iterable<string>): { fit: Set<string>; beyond: string[] } {
  const fit = new Set<string>();
  const beyond: string[] = [];
  let bytes = '["*"]'.length;
  for (const name of names) {
    if (fit.has(name)) continue;
    // With its quotes and a comma. What may stand in a record is ASCII.
    bytes += name.length + 3;
    if (fit.size < recordBounds.names && bytes <= recordBounds.bytes) fit.add(name);
    else beyond.push(name);
  }
  return { fit, beyond };
}

/** JSON, an array of names, sorted, so that the same sources are always the same text. */
export function formatRecord({ names, complete }: OwnedRecord): string {
  return JSON.stringify([...names].sort().concat(complete ? [] : [others]));
}

/**
 * Undefined where there is none, or one that we cannot have written: then nothing is known.
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
