import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import { approvalRequestOf } from '../../../../lib/rules/rollout-policy/approval-request.ts';
import { hashOf } from './rules.ts';

const workload = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const names = annotationKeysOf('example.com');
const since = '2026-11-30T06:55:00Z';
const hash = hashOf('a');
const pending = (reason: string) => JSON.stringify({ hash, since, reason });

const asked = (annotations: Record<string, string>, passesHolds = false) =>
  approvalRequestOf(workload, annotations, names, passesHolds);

const held = { [names.pendingConfig]: pending('Paused') };

suite('a request to approve', () => {
  test('has the held configuration, and the annotation that approves it', () => {
    const history = JSON.stringify(['2026-11-29T07:00:00Z', '2026-11-28T07:00:00Z']);
    assert.deepEqual(asked({ ...held, [names.rolloutHistory]: history }), {
      ...{ hash, since, reason: 'Paused', annotation: names.approvedConfig },
      ...{ approvedBy: null, hashWrittenAt: '2026-11-29T07:00:00Z' },
    });
  });

  test('has another annotation if it is for all holds', () => {
    const request = asked(held, true);
    assert.ok('annotation' in request);
    assert.equal(request.annotation, names.rolloutNow);
    assert.equal(request.hashWrittenAt, null);
  });

  test('is already fulfilled by the same hash in a sufficient annotation', () => {
    const approvedBy = (annotation: string, value: string, passesHolds: boolean) => {
      const request = asked({ ...held, [annotation]: value }, passesHolds);
      return 'problem' in request ? request.problem : request.approvedBy;
    };
    const { approvedConfig, rolloutNow } = names;
    assert.equal(approvedBy(approvedConfig, hash, false), approvedConfig);
    assert.equal(approvedBy(rolloutNow, hash, false), rolloutNow);
    assert.equal(approvedBy(rolloutNow, hash, true), rolloutNow);
    assert.equal(approvedBy(approvedConfig, hash, true), null);
    assert.equal(approvedBy(approvedConfig, hashOf('b'), false), null);
  });

  test('has a reason only if it is a reason code, because any client may have written it', () => {
    for (const reason of ['forged\nline', 'toString', '']) {
      const request = asked({ [names.pendingConfig]: pending(reason) });
      assert.equal('hash' in request && request.reason, null, reason);
    }
  });

  test('does not exist without a valid record of a held configuration, and says why', () => {
    const problem = (annotations: Record<string, string>) => {
      const request = asked(annotations);
      return 'problem' in request ? request.problem : undefined;
    };
    assert.match(problem({}) ?? '', /^Deployment shop\/web has no annotation example\.com\//);
    assert.match(
      problem({ [names.pendingConfig]: '' }) ?? '',
      /^annotation example\.com\/pending-config of Deployment shop\/web is ""/,
    );
  });
});
