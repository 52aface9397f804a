/**
 * What may happen in a walk, as plain data: any list of steps can be run, shortened and printed. A step
 * that finds nothing to do, such as the deletion of what does not exist, does nothing.
 */
import type { FaultName } from '../world/faults.ts';
import type { StreamFault } from '../world/watch-stream.ts';

/** How a workload mentions a source. */
export const mentions = ['all', 'optional', 'key', 'volume', 'extra'] as const;
export type Mention = (typeof mentions)[number];
export interface Mentioned {
  readonly source: number;
  readonly how: Mention;
}

/** Places in the lists of names.ts. */
export interface Place {
  readonly namespace: number;
  readonly workload: number;
}

export type UserStep =
  | { do: 'write source'; namespace: number; source: number; x: number; y: number | null }
  /** A label of it changes, and its data does not. */
  | { do: 'label source'; namespace: number; source: number; value: number }
  | { do: 'delete source'; namespace: number; source: number }
  | ({
      do: 'apply workload';
      mentions: readonly Mentioned[];
      optIn: boolean;
      adoption: 'stamp' | 'if-changed' | 'baseline';
    } & Place)
  | ({ do: 'delete workload'; cascade: 'Background' | 'Foreground' | 'Orphan' } & Place)
  /** As `kubectl delete --cascade=orphan` and `kubectl apply`. */
  | ({ do: 'recreate workload' } & Place)
  /** A GitOps tool restores its template; `whole`: and removes the records of wave-cron. */
  | ({ do: 'revert'; whole: boolean } & Place)
  /** It does so at once, whenever a hash is written, and as often as that. */
  | ({ do: 'operate'; whole: boolean; times: number } & Place)
  | ({ do: 'opt'; value: 'true' | 'false' | null } & Place)
  | ({ do: 'edit template' | 'scale' | 'pause' } & Place)
  | { do: 'delete namespace' | 'create namespace'; namespace: number }
  | { do: 'policy'; namespace: number; workload: number | null; key: PolicyKey; value: PolicyValue }
  | ({ do: 'approve'; which: 'pending' | 'older'; now: boolean } & Place);

export type PolicyKey = 'pause' | 'windows' | 'approval' | 'settle' | 'cooldown' | 'order';

/** Minutes from the step on, as a number. For a list of windows: their opening times in minutes from the step on. */
export type PolicyValue = string | number | null | readonly WindowStep[];

export interface WindowStep {
  readonly kind: 'allow' | 'deny';
  readonly opensIn: number;
  readonly lasts: number;
}

/** How one process fares. `nth` counts its requests from 1. */
export interface Fate {
  readonly faults: readonly { nth: number; times: number; fault: FaultName }[];
  /** At which request it is killed or stopped, and whether that request is still done. */
  readonly end: { how: 'kill' | 'stop'; nth: number; done: boolean } | null;
  readonly wallHours: number;
}

export type Setting =
  | { key: 'ownership'; value: 'off' | 'references' | 'finalizer' }
  | { key: 'paused'; value: boolean }
  | { key: 'approval'; value: 'none' | 'required' }
  | { key: 'settle' | 'cooldown'; value: string }
  | { key: 'limit'; value: number }
  | { key: 'maxConcurrent' | 'maxConcurrentPerNamespace'; value: number | null };

export type ProcessStep =
  | { do: 'once'; fate: Fate }
  | { do: 'schedule'; replica: number; fate: Fate }
  | { do: 'release'; fate: Fate }
  | { do: 'terminate' | 'kill' | 'stop' | 'resume'; replica: number }
  | { do: 'clock'; replica: number; hours: number }
  /** Its requests from now on fare like that. */
  | { do: 'harm'; replica: number; fate: Fate }
  | { do: 'trigger'; replica: number; about: number | null }
  | { do: 'streams'; fault: StreamFault }
  /** The next requests of all processes. */
  | { do: 'network'; fault: FaultName; times: number }
  /** Admission rejects writes of this kind by wave-cron until the next check. */
  | { do: 'reject'; what: 'workloads' | 'sources' | 'events'; status: 403 | 422 }
  | { do: 'setting'; setting: Setting }
  /** Continue tokens expire, and the versions from which watches would go on. */
  | { do: 'compact' }
  | { do: 'time'; minutes: number };

/** Faults end, a pass comes to its end, and everything is compared. `lift`: also all policies end. */
export interface CheckStep {
  readonly do: 'check';
  readonly lift: boolean;
}

/** `waitMs`: the milliseconds until the next step. */
export type Step = (UserStep | ProcessStep | CheckStep) & { readonly waitMs: number };

export interface Plan {
  readonly seed: number;
  readonly fleet: 'jobs' | 'replicas' | 'shards';
  readonly optIn: 'annotation' | 'namespace';
  /** When replicas pass without a trigger. */
  readonly schedule: 'each ten minutes' | 'each year';
  readonly steps: readonly Step[];
}
