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
    ['is nothing if nothing is to be written', { workload: all }, undefined],
    [
      'writes the hash, and which one that was',
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
      'removes with a hash the records that are over',
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
      'leaves of one that opted out no records but that of the hash on its template',
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
      'writes what it owns, and adds the finalizer',
      { owned: owning(true, 'ConfigMap/a') },
      about({ [names.ownedSources]: '["ConfigMap/a"]' }, { finalizers: [names.finalizer] }),
    ],
    [
      'writes no record and no finalizer that is there',
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
      'removes the finalizer alone',
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
