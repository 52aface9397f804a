import { type Reason, reasons, type Said } from './reason.ts';

/**
 * The message about a workload whose Pods upstream Wave does not let the scheduler place. The hash is
 * written anyway: it restarts nothing now, and the workload needs no other restart once it is free. Pure.
 *
 * @param hold of `holdSentence`; undefined if Wave does not hold the workload back
 */
export function withHold(said: Said, hold: string | undefined): Said {
  const { reason, sentence } = said;
  if (hold === undefined || over.has(reason)) return said;
  return reasons[reason].isWarning
    ? { reason, sentence: `${sentence}; ${hold}` }
    : { reason: 'SchedulingDisabled', sentence: `${hold}; ${sentence}` };
}

const over: ReadonlySet<Reason> = new Set(['Deleting', 'OptedOut']);
