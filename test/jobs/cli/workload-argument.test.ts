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
  test(`a ${kind} is named as kubectl has it`, () => {
    for (const each of written) {
      assert.deepEqual(parseWorkloadArgument(`${each}/web.v2`), { kind, name: 'web.v2' });
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
  test(`${text} is refused, with what is meant`, () => {
    assert.throws(() => parseWorkloadArgument(text), {
      name: 'UsageError',
      message: `"${text}" is not KIND/NAME, such as deployment/web; KIND is deployment, statefulset or daemonset (or deploy, sts, ds)`,
    });
  });
}

test('a namespace is one name', () => {
  assert.equal(parseNamespaceOption('team-a'), 'team-a');
  for (const text of ['', 'a,b', 'Team', '../x', 'a'.repeat(64)]) {
    assert.throws(() => parseNamespaceOption(text), { name: 'UsageError' });
  }
});
