import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { revisionKind } from '../../../../lib/kubernetes/kinds.ts';

suite('the built-in kinds', () => {
  test('number their revisions as their controllers do', () => {
    const annotations = {
      'deployment.kubernetes.io/revision': '7',
      'deployment.kubernetes.io/revision-history': '1,3',
    };
    const replicaSet = { metadata: { annotations }, spec: { template: { spec: {} } } };
    const revisions = revisionKind('Deployment');
    assert.equal(revisions.number(replicaSet), 7);
    assert.equal(revisions.earlierNumbers(replicaSet), '1,3');
    assert.deepEqual(revisions.template(replicaSet), { spec: {} });
    assert.equal(revisions.number({}), 0);
    const argo = { 'rollout.argoproj.io/revision': '4' };
    const ofRollout = revisionKind('Rollout.v1alpha1.argoproj.io');
    assert.equal(ofRollout.number({ metadata: { annotations: argo } }), 4);
    assert.equal(ofRollout.earlierNumbers({}), undefined);
    assert.throws(() => revisionKind('Widget.v1.example.com'), /has no revisions/);
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const { number, earlierNumbers, template } = revisionKind(kind);
      const revision = { revision: 5, data: { spec: { template: { metadata: { name: 'x' } } } } };
      assert.equal(number(revision), 5);
      assert.equal(earlierNumbers(revision), undefined);
      assert.deepEqual(template(revision), { metadata: { name: 'x' } });
      assert.deepEqual(template({}), {});
    }
  });
});
