/** Only the packages that the repository lists are installed and shipped. */
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
 * `name@version` of all direct and indirect runtime dependencies, according to the lock file. The set includes
 * packages that a development dependency also needs.
 */
function runtimePackages(): Set<string> {
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    let folder = from;
    while (lock.packages[`${folder}node_modules/${name}`] === undefined) {
      // This is an optional peer dependency that is not installed.
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
      // The lock file does not name a registry, so that each user can choose one.
      assert.equal(resolved, undefined, name);
    }
  });

  test('runs only those install scripts of packages that are allowed by name', () => {
    const withScripts = locked.filter(({ hasInstallScript }) => hasInstallScript === true);
    assert.deepEqual(
      withScripts.map(({ name }) => name).sort(),
      Object.keys(own.allowScripts).sort(),
    );
    // None of these packages is shipped.
    assert.ok(withScripts.every(({ dev }) => dev === true));
  });

  test('is audited before a change lands', () => {
    assert.match(text('.ci/run'), /^audit=\$\(npm audit --omit=dev/m);
    assert.match(text('.ci/run'), /^npm ci$/m);
  });

  test('has exactly the runtime dependencies in docs/dependencies.md, each with its reason', () => {
    const rows = [...text('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| (.+) \| (.+) \|$/gm)];
    assert.deepEqual(
      rows.map(([, name]) => name),
      Object.keys(own.dependencies).sort(),
    );
  });

  test('has no runtime dependency that the program does not import, and imports no other package', () => {
    const files = globSync('{jobs,handler,lib}/**/*.{ts,tsx}', { cwd: root });
    const imported = files.flatMap((file) =>
      [...text(file).matchAll(/(?:from\s+|import\s+|import\(\s*)'([^'.][^']*)'/g)]
        .map(([, path = '']) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '')
        .filter((name) => !name.startsWith('node:')),
    );
    assert.deepEqual([...new Set(imported)].sort(), Object.keys(own.dependencies).sort());
  });

  test('creates a CycloneDX bill of exactly the runtime packages in the lock file, also in a build', async () => {
    assert.match(own.scripts['build'] ?? '', / && npm run --silent sbom > dist\/sbom\.cdx\.json$/);
    // The script must not inherit the log level and the folder of the npm that runs the tests.
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
    // npm names the bill after the folder, so the script creates it in a folder with this name.
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
