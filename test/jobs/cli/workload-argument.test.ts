import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseNamespaceOption,
  parseWorkloadArgument,
} from '../../../jobs/cli/workload-argument.ts';

for (const [kind, written] of Object.entries({
  Deployment: ['deployment', 'deployments', 'deploy', 'Deployment', 'deployment.apps'],
  StatefulSet: ['statefulset', 'statefulsets', 'sts', 'StatefulSet', 'statefulsets.v1.apps'],
  DaemonSet: ['daemonset', 'daemonsets', 'ds', 'DS'],
})) {
  test(`a ${kind} has the same names as in kubectl`, () => {
    for (const each of written) {
      assert.deepEqual(parseWorkloadArgument(`${each}/web.v2`, []), { kind, name: 'web.v2' });
    }
  });
}

for (const text of [
  'web',
  'pod/web',
  'deploy/',
  '/web',
  'deploy/web/x',
  'deploy/Web',
  'deploy/..',
]) {
  test(`${text} is refused, and the error shows a valid form`, () => {
    assert.throws(() => parseWorkloadArgument(text, []), {
      name: 'UsageError',
      message: `"${text}" is not KIND/NAME, such as deployment/web; KIND is deployment, statefulset or daemonset (or deploy, sts, ds)`,
    });
  });
}

test('a kind of another API has the same names as in kubectl, and a built-in kind with the same name comes first', () => {
  const cloneSet = 'CloneSet.v1alpha1.apps.kruise.io';
  const advanced = 'StatefulSet.v1beta1.apps.kruise.io';
  const kindOf = (text: string) => parseWorkloadArgument(`${text}/web`, [cloneSet, advanced]).kind;
  for (const text of ['cloneset', 'CloneSets', 'clone', 'clonesets.apps.kruise.io', cloneSet]) {
    assert.equal(kindOf(text), cloneSet, text);
  }
  for (const text of [
    'asts',
    'statefulsets.apps.kruise.io',
    'statefulset.v1beta1.apps.kruise.io',
  ]) {
    assert.equal(kindOf(text), advanced, text);
  }
  assert.equal(kindOf('statefulset'), 'StatefulSet');
  assert.equal(kindOf('statefulsets.apps'), 'StatefulSet');
});

test('a kind that the settings do not name needs the notation Kind.version.group', () => {
  const kind = 'Rollout.v1alpha1.argoproj.io';
  assert.deepEqual(parseWorkloadArgument(`${kind}/web`, []), { kind, name: 'web' });
  assert.throws(() => parseWorkloadArgument('rollout/web', []), { name: 'UsageError' });
});

test('a namespace is one name', () => {
  assert.equal(parseNamespaceOption('team-a'), 'team-a');
  for (const text of ['', 'a,b', 'Team', '../x', 'a'.repeat(64)]) {
    assert.throws(() => parseNamespaceOption(text), { name: 'UsageError' });
  }
});
