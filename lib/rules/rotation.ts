/**
 * The proposals for objects that the Secrets Store CSI driver has mounted. Pure.
 *
 * The driver rotates the objects of each Pod at a different time. So wave-cron writes nothing while
 * Pods have different versions. When all Pods have the same versions, there is one rollout. The driver
 * does not report when a Pod got its objects. It only reports whether it has changed them since the Pod
 * started.
 */

import { recordName } from '../kubernetes/names.ts';
import { shortList } from '../text/short-list.ts';
import type { Compared } from './compared.ts';
import { alreadyCurrent, newTemplate, objectsChanged, settling } from './config-changed.ts';
import { leaveAlone, type Proposal } from './decision.ts';
import type { Mounted } from './mounted.ts';
import type { Readings } from './reading.ts';
import { type Reference, sourceKey } from './references.ts';
import { identityOf } from './resolve.ts';

interface Mount {
  /** The name in the record `config-sources`: `SecretProviderClass/vault`. */
  readonly source: string;
  readonly mounted: Mounted;
}

function mountsOf(
  { namespace }: { readonly namespace: string },
  references: readonly Reference[],
  readings: Readings,
): readonly Mount[] {
  return references.flatMap((reference) => {
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present' || reading.mounted === undefined) return [];
    return [{ source: recordName(identityOf(reference, namespace)), mounted: reading.mounted }];
  });
}

/**
 * The proposal while Pods have different versions of an object. Undefined if all Pods have the same
 * versions.
 */
export function whileRotating(
  workload: { readonly namespace: string },
  references: readonly Reference[],
  readings: Readings,
): Proposal | undefined {
  const why = mountsOf(workload, references, readings).flatMap(({ source, mounted }) =>
    mounted.state === 'different'
      ? [`Pods ${mounted.pods.join(' and ')} have different objects of ${source}`]
      : [],
  );
  if (why.length === 0) return undefined;
  return leaveAlone(
    'Settling',
    `${shortList(why)}: the template stays unchanged until the driver has rotated all of them`,
  );
}

/**
 * The proposal if only the versions of mounted objects differ from the record. Undefined if something else
 * differs too, or if Pods started with earlier versions.
 */
export function proposeRotation(compared: Compared): Proposal | undefined {
  const { workload, references, seen, recorded, like, onlyRotated } = compared;
  const mounts = mountsOf(workload, references, seen.readings);
  if (mounts.length === 0) return undefined;
  const { agreed, unsettled } = sorted(mounts);
  const [waitsFor] = unsettled;
  const isKnown = workload.adoptionEnded === true && recorded.hash === like.hash;
  // Without recorded versions, the hash would be wrong as long as the versions are unknown.
  const mustWait = recorded.record.leftOut || (isKnown && workload.restart === undefined);
  if (mustWait && waitsFor !== undefined) return waiting(waitsFor);
  if (workload.restart !== undefined || !(isKnown || onlyRotated)) return undefined;
  const before = recorded.record.mounted ?? new Map<string, string>();
  const rotated = agreed.filter(
    ({ source, objects }) => isKnown || objects !== (before.get(source) ?? ''),
  );
  if (rotated.some(({ rotatedIn }) => rotatedIn !== undefined)) return undefined;
  const sources = rotated.map(({ source }) => source);
  const what = isKnown ? newTemplate : objectsChanged(sources);
  const changed = isKnown ? [] : sources;
  return rotated.every(({ inAllPods }) => inAllPods)
    ? { ...alreadyCurrent(compared, what, 'every Pod started with the current objects'), changed }
    : { ...settling(compared, what, 'every new Pod started with the current objects'), changed };
}

type Agreed = Extract<Mounted, { readonly state: 'agreed' }> & Pick<Mount, 'source'>;

/** A class whose versions are unknown or differ between Pods. `why` is the reason. */
interface Unsettled extends Pick<Mount, 'source'> {
  readonly why: string;
}

function sorted(mounts: readonly Mount[]) {
  const agreed: Agreed[] = [];
  const unsettled: Unsettled[] = [];
  for (const { source, mounted } of mounts) {
    if (mounted.state === 'agreed') agreed.push({ source, ...mounted });
    else if (mounted.state !== 'different') unsettled.push({ source, why: mounted.why });
    else unsettled.push({ source, why: `Pods ${mounted.pods.join(' and ')} have different ones` });
  }
  return { agreed, unsettled };
}

function waiting({ source, why }: Unsettled): Proposal {
  return leaveAlone(
    'Settling',
    `it is not known yet which objects of ${source} its Pods have: ${why}; the template stays unchanged until then`,
  );
}
