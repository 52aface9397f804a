import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingAt } from '../../../lib/settings/all-settings.ts';
import { loadSettings } from '../../../lib/settings/load.ts';

test('POST /trigger is off unless the file of its token is set', () => {
  const { flag, variable } = settingAt('triggers.http.tokenFile');
  assert.deepEqual(
    [flag, variable],
    ['--triggers-http-token-file', 'WAVE_TRIGGERS_HTTP_TOKEN_FILE'],
  );
  const off = loadSettings({ flags: {}, env: {} });
  assert.equal(off.triggers.http.tokenFile, undefined);
  const on = loadSettings({ flags: {}, env: { [variable]: '/run/token' } });
  assert.equal(on.triggers.http.tokenFile, '/run/token');
});

test('the file of the token belongs to the process, not to the installation that a command looks at', () => {
  assert.equal(settingAt('triggers.http.tokenFile').schema.ofProcess, true);
});
