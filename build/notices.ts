/**
 * The copyright notices and licenses of bundled packages. Their licenses require that the bundle
 * includes them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

export const noticesFile = 'THIRD-PARTY-NOTICES.txt';

type Manifest = { name: string; version: string; license?: string; dependencies?: object };

const isNotice = (file: string): boolean => /^(un)?licen[cs]e|^notice|^copying/i.test(file);

/** The folders of the packages whose code is in the output of esbuild, relative to its root. */
export function bundledPackages({ outputs }: Metafile): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
  );
  const folders = files.flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  return [...new Set(folders)].sort();
}

/** @throws Error if a package has no license text */
export function noticesText(metafile: Metafile, root: string): string {
  const bundled = bundledPackages(metafile);
  const sections = [...bundled, ...inlined(bundled, root)].map((folder) => section(folder, root));
  return [
    'wave-cron contains code of the packages below, each under its own license.',
    ...sections.sort((a, b) => a.localeCompare(b, 'en')),
  ].join(`\n\n${'='.repeat(80)}\n`);
}

/**
 * Dependencies of bundled packages that esbuild does not report: a package may contain them in its
 * own files, as jsonpath-plus contains jsep. Packages of types contain no code.
 */
function inlined(bundled: readonly string[], root: string): string[] {
  const folders = bundled.flatMap((folder) =>
    Object.keys(manifestOf(folder, root).dependencies ?? {})
      .filter((name) => !name.startsWith('@types/'))
      .map((name) => installedAt(name, folder, root)),
  );
  return [...new Set(folders)].filter((folder) => !bundled.includes(folder));
}

/** The folder in which Node finds a package that another package imports. */
function installedAt(name: string, from: string, root: string): string {
  const own = join(from, 'node_modules', name);
  if (existsSync(join(root, own, 'package.json'))) return own;
  const above = from.lastIndexOf('node_modules/');
  if (above === -1) throw new Error(`the package ${name} is not installed: run npm ci`);
  return installedAt(name, from.slice(0, above), root);
}

function section(folder: string, root: string): string {
  const { name, version, license } = manifestOf(folder, root);
  const texts = readdirSync(join(root, folder))
    .filter(isNotice)
    .sort()
    .map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
  if (license === undefined || texts.length === 0) {
    throw new Error(
      `${name} ${version} has no license or no license text (in ${folder}): it cannot be shipped`,
    );
  }
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
}

function manifestOf(folder: string, root: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}
