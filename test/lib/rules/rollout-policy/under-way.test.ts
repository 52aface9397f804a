import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { workloadEntry } from '../../../../lib/kubernetes/kinds.ts';
import type { ManagedFields, WorkloadObject } from '../../../../lib/kubernetes/objects.ts';
import { formatHistory } from '../../../../lib/rules/rollout-policy/history.ts';
import {
  startedNow,
  underWayOf,
  withReferenced,
} from '../../../../lib/rules/rollout-policy/under-way.ts';
import { someReference } from '../some-workload.ts';
import { hashOf, minutes, now } from './rules.ts';

const rolloutHistory = 'a/rollout-history';
const given = new Map([['Secret/db', { version: 'u,1,', at: minutes(-5), failed: false }]]);
const history = formatHistory([minutes(-60)], minutes(-5), 10, { hash: hashOf('a'), given });

function written(manager: string, at: number): ManagedFields {
  const fieldsV1 = { 'f:spec': { 'f:template': {} } };
  return { manager, time: new Date(at).toISOString(), fieldsV1 };
}

function deployment(
  annotation: string | undefined,
  available: number,
  managedFields: readonly ManagedFields[] = [],
): WorkloadObject {
  const annotations = annotation === undefined ? {} : { [rolloutHistory]: annotation };
  return {
    metadata: { generation: 1, annotations, managedFields },
    spec: { replicas: 1 },
    status: {
      ...{ observedGeneration: 1, replicas: 1, updatedReplicas: 1 },
      availableReplicas: available,
    },
  };
}

function underWay(object: WorkloadObject, hash: string | undefined = hashOf('a')) {
  const state = workloadEntry('Deployment').rollout.state(object);
  return underWayOf('Deployment', object, { rolloutHistory, hash, state });
}

suite('a rollout under way that wave-cron started', () => {
  test('began with the last write, and has its versions on trial', () => {
    const found = underWay(deployment(history, 0));
    assert.equal(found?.startedAt, minutes(-5));
    assert.equal(found.state.phase, 'unfinished');
    assert.deepEqual(found.given, given);
  });

  test('may have finished long ago if the controller has not observed the last change', () => {
    assert.equal(underWay(deployment(history, 0))?.isUnobserved, undefined);
    const healthy = deployment(history, 1);
    const annotated = { ...healthy, metadata: { ...healthy.metadata, generation: 2 } };
    assert.equal(underWay(annotated)?.isUnobserved, true);
  });

  test('has on trial only versions of sources that the workload still references', () => {
    const found = underWay(deployment(history, 0));
    assert.ok(found !== undefined);
    const among = (source: string) => withReferenced(found, [someReference(source)], 'shop').given;
    assert.deepEqual(among('Secret/db'), given);
    assert.deepEqual(among('Secret/other'), new Map());
    assert.deepEqual(among('Secret/zoo/db'), new Map());
  });

  test("does not exist after the workload is healthy, if it is inert, or if the hash is not wave-cron's", () => {
    assert.equal(underWay(deployment(history, 1)), undefined);
    const paused = { ...deployment(history, 0), spec: { replicas: 1, paused: true } };
    assert.equal(underWay(paused), undefined);
    const unfinished = deployment(history, 0);
    const state = workloadEntry('Deployment').rollout.state(unfinished);
    const own = { rolloutHistory, hash: undefined, state };
    assert.equal(underWayOf('Deployment', unfinished, own), undefined);
  });

  test('has no versions on trial after another manager has changed the template', () => {
    const changed = deployment(history, 0, [
      written('wave-cron', now),
      written('kubectl', minutes(-3)),
    ]);
    assert.deepEqual(underWay(changed)?.given, new Map());
    assert.equal(underWay(changed)?.startedAt, minutes(-5), 'it counts all the same');
    const before = deployment(history, 0, [
      written('kubectl', minutes(-30)),
      written('wave-cron', now),
    ]);
    assert.deepEqual(underWay(before)?.given, given);
  });

  test('keeps a failure that is older than the last write by the manager of the template', () => {
    const failedAt = (at: number, managerWroteAt: number): WorkloadObject => {
      const object = deployment(history, 0, [written('kubectl', managerWroteAt)]);
      const failed = { type: 'Progressing', reason: 'ProgressDeadlineExceeded' };
      const lastTransitionTime = new Date(at).toISOString();
      return {
        ...object,
        status: { ...object.status, conditions: [{ ...failed, lastTransitionTime }] },
      };
    };
    assert.deepEqual(underWay(failedAt(minutes(-3), minutes(-2)))?.given, given);
    assert.deepEqual(underWay(failedAt(minutes(-2), minutes(-3)))?.given, new Map());
  });

  test('has no versions on trial with another hash on the template, because it was undone', () => {
    assert.deepEqual(underWay(deployment(history, 0), hashOf('b'))?.given, new Map());
  });

  test('counts from the last write of its template if its history was removed', () => {
    const stripped = deployment(undefined, 0, [
      written('kubectl', minutes(-30)),
      written('helm', minutes(-2)),
    ]);
    const found = underWay(stripped);
    assert.equal(found?.startedAt, minutes(-2));
    assert.deepEqual(found.given, new Map());
    assert.equal(underWay(deployment(undefined, 0)), undefined);
    assert.equal(underWay(deployment('x', 0)), undefined);
    assert.equal(underWay({}), undefined);
  });

  test('of this pass is unfinished, with any listed status', () => {
    const found = startedNow(given, now);
    assert.deepEqual([found.startedAt, found.state.phase, found.given], [now, 'unfinished', given]);
  });
});
