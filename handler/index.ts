/**
 * The exports of the package: a function that runs one pass, and its dependencies. Any platform
 * that runs a function on a schedule can call it.
 */

export { exitStatus, UnreachableError, UsageError, WaveCronError } from '../lib/errors.ts';
export { createApiClient } from '../lib/kubernetes/client/api-client.ts';
export { createCluster } from '../lib/kubernetes/cluster.ts';
export { connect } from '../lib/kubernetes/credentials/connection.ts';
export { kubernetesLock } from '../lib/lease/kubernetes-lock.ts';
export { isComplete, type Outcome, type Report } from '../lib/rules/report.ts';
export { systemClock } from '../lib/schedule/clock.ts';
export { loadSettings } from '../lib/settings/load.ts';
export { type PassDeps, type PassObserver, type PassRequest, pass } from './pass/pass.ts';
export type { LeaseDeps } from './with-lease.ts';
