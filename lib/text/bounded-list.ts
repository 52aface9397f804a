/**
 * Maximum entries of a list in a log line or a report. More entries do not help a reader and fill
 * the log.
 */
const maxEntries = 20;
/**
 * The maximum size is small because a name may have 253 characters, and a line may have several
 * lists.
 */
const maxBytes = 2048;

export interface BoundedList<T> {
  readonly listed: readonly T[];
  /** The number of omitted entries. */
  readonly leftOut: number;
}

/** The first entries of a list, and the number of omitted entries. */
export function boundedList<T>(entries: readonly T[]): BoundedList<T> {
  let bytes = 0;
  let count = 0;
  for (const entry of entries.slice(0, maxEntries)) {
    bytes += Buffer.byteLength(typeof entry === 'string' ? entry : (JSON.stringify(entry) ?? ''));
    if (bytes > maxBytes) break;
    count += 1;
  }
  return { listed: entries.slice(0, count), leftOut: entries.length - count };
}
