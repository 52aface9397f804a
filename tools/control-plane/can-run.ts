import { execFileSync } from 'node:child_process';

/** Whether a program exists and ends with status 0. */
export function canRun(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
