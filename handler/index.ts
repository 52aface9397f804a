/** What the package exports: one pass, for any platform that runs a function on a schedule. */
export { exitStatus, UnreachableError, UsageError, WaveCronError } from '../lib/errors.ts';
export { isComplete, type Outcome, type Report } from '../lib/report.ts';
export type { LeaseMeans } from './guard.ts';
export { type PassMeans, type PassObserver, type PassRequest, pass } from './pass.ts';
