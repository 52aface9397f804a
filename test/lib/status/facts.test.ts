import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import type { Reading } from '../../../lib/rules/reading.ts';
import { sourceKey } from '../../../lib/rules/references.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';
import { factsOf, withSources } from '../../../lib/status/facts.ts';
import { timeText } from '../../../lib/text/rfc3339.ts';
import { facts, minute, now } from './status-facts.ts';

const annotations = annotationKeysOf('wave.pusher.com');
const rules = { annotations, crossNamespaceReferences: [], adoption: 'stamp' } as const;
const times = { now, progressDeadlineMs: 10 * minute };
const hash = 'a'.repeat(64);

type Status = { updatedReplicas?: number; conditions?: { type: string; reason: string }[] };

/** A Deployment with two ConfigMaps, whose hash was written at `writtenAt`. */
function rolled(writtenAt: number, status: Status = {}): Workload {
  const history = { times: [timeText(writtenAt)], hash: hash.slice(0, 12) };
  const given = { 'ConfigMap/one': ['uid,1,', timeText(writtenAt)] };
  const workload = readWorkload(
    'Deployment',
    {
      metadata: {
        ...{ namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '1', generation: 2 },
        annotations: {
          [annotations.updateOnConfigChange]: 'true',
          [annotations.rolloutHistory]: JSON.stringify({ ...history, given }),
        },
      },
      spec: {
        replicas: 2,
        template: {
          metadata: {
            annotations: {
              [annotations.configHash]: hash,
              [annotations.configSources]: JSON.stringify({ hash: hash.slice(0, 12) }),
            },
          },
          spec: {
            containers: ['one', 'two'].map((name) => ({
              ...{ name, envFrom: [{ configMapRef: { name } }] },
            })),
          },
        },
      },
      status: { observedGeneration: 2, replicas: 2, ...status },
    },
    rules,
  );
  if (workload === undefined) throw new Error('it has not opted in');
  return workload;
}

const writes = (workload: Workload, ...readings: readonly (Partial<Reading> | undefined)[]) => {
  const { configuration } = workload;
  const references = configuration.kind === 'references' ? configuration.references : [];
  const found = references.map((reference, i) => [sourceKey(reference), readings[i]] as const);
  const seen = { readings: new Map(found) } as unknown as Parameters<typeof withSources>[2];
  return withSources(facts({ rolledAt: now - 10 * minute }), workload, seen).sources;
};

const present = (minutesAgo: number | undefined): Partial<Reading> => ({
  ...{ state: 'present', ignored: false },
  writtenAt: minutesAgo === undefined ? undefined : timeText(now - minutesAgo * minute),
});

suite('the state of a workload by its own fields', () => {
  test('has the time of its last hash, but none in the future', () => {
    assert.equal(factsOf(rolled(now - minute), times).rolledAt, now - minute);
    assert.equal(factsOf(rolled(now + minute), times).rolledAt, undefined);
  });

  test('says whether its rollout is under way, or late', () => {
    const underWay = factsOf(rolled(now - 9 * minute), times).rollout;
    assert.deepEqual([underWay?.hasFailed, underWay?.since], [false, now - 9 * minute]);
    const done = { updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    assert.equal(factsOf(rolled(now - 9 * minute, done), times).rollout, undefined);
  });

  test('says that its rollout has failed, if its controller says so', () => {
    const conditions = [
      {
        ...{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
        lastTransitionTime: timeText(now - minute),
        lastUpdateTime: timeText(now - minute),
      },
    ];
    const { rollout, blockers } = factsOf(rolled(now - 9 * minute, { conditions }), times);
    assert.deepEqual([rollout?.hasFailed, rollout?.since], [true, now - minute]);
    assert.match(blockers[0] ?? '', /ProgressDeadlineExceeded/);
  });
});

suite('the state of a workload by its sources', () => {
  const workload = rolled(now - 10 * minute);

  test('says which of them were written after its last hash, and since when', () => {
    const sources = writes(workload, present(5), present(20));
    assert.deepEqual(sources?.newer.listed, ['ConfigMap/one']);
    assert.equal(sources?.newerSince, now - 5 * minute);
    assert.equal(sources?.isComplete, true);
  });

  test('is incomplete if a source could not be read, or has no time', () => {
    for (const other of [undefined, present(undefined), { state: 'unreadable' } as const]) {
      const sources = writes(workload, present(20), other);
      assert.deepEqual([sources?.newer.listed, sources?.isComplete], [[], false]);
    }
  });

  test('does not include absent and ignored sources', () => {
    const ignored = { ...present(5), ignored: true } as Partial<Reading>;
    const sources = writes(workload, { state: 'absent' }, ignored);
    assert.deepEqual([sources?.newer.listed, sources?.isComplete], [[], true]);
  });
});
