import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { UsageError } from '../../../lib/errors.ts';
import { reasons } from '../../../lib/rules/reason.ts';
import { settingAt } from '../../../lib/settings/all-settings.ts';
import { loadSettings } from '../../../lib/settings/load.ts';
import { defaultReasons } from '../../../lib/settings/notification-settings.ts';
import { assertNoLeak, plantedValue } from '../../secrets/planted.ts';

const load = (sinks: unknown) =>
  loadSettings({ flags: { notifications: JSON.stringify(sinks) }, env: {} }).notifications;

/** The error message. Fails if it contains any part of a URL. */
function problemOf(flag: string): string {
  try {
    loadSettings({ flags: { notifications: flag }, env: {} });
  } catch (error) {
    assert.ok(error instanceof UsageError);
    assertNoLeak('the problem', error.message);
    return error.message;
  }
  assert.fail(`${flag} is accepted`);
}

const secret = plantedValue('url').replaceAll(/[^A-Za-z0-9]/g, '');
const url = `https://hooks.example.com/${secret}`;

test('a sink has a format, and a URL or a file with the URL', () => {
  assert.deepEqual(load([]), []);
  assert.deepEqual(load([{ format: 'slack', url }]), [{ format: 'slack', url }]);
  const whole = {
    ...{ name: 'prod-eu', format: 'json', urlFile: '/run/url' },
    ...{ secretFile: '/run/secret', caFile: '/run/ca.pem' },
    ...{ reasons: ['ConfigChanged', 'Queued'], namespaces: ['team-a'] },
  };
  assert.deepEqual(load([whole]), [whole]);
});

test('a flag accepts YAML too', () => {
  const flags = { notifications: '[{format: teams, urlFile: /run/url}]' };
  assert.equal(loadSettings({ flags, env: {} }).notifications[0]?.format, 'teams');
});

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['only a URL', url, /^--notifications is invalid: it must be a list of at most 10 sinks/],
  ['a list of URLs', [url], /in entry 1: must be a mapping of name, format, url, urlFile/],
  ['no format', [{ url }], /in entry 1: format is required$/],
  [
    'an unknown format',
    [{ format: secret, url }],
    /format must be one of cloudevents, google-chat/,
  ],
  ['a typo', [{ format: 'slack', urlfile: url }], /a member is not known; did you mean urlFile\?$/],
  ['a URL as a member', [{ format: 'slack', [url]: 'x' }], /a member is not known; known are name/],
  ['neither URL nor file', [{ format: 'slack' }], /in entry 1: set either url or urlFile$/],
  ['both', [{ format: 'slack', url, urlFile: '/x' }], /in entry 1: set either url or urlFile$/],
  [
    'plain http',
    [{ format: 'slack', url: url.replace('https', 'http') }],
    /in entry 1: url must be an https URL, or an http URL of this machine/,
  ],
  ['a number', [{ format: 'slack', url: 7 }], /url must be an https URL/],
  [
    'a reason that is not news',
    [{ format: 'slack', url, reasons: ['UpToDate'] }],
    /each entry of reasons must be one of ConfigChanged, FirstSeen/,
  ],
  ['a reason twice', [{ format: 'slack', url, reasons: ['Paused', 'Paused'] }], /reasons has the/],
  ['no reasons', [{ format: 'slack', url, reasons: [] }], /reasons must not be empty; omit it/],
  [
    'a pattern of namespaces',
    [{ format: 'slack', url, namespaces: ['team-*'] }],
    /each entry of namespaces must be the name of a namespace$/,
  ],
  ['a name with spaces', [{ format: 'slack', url, name: 'a b' }], /name must be a name of at most/],
  [
    'a name twice',
    [1, 2].map(() => ({ name: 'a', format: 'slack', url })),
    /in entry 2: the name a is used twice$/,
  ],
  [
    'a signature of a format without one',
    [{ format: 'slack', url, secretFile: '/x' }],
    /secretFile needs format: json/,
  ],
  ['eleven sinks', Array(11).fill({ format: 'slack', url }), /a list of at most 10 sinks/],
];

suite('an invalid list is wrong usage, and its message contains no URL', () => {
  for (const [what, sinks, problem] of wrong) {
    test(what, () => assert.match(problemOf(JSON.stringify(sinks)), problem));
  }

  test('a text that is not YAML', () => assert.match(problemOf(`[{url: ${url}`), /must be a list/));

  for (const [what, text] of [
    ['a value at a wrong place', `notifications:\n  - url: |${url}\n`],
    ['an unknown tag', `notifications: !${url} x\n`],
    ['an unknown directive', `%${url}\n---\n`],
    ['a wrong value', `notifications:\n  - format: slack\n    url: ${url.slice(6)}\n`],
  ] as const) {
    test(`${what} in a file`, (t) => {
      const configFile = fileWith(t, text);
      assert.throws(
        () => loadSettings({ flags: {}, env: {}, configFile }),
        (error: Error) => {
          assertNoLeak('the problem', error.message);
          return error.message.startsWith(`${configFile}:`);
        },
      );
    });
  }
});

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'settings.yaml');
  writeFileSync(file, text);
  return file;
}

test('a problem in a file has the place of the value', (t) => {
  const configFile = fileWith(t, 'notifications:\n  - format: slack\n    url: hooks\n');
  const message = `${configFile}:3:5: notifications has a fault in entry 1: url must be an https URL, or an http URL of this machine, such as http://localhost:8000`;
  assert.throws(() => loadSettings({ flags: {}, env: {}, configFile }), { message });
});

test('by default, a sink gets rollouts, holds that may last, and all warnings', () => {
  const missing = Object.keys(reasons).filter((each) => !defaultReasons.some((it) => it === each));
  assert.deepEqual(missing, [
    'UpToDate',
    ...['Adopted', 'AlreadyCurrent', 'Settling', 'CoolingDown', 'Queued'],
    ...['OptedOut', 'Deleting'],
  ]);
  for (const [reason, { isWarning }] of Object.entries(reasons)) {
    if (isWarning) assert.ok(!missing.includes(reason));
  }
});

test('the sinks belong to the process, not to the installation that a command looks at', () => {
  assert.equal(settingAt('notifications').schema.ofProcess, true);
});
