import { isOwnRecordName } from '../../kubernetes/names.ts';
import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record on a workload, with the names of all sources that may have an owner reference to the
 * workload. With the record, passes find these sources without listing Secrets. The record is
 * written before the first reference is added. After a reference is removed, its name is removed
 * from the record.
 */
export interface OwnedRecord {
  /** `ConfigMap/name` or `Secret/name`, in the namespace of the workload. */
  readonly names: ReadonlySet<string>;
  /**
   * False if other sources may have an owner reference to the workload too. Only a list can find
   * these sources.
   */
  readonly complete: boolean;
}

/** The ownership state of a workload. */
export interface OwnedState {
  /**
   * If no source may have an owner reference to the workload, the record is removed from the
   * workload.
   */
  readonly record: OwnedRecord;
  readonly finalizer: boolean;
  /** Whether the count of put-back references is kept. */
  readonly keepsPutBack: boolean;
}

/**
 * Whether any source may have an owner reference to the workload. As long as this is true, the
 * workload keeps its record.
 */
export function mayOwn({ names, complete }: OwnedRecord): boolean {
  return names.size > 0 || !complete;
}

/** The entry for sources with unknown names. */
const others = '*';

/**
 * Maximum size of our records. A workload references fewer sources. If a record is longer, another
 * client wrote it, and checking each name in it would be unbounded work.
 */
export const recordBounds = { names: 1000, bytes: 64 * 1024 } as const;

/**
 * Divides the names into those that fit into a record, in the given order and with room for the
 * `*`, and the others.
 */
export function withinBounds(names: Iterable<string>): { fit: Set<string>; beyond: string[] } {
  const fit = new Set<string>();
  const beyond: string[] = [];
  let bytes = '["*"]'.length;
  for (const name of names) {
    if (fit.has(name)) continue;
    // The 3 bytes are two quotes and a comma. A record contains only ASCII.
    bytes += name.length + 3;
    if (fit.size < recordBounds.names && bytes <= recordBounds.bytes) fit.add(name);
    else beyond.push(name);
  }
  return { fit, beyond };
}

/**
 * A JSON array of names. The names are sorted, so that the record of the same sources always has
 * the same text.
 */
export function formatRecord({ names, complete }: OwnedRecord): string {
  return JSON.stringify([...names].sort().concat(complete ? [] : [others]));
}

/**
 * The names in a record; undefined if the record is missing, or if wave-cron cannot have written
 * it. Then the sources are not known.
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
