import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  announce,
  controlPlaneVariable,
  runningCluster,
} from '../../../tools/control-plane/running-cluster.ts';

/** A file to leave word in, and folders as clusters have them. */
function stage(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'wave-cron-running-'));
  t.after(() => rmSync(home, { recursive: true }));
  const cluster = (name: string) => {
    const folder = join(home, name);
    const kubeconfig = join(folder, 'kubeconfig');
    mkdirSync(folder);
    writeFileSync(kubeconfig, '');
    return { folder, kubeconfig };
  };
  return { file: join(home, 'word'), cluster };
}

test('a running cluster is found by the word that it left, until it takes it back', (t) => {
  const { file, cluster } = stage(t);
  assert.equal(runningCluster({}, file), undefined);
  const one = cluster('one');
  const takeBack = announce(one, file);
  assert.equal(runningCluster({}, file), one.folder);
  takeBack();
  assert.equal(runningCluster({}, file), undefined);
  assert.ok(!existsSync(file));
});

test('a cluster that was killed is not taken for a running one, and the next one leaves word', (t) => {
  const { file, cluster } = stage(t);
  const one = cluster('one');
  announce(one, file);
  rmSync(one.folder, { recursive: true });
  assert.equal(runningCluster({}, file), undefined);
  const two = cluster('two');
  announce(two, file);
  assert.equal(runningCluster({}, file), two.folder);
});

test('of two clusters the first keeps the word, though the second comes and goes', (t) => {
  const { file, cluster } = stage(t);
  const one = cluster('one');
  announce(one, file);
  const takeBack = announce(cluster('two'), file);
  assert.equal(runningCluster({}, file), one.folder);
  takeBack();
  assert.equal(runningCluster({}, file), one.folder);
});

test('the control plane of the environment goes before the one that left word', (t) => {
  const { file, cluster } = stage(t);
  announce(cluster('one'), file);
  assert.equal(runningCluster({ [controlPlaneVariable]: '/given' }, file), '/given');
});
