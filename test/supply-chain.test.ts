/** What is installed, and what is shipped, is what the repository says: no more, and nothing by chance. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

type Versions = Record<string, string>;
type Package = {
  version: string;
  scripts: Record<string, string>;
  dependencies: Versions;
  devDependencies: Versions;
  allowScripts: Record<string, boolean>;
};
type Locked = {
  version?: string;
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Versions;
  optionalDependencies?: Versions;
  peerDependencies?: Versions;
};
type Bom = {
  bomFormat: string;
  metadata: { component: { name: string; version: string } };
  components: { name: string; version: string; purl: string; hashes?: object[] }[];
};

const own = JSON.parse(text('package.json')) as Package;
const lock = JSON.parse(text('package-lock.json')) as { packages: Record<string, Locked> };
const locked = Object.entries(lock.packages).flatMap(([place, it]) =>
  place === '' ? [] : [{ ...it, name: place.slice(place.lastIndexOf('node_modules/') + 13) }],
);

/**
 * `name@version` of all that the runtime dependencies need in turn, by the lock file, even if a package for
 * development needs it too.
 */
function runtimePackages(): Set<string> {
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    let folder = from;
    while (lock.packages[`${folder}node_modules/${name}`] === undefined) {
      // An optional peer that nobody has installed.
      if (folder === '') return;
      folder = folder.slice(0, folder.lastIndexOf('node_modules/'));
    }
    const place = `${folder}node_modules/${name}`;
    const it = lock.packages[place];
    if (it === undefined || found.has(`${name}@${it.version}`)) return;
    found.add(`${name}@${it.version}`);
    const needed = { ...it.dependencies, ...it.optionalDependencies, ...it.peerDependencies };
    for (const each of Object.keys(needed)) visit(each, `${place}/`);
  };
  for (const name of Object.keys(own.dependencies)) visit(name, '');
  return found;
}

suite('the supply chain', () => {
  test('has exact versions, which the lock file repeats, and a digest of each package', () => {
    for (const [name, version] of Object.entries({ ...own.dependencies, ...own.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
    for (const { name, resolved, integrity } of locked) {
      assert.match(integrity ?? '', /^sha512-/, name);
      // The registry is left to whoever installs.
      assert.equal(resolved, undefined, name);
    }
  });

  test('runs no script of a package at its installation but those that are allowed by name', () => {
    const withScripts = locked.filter(({ hasInstallScript }) => hasInstallScript === true);
    assert.deepEqual(
      withScripts.map(({ name }) => name).sort(),
      Object.keys(own.allowScripts).sort(),
    );
    // None of them is part of what is shipped.
    assert.ok(withScripts.every(({ dev }) => dev === true));
  });

  test('is audited before a change lands', () => {
    assert.match(text('.ci/run'), /^audit=\$\(npm audit --omit=dev/m);
    assert.match(text('.ci/run'), /^npm ci$/m);
  });

  test('has in docs/dependencies.md each runtime dependency, why it is there, and no other', () => {
    const rows = [...text('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| (.+) \| (.+) \|$/gm)];
    assert.deepEqual(
      rows.map(([, name]) => name),
      Object.keys(own.dependencies).sort(),
    );
  });

  test('has no runtime dependency that the program does not import, and imports no other package', () => {
    const files = globSync('{jobs,handler,lib}/**/*.ts', { cwd: root });
    const imported = files.flatMap((file) =>
      [...text(file).matchAll(/(?:from\s+|import\s+|import\(\s*)'([^'.][^']*)'/g)]
        .map(([, path = '']) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '')
        .filter((name) => !name.startsWith('node:')),
    );
    assert.deepEqual([...new Set(imported)].sort(), Object.keys(own.dependencies).sort());
  });

  test('makes a CycloneDX bill of just the runtime packages of the lock file, also when building', async () => {
    assert.match(own.scripts['build'] ?? '', / && npm run --silent sbom > dist\/sbom\.cdx\.json$/);
    // It would take the log level and the folder of the npm that runs the tests.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')),
    );
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], {
      cwd: root,
      env,
      maxBuffer: 64 << 20,
    });
    const bom = JSON.parse(stdout) as Bom;
    assert.equal(bom.bomFormat, 'CycloneDX');
    // npm names it after the folder, so the script makes the bill in one of this name.
    assert.deepEqual(
      [bom.metadata.component.name, bom.metadata.component.version],
      ['wave-cron', own.version],
    );
    const names = bom.components.map(({ name, version }) => `${name}@${version}`);
    assert.deepEqual(names.sort(), [...runtimePackages()].sort());
    assert.ok(names.length > Object.keys(own.dependencies).length);
    for (const { name, purl, hashes } of bom.components) {
      assert.match(purl, /^pkg:npm\//, name);
      assert.ok((hashes ?? []).length > 0, name);
    }
  });
});
