import type { Revision } from '../../lib/explanation/revisions.ts';
import { table } from './table.ts';

/** Newest first; for people. */
export function historyTable(revisions: readonly Revision[]): string {
  return table([
    ['REVISION', 'TIME', 'CONFIG HASH', 'WHAT CHANGED'],
    ...revisions.map(({ revision, current, createdAt, configHash, rolledBack, what }) => [
      `${revision}${current ? ' (current)' : ''}`,
      createdAt ?? 'not known',
      shortHash(configHash),
      rolledBack ? `gone back to the template of that time: ${what}` : what,
    ]),
  ]);
}

/** Enough of a hash to tell it from another by eye. */
export function shortHash(hash: string | null): string {
  return hash === null ? 'none' : hash.slice(0, 12);
}

/** What a table cannot say, where there is such a thing. */
export function historyNote(revisions: readonly Revision[]): string | undefined {
  if (revisions.length === 0) return 'No revision is kept.';
  return revisions.some(({ current }) => current)
    ? undefined
    : 'The template as it is now has no revision yet: its controller has not taken it up, or it is paused.';
}
