import { parsedJson } from '../parsed-json.ts';

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

/** Whether any source may carry a mark: so long the workload keeps record and finalizer. */
export function mayOwn({ names, complete }: OwnedRecord): boolean {
  return names.size > 0 || !complete;
}

/** Stands in the record for sources that are not known by name. */
const others = '*';

const ownedName = /^(ConfigMap|Secret)\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** JSON, an array of names, sorted, so that the same sources are always the same text. */
export function formatRecord({ names, complete }: OwnedRecord): string {
  return JSON.stringify([...names].sort().concat(complete ? [] : [others]));
}

/** Undefined where there is none, or one that somebody tampered with: then nothing is known. */
export function parseRecord(text: string | undefined): OwnedRecord | undefined {
  const parsed = parsedJson(text);
  if (!Array.isArray(parsed)) return undefined;
  const names = new Set<string>();
  let complete = true;
  for (const entry of parsed as unknown[]) {
    if (entry === others) complete = false;
    else if (typeof entry === 'string' && ownedName.test(entry)) names.add(entry);
    else return undefined;
  }
  return { names, complete };
}
