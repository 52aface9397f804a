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

/** The path for the file of a running cluster, and folders like those of clusters. */
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

test('a running cluster is found by its file, until it removes the file', (t) => {
  const { file, cluster } = stage(t);
  assert.equal(runningCluster({}, file), undefined);
  const one = cluster('one');
  const takeBack = announce(one, file);
  assert.equal(runningCluster({}, file), one.folder);
  takeBack();
  assert.equal(runningCluster({}, file), undefined);
  assert.ok(!existsSync(file));
});

test('a killed cluster does not count as running, and the next one writes its own file', (t) => {
  const { file, cluster } = stage(t);
  const one = cluster('one');
  announce(one, file);
  rmSync(one.folder, { recursive: true });
  assert.equal(runningCluster({}, file), undefined);
  const two = cluster('two');
  announce(two, file);
  assert.equal(runningCluster({}, file), two.folder);
});

test('the file of the first cluster stays, even if a second cluster starts and ends', (t) => {
  const { file, cluster } = stage(t);
  const one = cluster('one');
  announce(one, file);
  const takeBack = announce(cluster('two'), file);
  assert.equal(runningCluster({}, file), one.folder);
  takeBack();
  assert.equal(runningCluster({}, file), one.folder);
});

test('the control plane in the environment has priority over the one in the file', (t) => {
  const { file, cluster } = stage(t);
  announce(cluster('one'), file);
  assert.equal(runningCluster({ [controlPlaneVariable]: '/given' }, file), '/given');
});
