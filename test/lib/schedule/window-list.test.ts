import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseWindows } from '../../../lib/schedule/window-list.ts';

const read = (text: string) => parseWindows(text, 'Europe/Berlin', 'a test');

function problem(text: string): string {
  const list = read(text);
  assert.ok('problem' in list, JSON.stringify(list));
  return list.problem;
}

const good = { kind: 'allow', schedule: '0 22 * * *', duration: '1h30m' };

suite('a list of windows', () => {
  test('is read as YAML and as JSON, with the time zone of the settings by default', () => {
    const yaml = `
- kind: allow
  schedule: "0 22 * * *"
  duration: 1h30m
- kind: deny
  schedule: '@monthly'
  duration: 2d
  timeZone: America/New_York
`;
    const json = JSON.stringify([
      good,
      { kind: 'deny', schedule: '@monthly', duration: '2d', timeZone: 'America/New_York' },
    ]);
    for (const text of [yaml, json]) {
      const list = read(text);
      assert.ok(!('problem' in list));
      assert.deepEqual(
        list.map(({ starts: _, ...each }) => each),
        [
          { ...good, durationMs: 5_400_000, timeZone: 'Europe/Berlin', from: 'a test' },
          {
            ...{ kind: 'deny', schedule: '@monthly', duration: '2d', durationMs: 172_800_000 },
            ...{ timeZone: 'America/New_York', from: 'a test' },
          },
        ],
      );
    }
  });

  test('may be empty', () => {
    assert.deepEqual(read('[]'), []);
  });

  for (const [text, expected] of [
    ['', /^must be a list of windows, each with kind, schedule and duration$/],
    ['true', /^must be a list/],
    [JSON.stringify(good), /^must be a list/],
    ['[1]', /^has a fault in window 1: must be a mapping of kind, schedule, duration, timeZone$/],
    ['[null]', /^has a fault in window 1: must be a mapping/],
    ['[', /^is not YAML or JSON: /],
    [
      '- schedule: * * * * *',
      /^is not YAML or JSON: .*; a schedule that begins with \* needs quotes$/,
    ],
    ['- &a {}\n- *a', /^is not YAML or JSON: /],
    ['['.repeat(4000), /^is not YAML or JSON: it is nested too deeply$/],
    [' '.repeat(5000), /^has more than 4096 characters$/],
    [JSON.stringify(Array(11).fill(good)), /^has 11 windows, and at most 10 are read$/],
    [
      JSON.stringify([good, { ...good, kind: 'Allow' }]),
      /^has a fault in window 2: kind is "Allow": must be allow or deny$/,
    ],
    [JSON.stringify([{ ...good, kind: undefined }]), /^has a fault in window 1: kind is required$/],
    [JSON.stringify([{ ...good, schedule: undefined }]), /: schedule is required$/],
    [JSON.stringify([{ ...good, duration: undefined }]), /: duration is required$/],
    [JSON.stringify([{ ...good, duration: 90 }]), /: duration must be a string; put it in quotes$/],
    [
      JSON.stringify([{ ...good, duration: '90' }]),
      /: duration is "90": must be whole numbers of d, h, m and s/,
    ],
    [
      JSON.stringify([{ ...good, duration: '30s' }]),
      /: duration is "30s": a window lasts from 1m to 366d$/,
    ],
    [JSON.stringify([{ ...good, duration: '367d' }]), /: a window lasts from 1m to 366d$/],
    [
      JSON.stringify([{ ...good, schedule: '0 25 * * *' }]),
      /: schedule is "0 25 \* \* \*": the hour "25"/,
    ],
    [JSON.stringify([{ ...good, schedule: '0 0 22 * * *' }]), /: must have 5 fields/],
    [JSON.stringify([{ ...good, schedule: '0 0 31 2 *' }]), /: none of its months has a day 31$/],
    [
      JSON.stringify([{ ...good, timeZone: 'Europe/Berlim' }]),
      /: timeZone is "Europe\/Berlim": .*; did you mean Europe\/Berlin\?$/,
    ],
    [JSON.stringify([{ ...good, timeZone: '+02:00' }]), /: must be the IANA name of a time zone/],
    [
      JSON.stringify([{ ...good, timezone: 'UTC' }]),
      /: "timezone" is not known; did you mean timeZone\?$/,
    ],
    [
      JSON.stringify([{ ...good, manualSync: true }]),
      /: "manualSync" is not known; there are kind, schedule, duration, timeZone$/,
    ],
    [JSON.stringify([{ ...good, __proto__: 1, constructor: 'x' }]), /: "constructor" is not known/],
  ] as const) {
    test(`${JSON.stringify(text.slice(0, 120))} is rejected, with the window and its fault`, () => {
      assert.match(problem(text), expected);
    });
  }
});
