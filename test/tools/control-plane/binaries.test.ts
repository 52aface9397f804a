import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { cacheFolder, findBinaries } from '../../../tools/control-plane/binaries.ts';

const variables = ['KUBEBUILDER_ASSETS', 'XDG_CACHE_HOME', 'PATH', 'GOFLAGS'] as const;
const before = variables.map((name) => [name, process.env[name]] as const);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wave-cron-binaries-'));
  delete process.env['KUBEBUILDER_ASSETS'];
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  process.env['PATH'] = join(folder, 'path');
});

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(folder, { recursive: true });
});

function program(file: string, text = '#!/bin/sh\n'): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const sh = (script: string) =>
  program(join(folder, 'path', 'go'), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);

test('KUBEBUILDER_ASSETS comes before the cache', async () => {
  process.env['KUBEBUILDER_ASSETS'] = join(folder, 'assets');
  program(join(cacheFolder('etcd'), 'etcd'));
  const etcd = program(join(folder, 'assets', 'etcd'));
  assert.deepEqual(await findBinaries(['etcd']), { etcd });
});

test('the error about a KUBEBUILDER_ASSETS of envtest says that the controller manager is missing', async () => {
  process.env['KUBEBUILDER_ASSETS'] = join(folder, 'assets');
  program(join(folder, 'assets', 'etcd'));
  await assert.rejects(findBinaries(['etcd', 'kube-controller-manager']), {
    message: /KUBEBUILDER_ASSETS is .*assets, but kube-controller-manager is not there/,
  });
});

test('a program in the cache is used', async () => {
  const etcd = program(join(cacheFolder('etcd'), 'etcd'));
  assert.deepEqual(await findBinaries(['etcd']), { etcd });
});

test('without Go and without programs, the error names the three solutions', async () => {
  await assert.rejects(findBinaries(['etcd']), (error: Error) => {
    assert.match(error.message, /install Go 1\.26 or newer/);
    assert.match(error.message, /set KUBEBUILDER_ASSETS/);
    assert.ok(error.message.includes(`put etcd into ${cacheFolder('etcd')}`));
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
});

test('a failed build shows the last lines of go, and leaves no file that looks like a program', async () => {
  sh('echo first; for i in $(seq 30); do echo line $i >&2; done; exit 3');
  await assert.rejects(findBinaries(['etcd']), (error: Error) => {
    assert.match(error.message, /building etcd .* failed, go build ended with 3:\n/);
    assert.match(error.message, /line 30$/);
    assert.doesNotMatch(error.message, /first/);
    return true;
  });
  sh('exit 4');
  await assert.rejects(findBinaries(['etcd']), /ended with 4/);
});

test('two callers that need the same program build it once', async () => {
  // go writes to $7: build -trimpath -buildvcs=false -ldflags FLAGS -o TARGET PACKAGE.
  sh(`echo build >> ${folder}/builds; sleep 0.5; echo '#!/bin/sh' > "$7"; chmod +x "$7"`);
  const [one, other] = await Promise.all([findBinaries(['etcd']), findBinaries(['etcd'])]);
  assert.deepEqual(one, other);
  assert.equal(readFileSync(join(folder, 'builds'), 'utf8'), 'build\n');
});

test('a build reports the version that its go.mod pins', () => {
  for (const [name, module] of [
    ['etcd', 'go.etcd.io/etcd/server/v3'],
    ['kube-apiserver', 'k8s.io/kubernetes'],
    ['promcheck', 'github.com/prometheus/prometheus'],
    ['pushgateway', 'github.com/prometheus/pushgateway'],
    ['helm', 'helm.sh/helm/v4'],
    ['helm3', 'helm.sh/helm/v3'],
  ] as const) {
    const [, folder, version = ''] = /([a-z]+3?)-(v[\d.]+)-[^/]*$/.exec(cacheFolder(name)) ?? [];
    const pins = readFileSync(
      join(import.meta.dirname, '../../../tools/control-plane/go', String(folder), 'go.mod'),
      'utf8',
    );
    assert.ok(
      pins.split(/[\n\t]/).some((line) => `${line} `.startsWith(`${module} ${version} `)),
      name,
    );
  }
});
