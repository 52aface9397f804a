import { type HashEntry, recordName } from './config-hash.ts';
import type { Readings } from './decide.ts';
import { quote } from './quote.ts';
import { type Reference, sourceKey } from './references.ts';
import { isSourceName } from './source-name.ts';

export interface Resolved {
  /** What keeps the Pods from starting, a sentence for each. */
  readonly missing: readonly string[];
  readonly unreadable: readonly string[];
  /** What goes into the hash: all of it where nothing is missing or unreadable. */
  readonly entries: readonly HashEntry[];
}

/**
 * Sorts the references of a workload by what came back for them.
 *
 * @param readings one for each reference
 */
export function resolve(
  { namespace }: { readonly namespace: string },
  references: readonly Reference[],
  readings: Readings,
): Resolved {
  const missing: string[] = [];
  const unreadable: string[] = [];
  const entries: HashEntry[] = [];
  for (const reference of references) {
    const identity = {
      kind: reference.kind,
      namespace: reference.namespace === namespace ? '' : reference.namespace,
      name: reference.name,
    };
    const label = recordName(identity);
    const reading = readings.get(sourceKey(reference));
    if (reading === undefined) throw new Error(`no reading for ${label}`);
    if (reading.state === 'unreadable') {
      unreadable.push(`${label} could not be read: ${reading.why}`);
    } else if (reading.state === 'absent') {
      if (reference.required) missing.push(whyAbsent(reference, label));
      // One that appears may turn out not to be marked, which must not roll anything.
      else if (!reference.ifMatched) entries.push({ ...identity, data: null });
    } else if (!reading.ignored) {
      for (const key of reference.requiredKeys) {
        if (!reading.data.has(key)) missing.push(`${label} has no key ${quote(key)}`);
      }
      entries.push({ ...identity, data: referencedKeys(reading.data, reference.keys) });
    }
  }
  return { missing, unreadable, entries };
}

function whyAbsent({ kind, name }: Reference, label: string): string {
  return isSourceName(name)
    ? `${label} does not exist`
    : `${kind} ${quote(name)} cannot exist: Kubernetes takes no such name`;
}

/** A reading holds the keys of every workload that shares the source; the hash takes only its own. */
function referencedKeys(
  data: ReadonlyMap<string, string>,
  keys: Reference['keys'],
): ReadonlyMap<string, string> {
  if (keys === 'all') return data;
  return new Map([...data].filter(([key]) => keys.has(key)));
}
