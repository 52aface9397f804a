import type { Revision } from '../../lib/explanation/revisions.ts';
import { table } from './table.ts';

/** Newest first. */
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

/** The first digits of a hash. They are enough for a person to distinguish two hashes. */
export function shortHash(hash: string | null): string {
  return hash === null ? 'none' : hash.slice(0, 12);
}

/** A note below the table, if there is one. */
export function historyNote(revisions: readonly Revision[]): string | undefined {
  if (revisions.length === 0) return 'No revisions are kept.';
  return revisions.some(({ current }) => current)
    ? undefined
    : 'The current template has no revision yet: it is not yet observed by the controller, or the rollout is paused.';
}
