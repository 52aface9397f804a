import type { Revision } from '../../lib/explanation/revisions.ts';
import { table } from './table.ts';

/** Newest first; for people. */
export function historyTable(revisions: readonly Revision[]): string {
  return table([
    ['REVISION', 'TIME', 'CONFIG HASH', 'WHAT CHANGED'],
    ...revisions.map(({ revision, current, createdAt, configHash, rolledBack, what }) => [
      `${revision}${current ? ' (current)' : ''}`,
      createdAt ?? 'unknown',
      shortHash(configHash),
      rolledBack ? `rolled back: ${what}` : what,
    ]),
  ]);
}

/** Enough of a hash to tell it from another by eye. */
export function shortHash(hash: string | null): string {
  return hash === null ? 'none' : hash.slice(0, 12);
}

/** What a table cannot say, where there is such a thing. */
export function historyNote(revisions: readonly Revision[]): string | undefined {
  if (revisions.length === 0) return 'No revisions are kept.';
  return revisions.some(({ current }) => current)
    ? undefined
    : 'The current template has no revision yet: it is not yet observed by the controller, or the rollout is paused.';
}
