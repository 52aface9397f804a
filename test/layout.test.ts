/** Checks where files are and what they import: docs/architecture.md has the reasons. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  builtInKinds,
  revisionKind,
  sourceEntry,
  sourceKinds,
  workloadEntry,
} from '../lib/kubernetes/kinds.ts';
import packageFile from '../package.json' with { type: 'json' };
import { textsIn } from './docs/sentences.ts';
import { codeOf, cycleIn, files, hasTypesAlone, importsOf, root } from './layout/source.ts';

/**
 * The floors, from the bottom up. A file imports only from its own room and from lower floors. Rooms on the
 * same floor import nothing from each other. If several rooms match a file, the longest path counts. So a
 * folder can be one room, and a file in it another one.
 */
const floors: readonly (readonly string[])[] = [
  ['package.json'],
  ['lib/text/', 'lib/bounded-file.ts', 'lib/version.ts'],
  ['lib/errors.ts'],
  ['lib/kubernetes/objects.ts'],
  ['lib/kubernetes/kinds'],
  ['lib/kubernetes/names.ts', 'lib/rules/reason.ts'],
  ['lib/concurrency/', 'lib/http/', 'lib/schedule/'],
  ['lib/kubernetes/'],
  ['lib/installation/', 'lib/lease/', 'lib/triggers/'],
  ['lib/settings/'],
  ['lib/rules/'],
  ['lib/explanation/', 'lib/notifications/', 'lib/permissions/', 'lib/status/', 'lib/telemetry/'],
  ['handler/'],
  ['jobs/'],
];

/** Each outside library, with the files that may import it. */
const importers: Readonly<Record<keyof typeof packageFile.dependencies, readonly string[]>> = {
  '@kubernetes/client-node': ['lib/kubernetes/credentials/kubeconfig.ts'],
  ajv: ['lib/settings/validate.ts'],
  commander: [
    'jobs/cli/installation.ts',
    'jobs/cli/setting-flags.ts',
    'jobs/cli/usage-errors.ts',
    'jobs/commands/complete.ts',
    'jobs/completion/candidates.ts',
    'jobs/completion/words.ts',
    'jobs/main.ts',
  ],
  'fastest-levenshtein': ['lib/text/nearest.ts'],
  'node-cron': ['lib/schedule/cron.ts'],
  'p-limit': [
    'handler/check/findings.ts',
    'handler/check/granted-list.ts',
    'handler/explain/subject-reader.ts',
    'handler/ownership/owner-references.ts',
    'handler/pass/opted-in.ts',
    'handler/pass/workload-finder.ts',
    'handler/reading/list.ts',
    'handler/release/releaser.ts',
    'lib/kubernetes/client/api-client.ts',
    'lib/kubernetes/client/pages.ts',
  ],
  'p-retry': [
    'lib/kubernetes/client/api-client.ts',
    'lib/notifications/deliver.ts',
    'lib/telemetry/push.ts',
  ],
  pino: ['lib/telemetry/log.ts'],
  'pino-pretty': ['lib/telemetry/log.ts'],
  preact: [
    'jobs/ui/page/app.tsx',
    'jobs/ui/page/history-picture.tsx',
    'jobs/ui/page/hooks.ts',
    'jobs/ui/page/main.tsx',
    'jobs/ui/page/overview-page.tsx',
    'jobs/ui/page/parts.tsx',
    'jobs/ui/page/timeline-page.tsx',
    'jobs/ui/page/workload-details.tsx',
    'jobs/ui/page/workload-page.tsx',
  ],
  'prom-client': [
    'lib/telemetry/metrics.ts',
    'lib/telemetry/notification-metrics.ts',
    'lib/telemetry/trigger-metrics.ts',
    'lib/telemetry/watch-metrics.ts',
  ],
  yaml: [
    'lib/kubernetes/credentials/kubeconfig.ts',
    'lib/settings/settings-file.ts',
    'lib/text/parsed-yaml.ts',
  ],
};

const local = new Map(
  files.map((file) => [
    file,
    importsOf(file).flatMap(({ target, isLocal }) => (isLocal ? [target] : [])),
  ]),
);

describe('the imports', () => {
  it('lead to files that exist, and are found in every folder', () => {
    for (const folder of ['jobs', 'handler', 'lib']) {
      const own = files.filter((file) => file.startsWith(`${folder}/`));
      assert.ok(own.flatMap((file) => local.get(file) ?? []).length > 20, folder);
    }
    for (const target of new Set([...local.values()].flat())) {
      assert.ok(existsSync(join(root, target)), target);
    }
  });

  // The linter has no rule for this: it accepts one statement for types and another one for values.
  it('from one file are one statement, also in tests and tools', () => {
    const all = globSync('{build,handler,jobs,lib,test,tools}/**/*.{ts,tsx}', { cwd: root });
    const twice = all.flatMap((file) => {
      const targets = [...codeOf(file).matchAll(/^import\b[^;']*'([^']+)'/gm)].map(([, it]) => it);
      return targets.length === new Set(targets).size ? [] : [file];
    });
    assert.ok(all.length > files.length);
    assert.deepEqual(twice, []);
  });

  it('of files about a single kind go through kinds.ts', () => {
    const inside = /^lib\/kubernetes\/kinds(\/|\.ts$)/;
    const beside = [...local].flatMap(([file, targets]) =>
      !inside.test(file) && targets.some((each) => each.startsWith('lib/kubernetes/kinds/'))
        ? [file]
        : [],
    );
    assert.deepEqual(beside, []);
  });

  it('have no cycle, even with the imports of types', () => {
    assert.equal(cycleIn(local)?.join(' → '), undefined);
  });

  it('go only downward', () => {
    const rooms = floors.flatMap((floor, height) => floor.map((room) => ({ room, height })));
    const roomOf = (file: string) =>
      rooms
        .filter(({ room }) => file.startsWith(room))
        .sort((a, b) => b.room.length - a.room.length)[0];
    const upward = [...local].flatMap(([file, targets]) => {
      const own = roomOf(file);
      assert.ok(own !== undefined, `${file} is in no room`);
      return targets.flatMap((target) => {
        const other = roomOf(target);
        const isFine = other?.room === own.room || (other && other.height < own.height);
        return isFine ? [] : [`${file} imports ${target}`];
      });
    });
    assert.deepEqual(upward, []);
  });

  for (const [library, expected] of Object.entries(importers)) {
    it(`of ${library} are only in ${expected.length === 1 ? 'one file' : 'these files'}`, () => {
      const found = files.filter((file) =>
        importsOf(file).some(
          ({ target }) => target === library || target.startsWith(`${library}/`),
        ),
      );
      assert.deepEqual(found, expected);
    });
  }

  it('lead only to libraries that are listed', () => {
    assert.deepEqual(Object.keys(importers).sort(), Object.keys(packageFile.dependencies).sort());
    const outside = files.flatMap((file) => importsOf(file).filter(({ isLocal }) => !isLocal));
    const unlisted = outside.filter(
      ({ target }) =>
        !target.startsWith('node:') &&
        !Object.keys(importers).some((name) => target === name || target.startsWith(`${name}/`)),
    );
    assert.deepEqual(unlisted, []);
  });
});

describe('the rules', () => {
  const rules = files.filter((file) => file.startsWith('lib/rules/'));

  it('have no await, and take clock and randomness as arguments', () => {
    for (const file of rules) {
      assert.doesNotMatch(codeOf(file), /\b(await|async|Promise|setTimeout|process)\b/, file);
      assert.doesNotMatch(codeOf(file), /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/, file);
    }
  });

  it('import only text, kinds, names, objects and windows, and the types of settings', () => {
    const known =
      /^(lib\/(rules|text)\/.*|lib\/errors\.ts|lib\/kubernetes\/(kinds|names|objects)\.ts|lib\/schedule\/(pause|window|window-list)\.ts|node:crypto)$/;
    for (const file of rules) {
      for (const { target, isOfTypes } of importsOf(file)) {
        const isType = isOfTypes && target.startsWith('lib/settings/');
        assert.ok(isType || known.test(target), `${file} imports ${target}`);
      }
    }
  });
});

describe('the kinds', () => {
  const entries = [...builtInKinds.map(workloadEntry), ...sourceKinds.map(sourceEntry)];
  const revisions = builtInKinds.map(revisionKind);
  const kinds = [...builtInKinds, ...sourceKinds, ...revisions.map(({ kind }) => kind)];
  const plurals = [...entries, ...revisions].map(({ plural }) => plural);
  const kind = new RegExp(`\\b(${kinds.join('|')})s?\\b`);
  const plural = new RegExp(`\\b(${plurals.join('|')})\\b`);
  /**
   * The folder with the service account in a Pod. It contains the name of the resource, but is not the
   * resource.
   */
  const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

  for (const file of files.filter((each) => !/^lib\/kubernetes\/kinds(\/|\.ts$)/.test(each))) {
    it(`are not named in ${file}`, () => {
      const code = codeOf(file);
      assert.doesNotMatch(code, kind);
      const texts = textsIn(code).flat();
      const patterns = code.match(/(?<=[(=,:>?&|]\s*)\/(?![/*]).*\/[a-z]*/g) ?? [];
      for (const text of [...texts, ...patterns]) {
        if (text !== serviceAccountFolder) assert.doesNotMatch(text, plural, text);
      }
    });
  }
});

describe('the tests', () => {
  const list = join(root, 'test/layout/without-mirror.txt');

  /** Each file that is not in the list has a test at the same path. Lines are never added to the list. */
  it('mirror all files except those in a list that only shrinks (UPDATE=1 shortens it)', () => {
    const excepted = readFileSync(list, 'utf8').split('\n').filter(Boolean);
    const tested = files.filter((file) => !isOfBrowser(file));
    const alone = tested.filter((file) => !hasMirror(file) && !hasTypesAlone(file));
    const needed = excepted.filter((file) => alone.includes(file));
    if (process.env['UPDATE'] === '1')
      writeFileSync(list, needed.map((each) => `${each}\n`).join(''));
    else assert.deepEqual(excepted, needed, 'these exceptions are not needed any more');
    assert.deepEqual(
      alone.filter((file) => !excepted.includes(file)),
      [],
      'these files have no test of their own path',
    );
  });

  /** Node does not run these. The tests of the page see all of them in a browser. */
  function isOfBrowser(file: string): boolean {
    return file.endsWith('.tsx');
  }

  function hasMirror(file: string): boolean {
    const path = join(root, 'test', file.replace(/\.ts$/, ''));
    return existsSync(`${path}.test.ts`) || existsSync(`${path}-on-cluster.test.ts`);
  }
});

describe('the page', () => {
  const page = 'jobs/ui/page/';

  it('runs in browsers, so it imports nothing of Node, and of the program only types and pure rules', () => {
    for (const file of files.filter((each) => each.startsWith(page))) {
      for (const { target, isOfTypes, isLocal } of importsOf(file)) {
        const isPure = target === 'lib/status/urgency.ts' || target === 'lib/text/age.ts';
        const isFine = isLocal ? target.startsWith(page) || isPure : target.startsWith('preact');
        assert.ok(isOfTypes || isFine, `${file} imports ${target}`);
      }
    }
  });

  it('is imported by nothing outside of it', () => {
    for (const [file, targets] of local) {
      if (file.startsWith(page)) continue;
      assert.deepEqual(
        targets.filter((target) => target.startsWith(page)),
        [],
        file,
      );
    }
  });
});

describe('the program', () => {
  it('reads arguments, environment and signals only in jobs', () => {
    for (const file of files.filter((f) => !f.startsWith('jobs/'))) {
      assert.doesNotMatch(codeOf(file), /process\.(env|argv|on|exit)\b/, file);
    }
  });
});
