/**
 * What the package exports: one pass, and the means that it needs, for any platform that runs a
 * function on a schedule.
 */

export { systemClock } from '../lib/clock.ts';
export { exitStatus, UnreachableError, UsageError, WaveCronError } from '../lib/errors.ts';
export { apiClient } from '../lib/kubernetes/api-client.ts';
export { cluster } from '../lib/kubernetes/cluster.ts';
export { connect } from '../lib/kubernetes/connection.ts';
export { kubernetesLock } from '../lib/lease/kubernetes-lock.ts';
export { isComplete, type Outcome, type Report } from '../lib/report.ts';
export { loadSettings } from '../lib/settings/load.ts';
export type { LeaseMeans } from './guard.ts';
export { type PassMeans, type PassObserver, type PassRequest, pass } from './pass.ts';
