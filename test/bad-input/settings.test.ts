/**
 * Settings that no person would write. They are either valid, or rejected by a UsageError with a few plain
 * lines.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../lib/errors.ts';
import { allSettings } from '../../lib/settings/all-settings.ts';
import { loadSettings, type SettingsSources } from '../../lib/settings/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'bad-settings-'));
after(() => rmSync(folder, { recursive: true }));
const configFile = join(folder, 'settings.yaml');

/** The error message for these settings; undefined if they are valid. */
function complaint(sources: Partial<SettingsSources>): string | undefined {
  const before = Object.getOwnPropertyNames(Object.prototype);
  try {
    assert.ok(Object.isFrozen(loadSettings({ flags: {}, env: {}, ...sources })));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    const lines = error.message.split('\n');
    assert.ok(lines.length <= 202, `${lines.length} lines`);
    for (const line of lines) {
      assert.ok(line.length <= 2100 && !/\p{Cc}/u.test(line), line.slice(0, 300));
      assert.doesNotMatch(line, /^\s+at |TypeError|undefined/);
    }
    return error.message;
  } finally {
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
  }
}

function complaintAbout(file: string | Uint8Array): string | undefined {
  writeFileSync(configFile, file);
  return complaint({ configFile });
}

const paths = allSettings.map(({ path }) => path);
const topNames = [...new Set(paths.map((path) => path.split('.')[0] ?? ''))];
const lowNames = [...new Set(paths.map((path) => path.split('.').at(-1) ?? ''))];
const name = fc.oneof(
  fc.constantFrom(...topNames, ...lowNames),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '',
    '<<',
    '\u{1b}[2J',
    'a\nb',
  ),
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1e21, 5, '', 'default', '* * * * *', '30s', '*', ':'),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
/** JSON text, because an object literal cannot have the key `__proto__`. */
const json = fc.letrec<{ value: string; object: string }>((tie) => ({
  object: fc
    .array(fc.tuple(name, tie('value')), { maxLength: 6 })
    .map(
      (pairs) => `{${pairs.map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(', ')}}`,
    ),
  value: fc.oneof(
    { depthSize: 'small' },
    scalar.map((value) => JSON.stringify(value)),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join(', ')}]`),
    tie('object'),
  ),
}));

test('a file with any names and values is valid, or is rejected in plain lines', () => {
  fc.assert(
    fc.property(json.object, (text) => void complaintAbout(text)),
    { numRuns: 200 },
  );
});

test('a file of any bytes is rejected in plain lines, or sets nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void complaintAbout(bytes)),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...'{}[]:,-?&*!|>%@`"\'#\n\t \u{feff}~<=ab1'), { maxLength: 40 }),
      (pieces) => void complaintAbout(pieces.join('')),
    ),
    { numRuns: 200 },
  );
});

test('variables and flags with any texts are valid, or are rejected in plain lines', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom('', ',', '-1', '1e9', '__proto__', '{}', ' '.repeat(9999), 'a,'.repeat(50_000)),
  );
  const variables = fc.constantFrom(
    ...allSettings.map(({ variable }) => variable),
    'WAVE___proto__',
    `WAVE_${'X'.repeat(100_000)}`,
    'JOB_COMPLETION_INDEX',
  );
  fc.assert(
    fc.property(
      fc.dictionary(variables, text, { maxKeys: 5 }),
      fc.dictionary(fc.constantFrom(...paths), text, { maxKeys: 5 }),
      (env, flags) => void complaint({ env, flags }),
    ),
    { numRuns: 100 },
  );
  const env = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`WAVE_X${at}`, '']));
  assert.match(complaint({ env }) ?? '', /^3000 problems in the settings:.* {2}and 2800 more$/s);
});

const many = (count: number, each: (at: number) => string, between = ', ') =>
  Array.from({ length: count }, (_, at) => each(at)).join(between);

for (const [what, text, says] of [
  ['ten thousand unknown names', many(10_000, (at) => `key${at}: 1`, '\n'), /and 9950 more/],
  ['one name ten thousand times', many(10_000, () => 'kinds: []', '\n'), /kinds is set twice/],
  ['ten thousand names of no namespace', `namespaces: [${many(10_000, (at) => `N${at}`)}]`, /more/],
  ['ten thousand mappings for names', `namespaces: [${many(10_000, () => '{}')}]`, /contains \{\}/],
  ['brackets in brackets', '['.repeat(20_000), /nested too deeply/],
  ['lists in lists', '- '.repeat(20_000), /nested too deeply/],
  ['quotes on quotes', '"'.repeat(20_001), /not valid YAML or JSON/],
  ['bars on bars', '|'.repeat(200_000), /not valid YAML or JSON/],
  ['a long name', `? ${'k'.repeat(200_000)}\n: 1`, /^.{0,200}… is not a setting/],
  ['a long value', `logLevel: ${'v'.repeat(200_000)}`, /^.{0,200}…: must be one of/],
  ['a long schedule', `schedule: "${'1,'.repeat(100_000)}"`, /a cron expression has/],
  ['a list of itself', 'namespaces: &a [*a]', /a circular structure/],
  ['a mapping of itself', 'lease: &a {name: *a}', /a circular structure/],
  [
    'anchors that multiply',
    `a: &a [x, x]\nb: &b [${many(99, () => '*a')}]\nnamespaces: [${many(99, () => '*b')}]`,
    /the aliases expand/,
  ],
  ['a megabyte', '#'.repeat(1024 * 1024), /is larger than 256 KiB/],
  ['a program', '\u{7f}ELF\u{2}\u{1}\u{0}\u{0}', /a single value|not YAML/],
] as const) {
  test(`a file of ${what} is rejected in a few lines`, { timeout: 60_000 }, () => {
    assert.match(complaintAbout(text) ?? 'it is not', says);
  });
}

for (const [what, text] of [
  ['blanks', ' '.repeat(200_000)],
  ['a comment', '#'.repeat(200_000)],
  ['a byte order mark and a setting', '\u{feff}logLevel: debug'],
  ['five thousand namespaces', `namespaces: [${many(5_000, (at) => `team-${at}`)}]`],
] as const) {
  test(`a file of ${what} is read`, { timeout: 60_000 }, () => {
    assert.equal(complaintAbout(text), undefined);
  });
}
