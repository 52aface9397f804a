/**
 * The record of earlier writes decides whether a hash is written to a template without one, whichever way it is
 * read.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mayHaveLostHash, withEarlierWrites } from '../../../handler/decision/earlier-writes.ts';
import type { WriteHistory } from '../../../handler/decision/write-history.ts';
import type { EventName } from '../../../lib/kubernetes/names.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { rolloutEvent } from '../../../lib/rules/event.ts';
import { withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { readSource } from '../../../lib/rules/reading.ts';
import type { Reason } from '../../../lib/rules/reason.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';
import type { AdoptionMode } from '../../../lib/settings/schema.ts';
import { decide, seen as seenOf } from '../../lib/rules/decided.ts';

const keys = annotationKeysOf('wave.pusher.com');
const sources = new Map([
  ['ConfigMap/shop/settings', readSource('ConfigMap', { data: { a: '1' } }, 'all', keys.ignore)],
]);

function web(adoption: AdoptionMode, { generation = 3, annotations = {} } = {}): Workload {
  const containers = [{ envFrom: [{ configMapRef: { name: 'settings' } }] }];
  const object = {
    metadata: {
      ...{ namespace: 'shop', name: 'web', uid: 'u1', generation },
      annotations: { [keys.updateOnConfigChange]: 'true', ...annotations },
    },
    spec: { replicas: 1, template: { spec: { containers } } },
  };
  const rules = { annotations: keys, crossNamespaceReferences: [], adoption };
  const workload = readWorkload('Deployment', object, rules);
  assert.ok(workload);
  return workload;
}

const seen = seenOf(web('stamp'), sources, withoutKey);
const { hash } = seen.hashes.now;
const eventOf = (reason: Reason) => rolloutEvent(web('stamp'), reason, hash).name;

/**
 * A fake record of Events: `counts` has how often each was recorded, by the reason of the write. `asked` and
 * `refreshed` collect the calls.
 */
function remembering(counts: Partial<Record<Reason, number>>, unknown?: string) {
  const asked: string[] = [];
  const refreshed: [string, number][] = [];
  const byName = new Map(
    Object.entries(counts).map(([reason, times]) => [eventOf(reason as Reason), times]),
  );
  const history: WriteHistory = {
    count: async ({ name }: EventName) => {
      asked.push(name);
      if (unknown !== undefined) return { unknown };
      const times = byName.get(name) ?? 0;
      return { times, at: times === 0 ? undefined : '2026-11-30T10:00:00Z' };
    },
    refresh: async ({ name }, times) => {
      refreshed.push([name, times]);
    },
  };
  return { history, asked, refreshed };
}

async function judged(workload: Workload, history: WriteHistory) {
  const pods = async () => ({ state: 'unreadable', why: 'they may not be listed' }) as const;
  const proposal = decide(workload, sources, withoutKey);
  return await withEarlierWrites(workload, seen, proposal, { history, pods });
}

suite('the hash of a template without one', () => {
  test('is written if it was never written before, and the sentence does not mention that', async () => {
    const { history, asked, refreshed } = remembering({});
    const { reason, sentence, notes } = await judged(web('stamp'), history);
    assert.equal(reason, 'FirstSeen');
    assert.match(sentence, /^first seen/);
    assert.deepEqual(notes, []);
    assert.deepEqual(asked, [eventOf('FirstSeen')]);
    assert.deepEqual(refreshed, []);
  });

  test('is written once more if it was written once', async () => {
    const { history, asked } = remembering({ FirstSeen: 1 });
    const { reason, sentence } = await judged(web('stamp'), history);
    assert.equal(reason, 'FirstSeen');
    assert.match(sentence, /^the hash that was written before .*; written again: first seen/);
    assert.deepEqual(asked, [eventOf('FirstSeen'), eventOf('ConfigChanged')]);
  });

  for (const counts of [{ FirstSeen: 2 }, { FirstSeen: 1, ConfigChanged: 1 }]) {
    test(`is not written a third time, if the Events record: ${JSON.stringify(counts)}`, async () => {
      const { history, refreshed } = remembering(counts);
      const { reason, hashAnnotations } = await judged(web('stamp'), history);
      assert.equal(reason, 'Reverted');
      assert.equal(hashAnnotations, undefined);
      assert.deepEqual(refreshed, [[eventOf('FirstSeen'), 2]]);
    });
  }

  test('is written if earlier writes are unknown, and the sentence says so', async () => {
    const { history, asked } = remembering({}, 'events is forbidden');
    const { reason, notes } = await judged(web('stamp'), history);
    assert.equal(reason, 'FirstSeen');
    assert.deepEqual(notes, [
      'whether its hash was written before is unknown: events is forbidden',
    ]);
    assert.equal(asked.length, 1);
  });

  test('counts as written once if the workload has a record of that', async () => {
    const annotations = { [keys.writtenHash]: hash };
    const { history } = remembering({}, 'events is forbidden');
    const { sentence } = await judged(web('stamp', { annotations }), history);
    assert.match(sentence, /written again/);
  });
});

suite('an adoption without evidence that Pods are outdated', () => {
  test('stands if no hash was written', async () => {
    const { history } = remembering({});
    assert.equal((await judged(web('baseline'), history)).reason, 'Adopted');
  });

  test('is replaced by a rollout if a hash was written and removed', async () => {
    const { history } = remembering({ ConfigChanged: 1 });
    const { reason, hashAnnotations } = await judged(web('baseline'), history);
    assert.equal(reason, 'FirstSeen');
    assert.equal(hashAnnotations?.hash, hash);
  });

  test('says so if earlier writes are unknown', async () => {
    const { history } = remembering({}, 'events is forbidden');
    const { reason, notes } = await judged(web('baseline'), history);
    assert.equal(reason, 'Adopted');
    assert.equal(notes.length, 1);
  });
});

test('the Events of a workload are not read if its template has a hash, or was never changed', () => {
  assert.equal(mayHaveLostHash(web('stamp')), true);
  assert.equal(mayHaveLostHash(web('stamp', { generation: 1 })), false);
  const template = { hash, sources: undefined };
  assert.equal(mayHaveLostHash({ ...web('stamp'), template }), false);
});
