import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { OwnedState } from '../../../lib/rules/ownership/record.ts';
import { type PatchedDecision, workloadPatch } from '../../../lib/rules/patch.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import { names, someHash, someWorkload } from './some-workload.ts';

const nothing: PatchedDecision = { reason: 'UpToDate', hashAnnotations: undefined };
const adopt = { template: '', config: 'b'.repeat(64), sources: {} };
const onTemplate = (hash: string | null, sources: string | null) => ({
  template: {
    metadata: { annotations: { [names.configHash]: hash, [names.configSources]: sources } },
  },
});
const written = onTemplate(someHash.hash, someHash.sources);
const otherFinalizers = ['example.com/theirs'];
const all = { hasAdopted: true, hasHistory: true, hasWritten: true };

type Given = {
  decision?: Partial<PatchedDecision>;
  workload?: Partial<Workload>;
  ownership?: Partial<Workload['ownership']>;
  owned?: OwnedState;
};

function patch({ decision = {}, workload = {}, ownership = {}, owned }: Given) {
  const it = someWorkload({
    ...workload,
    ownership: { ...someWorkload().ownership, ...ownership },
  });
  return workloadPatch(it, { ...nothing, ...decision }, owned, names);
}

/** A patch with these annotations and fields, for the version that was read. */
const about = (annotations: object, fields: object = {}, spec?: object) => ({
  metadata: {
    resourceVersion: '7',
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...fields,
  },
  ...(spec === undefined ? {} : { spec }),
});
const owning = (finalizer: boolean, ...sources: readonly string[]): OwnedState => ({
  record: { names: new Set(sources), complete: true },
  ...{ finalizer, keepsPutBack: true },
});

suite('the patch of a workload', () => {
  const hashAnnotations = someHash;
  const cases: readonly (readonly [string, Given, object | undefined])[] = [
    ['does not exist if there is nothing to write', { workload: all }, undefined],
    [
      'writes the hash, and a record of it',
      {
        decision: {
          reason: 'FirstSeen',
          hashAnnotations,
          start: { history: '[]', given: new Map() },
        },
      },
      about({ [names.rolloutHistory]: '[]', [names.writtenHash]: someHash.hash }, {}, written),
    ],
    [
      'removes ended records together with a new hash',
      { decision: { reason: 'ConfigChanged', hashAnnotations }, workload: all },
      about(
        {
          [names.adopted]: null,
          [names.rolloutHistory]: null,
          [names.writtenHash]: someHash.hash,
        },
        {},
        written,
      ),
    ],
    [
      'writes that a change is held back',
      { decision: { reason: 'Paused', held: { since: 0, pending: '{}' } } },
      about({ [names.pendingConfig]: '{}' }),
    ],
    [
      'writes nothing if that is recorded already',
      {
        decision: { reason: 'Paused', held: { since: 0 } },
        workload: { rollouts: { hasPending: true } },
      },
      undefined,
    ],
    ...(['UpToDate', 'AlreadyCurrent', 'OptedOut'] as const).map(
      (reason) =>
        [
          `removes that record with ${reason}`,
          { decision: { reason }, workload: { rollouts: { hasPending: true } } },
          about({ [names.pendingConfig]: null }),
        ] as const,
    ),
    ...(['MissingSource', 'Failed', 'Deleting'] as const).map(
      (reason) =>
        [
          `keeps that record with ${reason}, when the change may still be there`,
          { decision: { reason }, workload: { rollouts: { hasPending: true } } },
          undefined,
        ] as const,
    ),
    [
      'writes a record of its adoption',
      { decision: { reason: 'Adopted', adopt } },
      about({ [names.adopted]: JSON.stringify(adopt) }),
    ],
    [
      'ends with an adoption the record of a hash that the template does not have',
      { decision: { reason: 'Adopted', adopt }, workload: all },
      about({ [names.adopted]: JSON.stringify(adopt), [names.writtenHash]: null }),
    ],
    [
      'keeps with an adoption the record of the hash that the template has',
      {
        decision: { reason: 'Adopted', adopt },
        workload: { ...all, template: { hash: 'c', sources: undefined } },
      },
      about({ [names.adopted]: JSON.stringify(adopt) }),
    ],
    [
      'only keeps the record of the hash on the template if the workload opted out',
      { decision: { reason: 'OptedOut' }, workload: all },
      about({ [names.adopted]: null, [names.rolloutHistory]: null }),
    ],
    [
      'removes the annotations of the template and all records',
      { decision: { reason: 'OptedOut', hashAnnotations: null }, workload: all },
      about(
        { [names.adopted]: null, [names.rolloutHistory]: null, [names.writtenHash]: null },
        {},
        onTemplate(null, null),
      ),
    ],
    [
      'writes the record of owned sources, and adds the finalizer',
      { owned: owning(true, 'ConfigMap/a') },
      about({ [names.ownedSources]: '["ConfigMap/a"]' }, { finalizers: [names.finalizer] }),
    ],
    [
      'does not write an existing record and finalizer again',
      {
        owned: owning(true, 'ConfigMap/a'),
        ownership: { finalizer: true, record: '["ConfigMap/a"]' },
      },
      undefined,
    ],
    [
      'removes record and finalizer once nothing is owned',
      { owned: owning(false), ownership: { finalizer: true, record: '["ConfigMap/a"]' } },
      about(
        { [names.ownedSources]: null },
        { '$deleteFromPrimitiveList/finalizers': [names.finalizer] },
      ),
    ],
    [
      'only removes the finalizer',
      { owned: owning(false), ownership: { finalizer: true } },
      about({}, { '$deleteFromPrimitiveList/finalizers': [names.finalizer] }),
    ],
    [
      'adds the finalizer to those of others if a patch of its kind replaces the whole list',
      { owned: owning(true), ownership: { otherFinalizers } },
      about({}, { finalizers: [...otherFinalizers, names.finalizer] }),
    ],
    [
      'keeps the finalizers of others if a patch of its kind replaces the whole list',
      { owned: owning(false), ownership: { finalizer: true, otherFinalizers } },
      about({}, { finalizers: otherFinalizers }),
    ],
    [
      'keeps the count of references that were put back while some are missing',
      {
        owned: owning(false, 'ConfigMap/a'),
        ownership: { record: '["ConfigMap/a"]', putBack: 2 },
      },
      undefined,
    ],
    [
      'forgets the count once all are there',
      {
        owned: { ...owning(false, 'ConfigMap/a'), keepsPutBack: false },
        ownership: { record: '["ConfigMap/a"]', putBack: 2 },
      },
      about({ [names.putBack]: null }),
    ],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => assert.deepEqual(patch(given), expected));
  }
});
