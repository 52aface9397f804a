import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RevisionObject } from '../../../../lib/kubernetes/objects.ts';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import {
  pastRevision,
  writesShownBy,
} from '../../../../lib/rules/rollout-policy/revision-writes.ts';

const keys = annotationKeysOf('wave.pusher.com');
const at = (minute: number) => new Date(Date.UTC(2026, 10, 30, 7, minute)).toISOString();
const hashOf = (letter: string) => letter.repeat(64);

function templateWith(hash: string | undefined, bound: boolean) {
  if (hash === undefined) return {};
  const sources = `{"hash":"${bound ? hash.slice(0, 12) : 'x'}"}`;
  return {
    metadata: { annotations: { [keys.configHash]: hash, [keys.configSources]: sources } },
  };
}

function replicaSet(
  number: number,
  minute: number,
  letter?: string,
  { bound = true, earlier }: { bound?: boolean; earlier?: string } = {},
): RevisionObject {
  return {
    metadata: {
      creationTimestamp: at(minute),
      annotations: {
        'deployment.kubernetes.io/revision': String(number),
        ...(earlier === undefined ? {} : { 'deployment.kubernetes.io/revision-history': earlier }),
      },
    },
    spec: { template: templateWith(letter && hashOf(letter), bound) },
  };
}

const shownBy = (...objects: RevisionObject[]) =>
  writesShownBy(objects.map((each) => pastRevision('Deployment', each, keys))).map((time) =>
    new Date(time).toISOString(),
  );

suite('the writes that revisions show', () => {
  test('are those with a hash of wave-cron that differs from the revision before', () => {
    assert.deepEqual(
      shownBy(
        replicaSet(3, 3, 'b'),
        replicaSet(1, 1),
        replicaSet(2, 2, 'a'),
        replicaSet(4, 4, 'b'),
      ),
      [at(2), at(3)],
    );
  });

  test('are counted again if a tool removed the hash in between', () => {
    assert.deepEqual(shownBy(replicaSet(1, 1, 'a'), replicaSet(2, 2), replicaSet(3, 3, 'a')), [
      at(1),
      at(3),
    ]);
  });

  test('are counted as often as a Deployment returned to them', () => {
    assert.deepEqual(
      shownBy(replicaSet(5, 1, 'a', { earlier: '1,3' }), replicaSet(4, 2, 'b', { earlier: '2' })),
      [at(1), at(2), at(1), at(2), at(1)],
    );
  });

  test('do not include a hash that another tool wrote', () => {
    assert.deepEqual(shownBy(replicaSet(1, 1, 'a', { bound: false })), []);
  });

  test('also come from ControllerRevisions, whose fields may be missing', () => {
    const revision: RevisionObject = {
      revision: 2,
      metadata: { creationTimestamp: at(2) },
      data: { spec: { template: templateWith(hashOf('a'), true) } },
    };
    const kept = [revision, {}, { metadata: { creationTimestamp: 'soon' } }];
    const past = kept.map((each) => pastRevision('StatefulSet', each, keys));
    assert.deepEqual(writesShownBy(past), [Date.parse(at(2))]);
    const huge = `${'9,'.repeat(100_000)}`;
    assert.ok(shownBy(replicaSet(1, 1, 'a', { earlier: huge })).length <= 1);
  });
});
