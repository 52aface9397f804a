import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isOpenAt, type Window, windowsAt } from '../../../lib/schedule/window.ts';
import { readWindows } from '../../../lib/schedule/window-list.ts';

type Short = readonly ['allow' | 'deny', schedule: string, duration: string, timeZone?: string];

function windows(...list: readonly Short[]): readonly Window[] {
  const given = list.map(([kind, schedule, duration, timeZone = 'UTC']) => {
    return { kind, schedule, duration, timeZone };
  });
  const read = readWindows(given, 'UTC', 'a test');
  assert.ok(!('problem' in read), JSON.stringify(read));
  return read;
}

const ms = (time: string): number => Date.parse(`${time}Z`);

/** The minutes between `from` and `to` in which the windows open or close. */
function changes(list: readonly Window[], from: string, to: string): string[] {
  const found: string[] = [];
  let before = isOpenAt(list, ms(from) - 60_000);
  for (let at = ms(from); at < ms(to); at += 60_000) {
    const open = isOpenAt(list, at);
    if (open !== before)
      found.push(`${open ? 'opens' : 'closes'} ${new Date(at).toISOString().slice(0, 16)}`);
    before = open;
  }
  return found;
}

suite('windows', () => {
  for (const [name, list, from, to, expected] of [
    [
      'are open from their start, and no longer than their duration',
      [['allow', '0 22 * * *', '1h30m']],
      ...(['2026-11-30T12:00', '2026-12-01T12:00'] as const),
      ['opens 2026-11-30T22:00', 'closes 2026-11-30T23:30'],
    ],
    [
      'go across midnight',
      [['allow', '0 23 * * *', '2h']],
      ...(['2026-11-30T12:00', '2026-12-01T12:00'] as const),
      ['opens 2026-11-30T23:00', 'closes 2026-12-01T01:00'],
    ],
    [
      'that deny are closed in that time, and open at any other',
      [['deny', '0 9 * * 1-5', '8h']],
      ...(['2026-11-27T12:00', '2026-12-01T00:00'] as const),
      ['opens 2026-11-27T17:00', 'closes 2026-11-30T09:00', 'opens 2026-11-30T17:00'],
    ],
    [
      'of their own time zone begin by its clock',
      [['allow', '0 22 * * *', '1h', 'Asia/Kathmandu']],
      ...(['2026-11-30T00:00', '2026-12-01T00:00'] as const),
      ['opens 2026-11-30T16:15', 'closes 2026-11-30T17:15'],
    ],
    [
      'last their duration across a clock that is set forward',
      [['allow', '30 1 * * *', '2h', 'Europe/Berlin']],
      ...(['2026-03-28T12:00', '2026-03-29T12:00'] as const),
      ['opens 2026-03-29T00:30', 'closes 2026-03-29T02:30'],
    ],
    [
      'last their duration across a clock that is set back',
      [['allow', '30 1 * * *', '2h', 'Europe/Berlin']],
      ...(['2026-10-24T12:00', '2026-10-25T12:00'] as const),
      ['opens 2026-10-24T23:30', 'closes 2026-10-25T01:30'],
    ],
    [
      'that begin in the hour that the clock goes through twice begin twice, and are one if they overlap',
      [['allow', '30 2 * * *', '1h30m', 'Europe/Berlin']],
      ...(['2026-10-24T12:00', '2026-10-25T12:00'] as const),
      ['opens 2026-10-25T00:30', 'closes 2026-10-25T03:00'],
    ],
    [
      'that begin in the hour that the clock leaves out do not begin on that day',
      [['allow', '30 2 * * *', '1h', 'Europe/Berlin']],
      ...(['2026-03-28T12:00', '2026-03-30T12:00'] as const),
      ['opens 2026-03-30T00:30', 'closes 2026-03-30T01:30'],
    ],
    [
      'on the leap day are open on the leap day',
      [['allow', '0 12 29 2 *', '1h']],
      ...(['2028-02-28T00:00', '2028-03-02T00:00'] as const),
      ['opens 2028-02-29T12:00', 'closes 2028-02-29T13:00'],
    ],
    [
      'that allow and touch are one',
      [
        ['allow', '0 1 * * *', '1h'],
        ['allow', '0 2 * * *', '1h'],
      ],
      ...(['2026-11-30T00:00', '2026-12-01T00:00'] as const),
      ['opens 2026-11-30T01:00', 'closes 2026-11-30T03:00'],
    ],
    [
      'that allow and overlap are one',
      [
        ['allow', '0 1 * * *', '2h'],
        ['allow', '0 2 * * *', '2h'],
      ],
      ...(['2026-11-30T00:00', '2026-12-01T00:00'] as const),
      ['opens 2026-11-30T01:00', 'closes 2026-11-30T04:00'],
    ],
    [
      'are closed if one allows and another denies the same time',
      [
        ['allow', '0 1 * * *', '4h'],
        ['deny', '0 2 * * *', '1h'],
      ],
      ...(['2026-11-30T00:00', '2026-12-01T00:00'] as const),
      [
        ...['opens 2026-11-30T01:00', 'closes 2026-11-30T02:00'],
        ...['opens 2026-11-30T03:00', 'closes 2026-11-30T05:00'],
      ],
    ],
    [
      'of which the one that denies ends when the one that allows begins are open then',
      [
        ['deny', '0 1 * * *', '1h'],
        ['allow', '0 2 * * *', '1h'],
      ],
      ...(['2026-11-30T00:00', '2026-12-01T00:00'] as const),
      ['opens 2026-11-30T02:00', 'closes 2026-11-30T03:00'],
    ],
    [
      'that begin again before they end stay open',
      [['allow', '0 * * * *', '1h']],
      ...(['2026-11-30T00:00', '2026-12-01T00:00'] as const),
      [],
    ],
  ] as const satisfies readonly (readonly [
    string,
    readonly Short[],
    string,
    string,
    readonly string[],
  ])[]) {
    test(name, () => {
      assert.deepEqual(changes(windows(...list), from, to), expected);
    });
  }

  test('are open with a precision of seconds', () => {
    const list = windows(['allow', '0 22 * * *', '1h30m']);
    assert.equal(isOpenAt(list, ms('2026-11-30T21:59:59.999')), false);
    assert.equal(isOpenAt(list, ms('2026-11-30T22:00:00')), true);
    assert.equal(isOpenAt(list, ms('2026-11-30T23:29:59.999')), true);
    assert.equal(isOpenAt(list, ms('2026-11-30T23:30:00')), false);
  });

  test('say when they open next, in the zone of the window that opens or ends then', () => {
    const list = windows(
      ['allow', '0 22 * * *', '4h', 'Europe/Berlin'],
      ['deny', '0 22 30 * *', '2h', 'America/New_York'],
    );
    const opening = (at: string) => {
      const answer = windowsAt(list, ms(at));
      assert.ok(!answer.open);
      return {
        at: new Date(answer.opening?.at ?? 0).toISOString(),
        zone: answer.opening?.timeZone,
      };
    };
    assert.deepEqual(opening('2026-11-29T12:00'), {
      at: '2026-11-29T21:00:00.000Z',
      zone: 'Europe/Berlin',
    });
    // 22:00 in New York is 03:00 of the next day, when the window of Berlin has ended.
    assert.deepEqual(opening('2026-12-01T03:30'), {
      at: '2026-12-01T21:00:00.000Z',
      zone: 'Europe/Berlin',
    });
    const denied = windows(['deny', '0 22 30 * *', '2h', 'America/New_York']);
    const answer = windowsAt(denied, ms('2026-12-01T03:30'));
    assert.deepEqual(answer, {
      open: false,
      by: denied[0],
      opening: { at: ms('2026-12-01T05:00'), timeZone: 'America/New_York' },
    });
  });

  test('find an opening after a deny window that begins again before it ends', () => {
    const list = windows(['deny', '*/10 9-16 * * *', '1h']);
    const answer = windowsAt(list, ms('2026-11-30T09:05'));
    assert.ok(!answer.open);
    assert.equal(answer.opening?.at, ms('2026-11-30T17:50'));
  });

  test('that never open say so quickly', () => {
    for (const list of [
      windows(['deny', '* * * * *', '1m']),
      windows(['deny', '0 0 1 1 *', '366d']),
      windows(['allow', '0 12 29 2 *', '1h'], ['deny', '0 0 29 2 *', '1d']),
      windows(['allow', '* * * * *', '1m'], ['deny', '* * * * *', '366d']),
    ]) {
      const answer = windowsAt(list, ms('2026-11-30T09:05'));
      assert.ok(!answer.open);
      assert.equal(answer.opening, undefined);
    }
  });
});
