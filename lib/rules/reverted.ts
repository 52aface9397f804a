import { quote } from '../text/quote.ts';
import { leaveAlone, type Proposal } from './decision.ts';
import type { Workload } from './workload.ts';

/**
 * The maximum number of writes of a hash for one configuration. If the hash is removed after the
 * final write too, another tool removes it in each sync.
 */
const writesAtMost = 2;

/**
 * If the hash was written to this workload before and is missing now, another client has removed
 * it. Then the proposal to write the hash again is changed. Pure.
 *
 * @param times the number of known writes of the hash
 */
export function afterWrites(workload: Workload, proposal: Proposal, times: number): Proposal {
  if (times === 0) return proposal;
  const who = whoTookIt(workload);
  if (times < writesAtMost) {
    return {
      ...proposal,
      sentence: `the hash that was written before was removed (${who}); written again: ${proposal.sentence}`,
    };
  }
  const other =
    workload.adoptionFacts?.adoption === 'stamp' ? ', or set adoption to if-changed' : '';
  const { podsMeanwhile = 'its Pods may run with an older configuration' } = proposal;
  return leaveAlone(
    'Reverted',
    `the hash was written ${times === 2 ? 'twice' : `${times} times`} and removed each time, although the configuration is the same (${who}): it is not written again, and ${podsMeanwhile}; configure that tool to keep annotations that it does not manage${other}`,
  );
}

function whoTookIt({ template: { writer } }: Workload): string {
  if (writer === undefined) return 'managedFields do not say which client';
  const at = writer.time === undefined ? '' : ` at ${writer.time}`;
  return `the template was last written by ${quote(writer.manager)}${at}`;
}
