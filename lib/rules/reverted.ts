import { quote } from '../text/quote.ts';
import type { Decision } from './decide.ts';
import type { Workload } from './workload.ts';

/**
 * How often a hash is written for one configuration. If it is still removed, another tool does
 * that.
 */
const writesAtMost = 2;

/**
 * Changes a decision to write a hash to a template without one, if the same hash was written to
 * this workload before: another client must have removed it. Pure.
 *
 * @param times how often the hash is known to have been written
 */
export function afterWrites(workload: Workload, decision: Decision, times: number): Decision {
  if (times === 0) return decision;
  const who = whoTookIt(workload);
  if (times < writesAtMost) {
    return {
      ...decision,
      sentence: `the hash that was written before was removed (${who}); written again: ${decision.sentence}`,
    };
  }
  const other =
    workload.adoptionFacts?.adoption === 'stamp' ? ', or set adoption to if-changed' : '';
  const { podsMeanwhile = 'its Pods may run with an older configuration' } = decision;
  return {
    reason: 'Reverted',
    sentence: `the hash was written ${times === 2 ? 'twice' : `${times} times`} and removed each time, although the configuration is the same (${who}): it is not written again, and ${podsMeanwhile}; configure that tool to keep annotations that it does not manage${other}`,
    changed: [],
    hashAnnotations: undefined,
  };
}

function whoTookIt({ template: { writer } }: Workload): string {
  if (writer === undefined) return 'managedFields do not say which client';
  const at = writer.time === undefined ? '' : ` at ${writer.time}`;
  return `the template was last written by ${quote(writer.manager)}${at}`;
}
