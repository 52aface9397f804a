import { isObjectName, recordName } from '../kubernetes/names.ts';
import { quote } from '../text/quote.ts';
import type { Readings } from './reading.ts';
import { type Reference, sourceKey } from './references.ts';

export interface Resolved {
  /** The missing sources and keys, which prevent the Pods from starting, as sentences. */
  readonly missing: readonly string[];
  readonly unreadable: readonly string[];
}

/**
 * The references that prevent a hash.
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
  for (const reference of references) {
    const label = recordName(identityOf(reference, namespace));
    const reading = readings.get(sourceKey(reference));
    if (reading === undefined) throw new Error(`no reading for ${label}`);
    if (reading.state === 'unreadable') {
      unreadable.push(`${label} could not be read: ${reading.why}`);
    } else if (reading.state === 'absent') {
      if (reference.required) missing.push(whyAbsent(reference, label));
    } else if (!reading.ignored) {
      if (reading.mounted?.state === 'unreadable') {
        unreadable.push(
          `the objects of ${label} in its Pods could not be read: ${reading.mounted.why}`,
        );
      }
      for (const key of reference.requiredKeys) {
        if (reading.absentKeys.has(key)) missing.push(`${label} has no key ${quote(key)}`);
      }
    }
  }
  return { missing, unreadable };
}

/** The identity of a source in the hash and in the record. */
export function identityOf({ kind, namespace, name }: Reference, own: string) {
  return { kind, namespace: namespace === own ? '' : namespace, name };
}

function whyAbsent({ kind, name }: Reference, label: string): string {
  return isObjectName(name)
    ? `${label} does not exist`
    : `${kind} ${quote(name)} cannot exist: Kubernetes does not allow this name`;
}
