import { type Reason, reasons, type Said } from './reason.ts';

/**
 * Adds the message about Pods that cannot be scheduled because of upstream Wave. The hash is
 * written anyway: it does not restart anything now, and after the scheduler name is restored, the
 * workload needs no other restart. Pure.
 *
 * @param hold the sentence of `holdSentence`; undefined if Wave does not hold the workload back
 */
export function withHold(said: Said, hold: string | undefined): Said {
  const { reason, sentence } = said;
  if (hold === undefined || over.has(reason)) return said;
  return reasons[reason].isWarning
    ? { reason, sentence: `${sentence}; ${hold}` }
    : { reason: 'SchedulingDisabled', sentence: `${hold}; ${sentence}` };
}

const over: ReadonlySet<Reason> = new Set(['Deleting', 'OptedOut']);
