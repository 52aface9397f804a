import type { WorkloadName } from '../kubernetes/names.ts';
import type { Decision } from './decide.ts';
import { type HeldByWave, holdSentence } from './held-by-wave.ts';
import { type Reason, reasons } from './reason.ts';

/**
 * The decision as it is told of a workload that Wave holds back. What is written is written all the same:
 * it restarts nothing now, and need not restart anything again once the workload is free.
 */
export function withHold(
  workload: WorkloadName & { readonly heldByWave?: HeldByWave },
  decision: Decision,
): Decision {
  const { reason, sentence } = decision;
  if (workload.heldByWave === undefined || over.has(reason)) return decision;
  const hold = holdSentence(workload, workload.heldByWave);
  return reasons[reason].isWarning
    ? { ...decision, sentence: `${sentence}; ${hold}` }
    : { ...decision, reason: 'SchedulingDisabled', sentence: `${hold}; ${sentence}` };
}

const over: ReadonlySet<Reason> = new Set(['Deleting', 'OptedOut']);
