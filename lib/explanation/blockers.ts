import { anySource } from '../kubernetes/kinds.ts';
import { holdSentence } from '../rules/held-by-wave.ts';
import type { Workload } from '../rules/workload.ts';
import { quote } from '../text/quote.ts';
import type { ExplainedLease, NextPass, Scope, Verdict } from './explanation.ts';
import type { ExplainedSources } from './sources.ts';

export interface Circumstances {
  readonly workload: Workload;
  readonly optedIn: Verdict;
  readonly inScope: Scope;
  readonly sources: ExplainedSources;
  readonly nextPass: NextPass;
  readonly namespaceTerminating: boolean;
  /** The reasons why the Pods do not run with the template of the workload. */
  readonly podBlockers: readonly string[];
  readonly lease: ExplainedLease;
}

/**
 * The causes that prevent a pass from restarting a workload, and the causes that prevent the Pods
 * from running with the template of the workload, as sentences.
 */
export function findBlockers({
  workload,
  optedIn,
  inScope,
  sources,
  nextPass,
  namespaceTerminating,
  podBlockers,
  lease,
}: Circumstances): string[] {
  const { namespace, deleting, configuration, heldByWave } = workload;
  const [whyNot] = optedIn.why;
  const refused = configuration.kind === 'refused' && configuration.why !== whyNot;
  return [
    ...(optedIn.yes ? [] : [`it is not opted in: ${whyNot}`]),
    ...(inScope.yes === false ? inScope.why : []),
    ...(deleting ? ['it is being deleted'] : []),
    ...(namespaceTerminating ? [`namespace ${namespace} is being deleted`] : []),
    ...(refused ? [configuration.why] : []),
    ...(optedIn.yes && configuration.kind === 'references' && countsNone(sources)
      ? [
          `it references no ${anySource}${sources.references.length === 0 ? '' : ' other than ignored ones'}`,
        ]
      : []),
    ...sources.missing,
    ...sources.references
      .filter(({ state }) => state === 'unreadable')
      .map(({ source }) => `${source} could not be read`),
    ...(isHeldBack(nextPass) ? [nextPass.sentence] : []),
    ...(heldByWave === undefined ? [] : [holdSentence(workload, heldByWave)]),
    ...podBlockers,
    ...(lease.state === 'held'
      ? [
          `Lease ${lease.namespace}/${lease.name} is held by ${quote(lease.holder ?? '')}: no other pass starts until it is released`,
        ]
      : []),
  ];
}

/** A pass has decided to write, but a hold prevents the write. */
function isHeldBack({ reason, held }: NextPass): boolean {
  return reason === 'Reverted' || held !== null;
}

function countsNone({ references }: ExplainedSources): boolean {
  return references.every(({ state }) => state === 'ignored');
}
