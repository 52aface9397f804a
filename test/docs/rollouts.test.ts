/** Reads the examples in docs/rollouts.md with the parsers of the product. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parse } from 'yaml';
import { annotationKeysOf, annotations } from '../../lib/rules/annotations.ts';
import { reasons } from '../../lib/rules/reason.ts';
import { policyTexts } from '../../lib/rules/rollout-policy/facts.ts';
import { type PolicyLevel, readLevel } from '../../lib/rules/rollout-policy/level.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import { joinLevels } from '../../lib/rules/rollout-policy/precedence.ts';
import { parseOrder } from '../../lib/rules/rollout-policy/rollout-order.ts';
import { isOpenAt } from '../../lib/schedule/window.ts';
import { allSettings } from '../../lib/settings/all-settings.ts';
import { loadSettings } from '../../lib/settings/load.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { type Block, blocksOf, textOf } from './pages.ts';

const page = 'docs/rollouts.md';
const names = annotationKeysOf(defaultSettings.annotationPrefix);
const folder = mkdtempSync(join(tmpdir(), 'wave-cron-rollouts-'));
after(() => rmSync(folder, { recursive: true }));

interface Example {
  readonly line: number;
  readonly level: PolicyLevel;
}

function ofSettings({ line, text }: Block): Example {
  const file = join(folder, `${line}.yaml`);
  writeFileSync(file, text);
  const { rollouts, timeZone } = loadSettings({ flags: {}, env: {}, configFile: file });
  return { line, level: rolloutRulesOf(rollouts, timeZone).level };
}

function ofAnnotations(line: number, given: Readonly<Record<string, string>>): Example {
  const known = new Set<string>(Object.values(names).flat());
  assert.deepEqual(
    Object.keys(given).filter((name) => !known.has(name)),
    [],
    `${page}:${line}`,
  );
  assert.equal(typeof parseOrder(given[names.rolloutOrder]), 'number', `${page}:${line}`);
  const level = readLevel(policyTexts(given, names) ?? {}, (key) => key, 'UTC');
  if ('problem' in level) assert.fail(`${page}:${line}: ${level.problem}`);
  return { line, level };
}

const examples = blocksOf(page)
  .filter(({ language }) => language === 'yaml')
  .map((block): Example => {
    const { metadata, ...rest } = parse(block.text);
    if (metadata === undefined) return ofSettings(block);
    assert.deepEqual(
      Object.keys(rest).filter((key) => !['apiVersion', 'kind'].includes(key)),
      [],
    );
    return ofAnnotations(block.line, metadata.annotations);
  });

/** The examples below a heading, in their order. */
function below(heading: string): readonly PolicyLevel[] {
  const lines = textOf(page).split('\n');
  const from = lines.indexOf(heading);
  assert.ok(from >= 0, heading);
  const next = lines.findIndex((line, i) => i > from && /^#{2,} /.test(line));
  return examples.filter(({ line }) => line > from && line < next).map(({ level }) => level);
}

suite('the page about rollouts', () => {
  test('has examples that the product accepts', () => {
    assert.ok(examples.length > 20);
  });

  test('has commands with values that the product accepts', () => {
    const commands = blocksOf(page).filter(({ language }) => language === 'sh');
    const values = commands.flatMap(({ line, text }) =>
      [...text.matchAll(/ (wave\.pusher\.com\/rollout-[a-z]+)=(\S+)/g)].map(
        ([, name = '', value = '']) => ofAnnotations(line, { [name]: value }),
      ),
    );
    assert.ok(values.length >= 2);
    assert.ok(values.every(({ level }) => level.pause !== undefined));
  });

  test('names each setting, annotation and reason code of the policy', () => {
    const text = textOf(page);
    const settings = allSettings.filter(({ path }) => path.startsWith('rollouts.'));
    const own = Object.values(annotations).filter(({ name }) =>
      /^(rollout-|approved-config|pending-config)/.test(name),
    );
    const holds = Object.entries(reasons).filter(([, each]) => 'isHold' in each);
    const named = [
      ...settings.map(({ path }) => `\`${path}\``),
      ...own.map(({ name }) => `\`${name}\``),
      ...holds.map(([reason]) => `[\`${reason}\`](#${reason.toLowerCase()})`),
    ];
    assert.deepEqual(
      named.filter((name) => !text.includes(name)),
      [],
    );
  });

  test('says when the windows of the recipes are open', () => {
    const [settings, saturday, always, month] = below('### Maintenance windows');
    assert.ok(settings && saturday && always && month);
    const isOpen = (levels: readonly PolicyLevel[], time: string) =>
      isOpenAt(joinLevels(levels).windows, Date.parse(time));
    const expected: readonly (readonly [readonly PolicyLevel[], string, boolean])[] = [
      // The windows are open in the night after Friday, but not in the night after Saturday.
      [[settings], '2026-12-04T21:59:00+01:00', false],
      [[settings], '2026-12-04T22:00:00+01:00', true],
      [[settings], '2026-12-05T03:59:00+01:00', true],
      [[settings], '2026-12-05T04:00:00+01:00', false],
      [[settings], '2026-12-05T23:00:00+01:00', false],
      [[settings], '2026-07-06T23:00:00+02:00', true],
      // The windows are closed during the holidays.
      [[settings], '2026-12-18T23:00:00+01:00', true],
      [[settings], '2026-12-21T23:00:00+01:00', false],
      [[settings], '2027-01-01T23:00:00+01:00', false],
      [[settings], '2027-01-04T23:00:00+01:00', true],
      [[settings, {}, saturday], '2026-12-05T06:30:00-05:00', true],
      [[settings, {}, saturday], '2026-12-04T22:30:00+01:00', false],
      [[settings, {}, saturday], '2026-12-26T06:30:00-05:00', false],
      [[settings, {}, always], '2026-12-05T12:00:00Z', true],
      [[settings, {}, always], '2026-12-24T12:00:00Z', false],
      [[settings, month], '2026-12-01T22:30:00+01:00', false],
      [[settings, month], '2026-12-03T23:30:00Z', false],
      [[settings, month], '2026-12-04T22:30:00+01:00', true],
      [[settings, month], '2026-12-04T12:00:00Z', false],
    ];
    for (const [levels, time, open] of expected) assert.equal(isOpen(levels, time), open, time);
  });
});
