/**
 * A lock between processes of one machine.
 *
 * The operating system holds it (SQLite's exclusive file lock), so it is free again as soon as its
 * holder ends, however it ends: there is no stale lock to matchRecordedHash and none to break.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const busy = 5;

export type LockOptions = {
  /** Called once where someone else has the lock, with what the holder says about itself. */
  onWait?: (holder: string) => void;
  pollMs?: number;
};

/** Runs `work` while holding the lock `file`, which is created where it is missing. */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { onWait, pollMs = 300 }: LockOptions = {},
): Promise<T> {
  const database = new DatabaseSync(file, { timeout: 0 });
  const holderFile = `${file}.holder`;
  try {
    for (let waiting = false; !tryAcquire(database); await sleep(pollMs)) {
      if (!waiting) onWait?.(readHolder(holderFile));
      waiting = true;
    }
    // Only for people: who has the lock is never decided by it.
    writeFileSync(holderFile, `process ${process.pid}, since ${new Date().toISOString()}`);
    try {
      return await work();
    } finally {
      rmSync(holderFile, { force: true });
    }
  } finally {
    database.close();
  }
}

function tryAcquire(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return false;
    throw error;
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return 'a process that has only just taken the lock';
  }
}
