import { parsedJson } from './parsed-json.ts';

/**
 * The record of a configuration, as `/config-sources` has it: a short digest for each source, `-`
 * for one that is absent.
 */

export interface Difference {
  /** As in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  /** Goes after its name: `changed`, `does not exist any more`. */
  readonly how: string;
}

/** What differs between two records, in words, with the sources of now first. Nothing is said against an empty record. */
export function compareRecords(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): Difference[] {
  if (before.size === 0) return [];
  const differences: Difference[] = [];
  for (const [source, digest] of now) {
    const old = before.get(source);
    if (old === digest) continue;
    if (old === undefined) differences.push({ source, how: 'is referenced now' });
    else if (old === '-') differences.push({ source, how: 'exists now' });
    else differences.push({ source, how: digest === '-' ? 'does not exist any more' : 'changed' });
  }
  for (const source of before.keys()) {
    if (!now.has(source)) differences.push({ source, how: 'is no longer referenced' });
  }
  return differences;
}

/**
 * Reads `/config-sources` as far as it makes sense. It only serves to say what changed, so a record
 * that somebody tampered with costs the explanation, never the decision.
 */
export function parseSourceRecord(text: string | undefined): ReadonlyMap<string, string> {
  const parsed = parsedJson(text);
  const isObject = typeof parsed === 'object' && parsed !== null;
  return sourceRecordOf(isObject ? (parsed as Readonly<Record<string, unknown>>) : {});
}

/** As `parseSourceRecord`, of what is parsed already. */
export function sourceRecordOf(
  digests: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, string> {
  const record = new Map<string, string>();
  for (const [source, digest] of Object.entries(digests)) {
    if (recordedSource.test(source) && typeof digest === 'string') record.set(source, digest);
  }
  return record;
}

/** What `recordName` writes. Anything else in a record is not ours and goes into no message. */
const recordedSource = /^(ConfigMap|Secret)\/[a-z0-9./-]{1,317}$/;
