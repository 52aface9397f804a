import {
  adoptedNow,
  type Compared,
  countOf,
  restartCaveat,
  staleness,
  writingHash,
} from './compared.ts';
import type { Proposal } from './decision.ts';
import { podsMeanwhile } from './pod-staleness.ts';
import type { Workload } from './workload.ts';

/** Proposes what to do with a workload that has no hash and no record of adoption. Pure. */
export function proposeFirst(compared: Compared): Proposal {
  const { workload, now, pods } = compared;
  const stale = staleness(compared);
  const doubt = whyNotAdopted(workload, stale);
  if (doubt === undefined) {
    return {
      reason: 'Adopted',
      sentence: `adopted without a restart, ${countOf(now)}: ${whyAdopted(workload)}`,
      notes: [],
      changed: [],
      hashAnnotations: undefined,
      adopt: adoptedNow(compared),
    };
  }
  return {
    reason: 'FirstSeen',
    sentence: `first seen, ${countOf(now)}${doubt === '' ? '' : `; ${doubt}`}: the hash is written${workload.podsFollow === 'unknown' ? '' : ', which restarts it once'}${restartCaveat(workload)}`,
    notes: [],
    changed: [...now.sources.keys()],
    ...writingHash(compared),
    podsMeanwhile: podsMeanwhile(workload, pods, stale),
  };
}

/**
 * Why the workload cannot be adopted; undefined if it can, and empty if the setting does not ask
 * for it.
 */
function whyNotAdopted({ adoptionFacts }: Workload, stale: string | undefined): string | undefined {
  if (adoptionFacts === undefined || adoptionFacts.adoption === 'stamp') return '';
  if (adoptionFacts.adoption === 'baseline' && adoptionFacts.lost === undefined) return undefined;
  return stale;
}

function whyAdopted({ adoptionFacts }: Workload): string {
  if (adoptionFacts?.lost !== undefined && adoptionFacts.podless) return 'none of its Pods runs';
  return adoptionFacts?.adoption === 'baseline' && adoptionFacts.lost === undefined
    ? 'its Pods are assumed to be current'
    : 'no source was written after its Pods were created';
}
