/**
 * A workload as a pass stores it, and other inputs of the rules. They are plain records, and a test changes
 * parts of them.
 */
import type { SourceKind } from '../../../lib/kubernetes/kinds.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { type HashAnnotations, leaveAlone, type Proposal } from '../../../lib/rules/decision.ts';
import type { Reading } from '../../../lib/rules/reading.ts';
import type { Reason } from '../../../lib/rules/reason.ts';
import { type Reference, sourceKey } from '../../../lib/rules/references.ts';
import type { Workload } from '../../../lib/rules/workload.ts';

export const names = annotationKeysOf('wave.pusher.com');

/** The workload `shop/web`: opted in, without sources, and never seen before. */
export function someWorkload(more: Partial<Workload> = {}): Workload {
  return {
    ...{ kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'web', resourceVersion: '7' },
    deleting: false,
    template: { hash: undefined, sources: undefined },
    podsFollow: 'at once',
    configuration: referencing(),
    ownership: { finalizer: false, record: undefined, recordIsOurs: false, putBack: 0 },
    ...{ hasAdopted: false, adopted: undefined, hasHistory: false, history: undefined },
    rollouts: {},
    ...{ hasWritten: false, clockToleranceMs: 10_000, adoptionFacts: undefined },
    ...more,
  };
}

/**
 * A required reference to all keys of a source. The source is `Kind/name`, or `Kind/namespace/name` in another
 * namespace.
 */
export function someReference(source: string, more: Partial<Reference> = {}): Reference {
  const parts = source.split('/');
  const [kind = '', name = ''] = [parts[0], parts.at(-1)];
  const namespace = parts.length === 3 ? (parts[1] ?? '') : 'shop';
  return {
    ...{ kind: kind as SourceKind, namespace, name, keys: 'all', required: true },
    ...{ requiredKeys: new Set<string>(), ifMatched: false },
    ...more,
  };
}

/** The configuration of a workload that references these sources. They are written as in `someReference`. */
export function referencing(...sources: readonly string[]): Workload['configuration'] {
  const references = sources.map((each) => someReference(each));
  return { kind: 'references', references, note: undefined };
}

export const refused = (
  reason: 'OptedOut' | 'InvalidAnnotation' | 'TooLarge',
): Workload['configuration'] => ({ kind: 'refused', reason, why: 'why it is refused' });

type Present = Extract<Reading, { state: 'present' }>;

/** The reading of a source that exists and has no owners. */
export function present(more: Partial<Present> = {}): Present {
  return {
    state: 'present',
    uid: 'source',
    ...{ ignored: false, matched: false, deleting: false, immutable: false },
    owners: { uids: '', ours: '', count: 0, lasting: false, former: '', resourceVersion: '3' },
    createdAt: '2026-11-30T08:00:00Z',
    writtenAt: '2026-11-30T09:00:00Z',
    absentKeys: new Set(),
    ...more,
  };
}

/** Readings by source. The sources are written as in `someReference`. */
export const readingsOf = (readings: Readonly<Record<string, Reading>>) =>
  new Map(
    Object.entries(readings).map(([source, reading]) => [
      sourceKey(someReference(source)),
      reading,
    ]),
  );

/** A proposal that writes nothing. */
export function someProposal(reason: Reason, more: Partial<Proposal> = {}): Proposal {
  return { ...leaveAlone(reason, `why it is ${reason}`), ...more };
}

/** Hash annotations of a pod template. */
export const someHash: HashAnnotations = {
  ...{ hash: 'a'.repeat(64), sources: '{"ConfigMap/settings":"1"}' },
};
