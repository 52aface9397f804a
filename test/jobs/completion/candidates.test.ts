import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { wantedAt } from '../../../jobs/completion/candidates.ts';
import { lineOf, testProgram } from './program-of-a-test.ts';

function wanted(...words: readonly string[]) {
  const program = testProgram();
  const found = wantedAt(program, lineOf(program, ...words));
  return found.kind === 'words' ? found.candidates.map(({ word }) => word) : found;
}

suite('the candidates at the cursor', () => {
  test('are the commands that help shows, and their options', () => {
    assert.deepEqual(wanted(''), ['explain', 'completion', 'help']);
    assert.deepEqual(wanted('help', ''), ['explain', 'completion', 'help']);
    assert.deepEqual(wanted('nothing', ''), []);
    assert.deepEqual(wanted('--'), ['--version', '--help']);
    const options = wanted('explain', '--namespace', 'shop', '--kinds', 'Deployment', '--');
    assert.ok(Array.isArray(options));
    for (const name of ['--output', '--yes', '--help', '--lease-name']) {
      assert.ok(options.includes(name), name);
    }
    assert.ok(!options.includes('--namespace'), 'is given already');
    assert.ok(options.includes('--kinds'), 'is a list, to which a repeated flag adds');
    const short = wanted('explain', '-');
    assert.ok(Array.isArray(short) && short.includes('-n') && short.includes('--namespace'));
  });

  test('are the values that an option or a setting allows', () => {
    assert.deepEqual(wanted('explain', '-o', ''), ['text', 'json']);
    assert.deepEqual(wanted('explain', '--output='), ['--output=text', '--output=json']);
    assert.deepEqual(wanted('explain', '--adoption', ''), ['stamp', 'if-changed', 'baseline']);
    assert.deepEqual(wanted('explain', '--kinds', 'Deployment,'), [
      ...['Deployment,Deployment', 'Deployment,StatefulSet', 'Deployment,DaemonSet'],
    ]);
    assert.deepEqual(wanted('explain', '--rollouts-paused', ''), ['true', 'false']);
    assert.deepEqual(wanted('completion', ''), ['bash', 'zsh']);
    assert.deepEqual(wanted('explain', '--lease-duration-seconds', ''), []);
  });

  test('are files, or names in the cluster', () => {
    assert.deepEqual(wanted('explain', '--config', ''), { kind: 'files' });
    assert.deepEqual(wanted('explain', '--kubeconfig='), { kind: 'files' });
    assert.deepEqual(wanted('explain', '-nsh'), { kind: 'namespaces', prefix: '-n' });
    assert.deepEqual(wanted('explain', '--namespaces=a,b'), {
      ...{ kind: 'namespaces', prefix: '--namespaces=a,' },
    });
    assert.deepEqual(wanted('explain', 'd'), ['deployment/', 'statefulset/', 'daemonset/']);
    assert.deepEqual(wanted('explain', 'deploy/w'), { kind: 'workloads', writtenKind: 'deploy' });
    assert.deepEqual(wanted('explain', 'deploy/web', ''), []);
  });
});
