import { quote } from '../text/quote.ts';
import { leaveAlone, type Proposal } from './decision.ts';
import type { Workload } from './workload.ts';

/**
 * How often a hash is written for one configuration. If it is still removed, another tool does
 * that.
 */
const writesAtMost = 2;

/**
 * What becomes of a proposal to write a hash on a template that has none, if the same hash was
 * written to this very workload before: only somebody else can have removed it. Pure.
 *
 * @param times how often the hash is known to have been written
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
