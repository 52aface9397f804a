/** Conflicts of a server-side apply with the fields of other managers. */
import type { Owner, Owners } from './field-owners.ts';
import { type FieldSet, intersection, isEmptySet } from './field-set.ts';
import type { JsonMap } from './json.ts';
import { StatusError } from './status.ts';
import { elementInWords } from './typed.ts';

/** @throws StatusError if another manager owns one of the taken fields */
export function assertNoConflict(owners: Owners, own: string, taken: FieldSet): void {
  const conflicts = [...owners].flatMap(([id, owner]) => {
    if (id === own) return [];
    const fields = intersection(owner.fields, taken);
    return membersOf(fields).map((path) => ({ by: inWords(owner), path }));
  });
  if (conflicts.length === 0) return;
  throw new StatusError({
    code: 409,
    reason: 'Conflict',
    message: conflictMessage(conflicts),
    details: {
      causes: conflicts.map(({ by, path }) => ({
        ...{ reason: 'FieldManagerConflict', message: `conflict with ${by}`, field: path },
      })),
    },
  });
}

function conflictMessage(conflicts: readonly { by: string; path: string }[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.by}: ${first.path}`;
  }
  const lines = [...Map.groupBy(conflicts, ({ by }) => by)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([by, its]) => [`conflicts with ${by}:`, ...its.map(({ path }) => `- ${path}`)]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function inWords({ name, operation, apiVersion, subresource }: Owner): string {
  const whose = subresource === '' ? `"${name}"` : `"${name}" with subresource "${subresource}"`;
  return operation === 'Update' ? `${whose} using ${apiVersion}` : whose;
}

/** All members of each level, followed by the members of the levels below. */
function membersOf(set: FieldSet, before = ''): string[] {
  const keys = Object.keys(set)
    .filter((key) => key !== '.')
    .sort();
  const nodeOf = (key: string) => set[key] as JsonMap;
  const isMember = (key: string) => isEmptySet(nodeOf(key)) || '.' in nodeOf(key);
  return [
    ...keys.filter(isMember).map((key) => `${before}${elementInWords(key)}`),
    ...keys.flatMap((key) => membersOf(nodeOf(key), `${before}${elementInWords(key)}`)),
  ];
}
