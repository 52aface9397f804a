/**
 * A lock between processes of one machine.
 *
 * It is an exclusive file lock of SQLite, held by the operating system. So it is free as soon as
 * its holder ends in any way, and there are no stale locks.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const busy = 5;

export type LockOptions = {
  /** Called once if another process has the lock, with the holder's description of itself. */
  onWait?: (holder: string) => void;
  pollMs?: number;
};

/** Runs `work` while it holds the lock `file`. The file is created if it is missing. */
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
    // This text is only for people. It does not decide which process has the lock.
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
