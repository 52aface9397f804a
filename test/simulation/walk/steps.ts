/**
 * The possible steps of a walk as plain data, so each list of steps can run, be shortened and be
 * printed. A step without an effect, such as the deletion of a missing object, does nothing.
 */
import type { Reference } from '../../faults/walk/references.ts';
import type { FaultName } from '../world/faults.ts';
import type { StreamFault } from '../world/watch-stream.ts';

/** Indexes in the lists of names.ts. */
export interface Place {
  readonly namespace: number;
  readonly workload: number;
}

export type UserStep =
  | { do: 'write source'; namespace: number; source: number; x: number; y: number | null }
  /** Changes a label of a source, but not its data. */
  | { do: 'label source'; namespace: number; source: number; value: number }
  | { do: 'delete source'; namespace: number; source: number }
  | ({
      do: 'apply workload';
      mentions: readonly Reference[];
      optIn: boolean;
      adoption: 'stamp' | 'if-changed' | 'baseline';
    } & Place)
  | ({ do: 'delete workload'; cascade: 'Background' | 'Foreground' | 'Orphan' } & Place)
  /** Has the effect of `kubectl delete --cascade=orphan` and a later `kubectl apply`. */
  | ({ do: 'recreate workload' } & Place)
  /** A GitOps tool restores the template. `whole`: it also removes the records of wave-cron. */
  | ({ do: 'revert'; whole: boolean } & Place)
  /** A GitOps tool does the same immediately after each of the next `times` hashes. */
  | ({ do: 'operate'; whole: boolean; times: number } & Place)
  | ({ do: 'opt'; value: 'true' | 'false' | null } & Place)
  | ({ do: 'edit template' | 'scale' | 'pause' } & Place)
  | { do: 'delete namespace' | 'create namespace'; namespace: number }
  | { do: 'policy'; namespace: number; workload: number | null; key: PolicyKey; value: PolicyValue }
  | ({ do: 'approve'; which: 'pending' | 'older'; now: boolean } & Place);

export type PolicyKey = 'pause' | 'windows' | 'approval' | 'settle' | 'cooldown' | 'order';

/**
 * A number is in minutes from the step. A list of windows contains their opening times in minutes from
 * the step.
 */
export type PolicyValue = string | number | null | readonly WindowStep[];

export interface WindowStep {
  readonly kind: 'allow' | 'deny';
  readonly opensIn: number;
  readonly lasts: number;
}

/** The faults and the end of one process. `nth` counts its requests from 1. */
export interface Fate {
  readonly faults: readonly { nth: number; times: number; fault: FaultName }[];
  /**
   * The request at which the process is killed or stopped. `done`: the server still handles this
   * request.
   */
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
  /** The next requests of the replica get the faults of this fate. */
  | { do: 'harm'; replica: number; fate: Fate }
  | { do: 'trigger'; replica: number; about: number | null }
  | { do: 'streams'; fault: StreamFault }
  /** The next requests of all processes get this fault. */
  | { do: 'network'; fault: FaultName; times: number }
  /** Admission rejects writes of this kind by wave-cron until the next check. */
  | { do: 'reject'; what: 'workloads' | 'sources' | 'events'; status: 403 | 422 }
  | { do: 'setting'; setting: Setting }
  /** Continue tokens expire, and also the versions at which watches would continue. */
  | { do: 'compact' }
  | { do: 'time'; minutes: number };

/** All faults end, a pass runs to its end, and the checks follow. `lift`: all policies also end. */
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
  /** The schedule of passes that replicas start without a trigger. */
  readonly schedule: 'each ten minutes' | 'each year';
  readonly steps: readonly Step[];
}
