/** The page about notifications shows valid settings and a working verification. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { signatureHeaders, signingKey } from '../../lib/notifications/signature.ts';
import { settingAt } from '../../lib/settings/all-settings.ts';
import { loadSettings } from '../../lib/settings/load.ts';
import { blocksOf, proseOf } from './pages.ts';

const page = 'docs/notifications.md';

function fileOf(t: TestContext, name: string, text = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const blockWith = (text: string) => blocksOf(page).find((block) => block.text.includes(text))?.text;

test('the settings on the page are valid', (t) => {
  const configFile = fileOf(t, 'settings.yaml', blockWith('# settings.yaml'));
  const { notifications } = loadSettings({ flags: {}, env: {}, configFile });
  assert.deepEqual(
    notifications.map(({ name }) => name),
    ['prod-eu', 'payments'],
  );
});

test('the page describes each member of a sink', () => {
  const { items } = settingAt('notifications').schema;
  assert.ok(items?.type === 'object');
  const rows = [...proseOf(page).matchAll(/^\| `(\w+)` \| .*$/gm)].map(([, name]) => name);
  for (const name of Object.keys(items.properties ?? {})) assert.ok(rows.includes(name), name);
});

test('the verification on the page accepts a message and rejects a forged or old one', async (t) => {
  const file = fileOf(t, 'verify.mjs', blockWith('isGenuine'));
  const { isGenuine } = (await import(pathToFileURL(file).href)) as {
    isGenuine(headers: object, body: string, secret: string): boolean;
  };
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const headers = (now: Date) =>
    signatureHeaders(signingKey(secret) ?? assert.fail(), 'id', '{"a":"\u00e4"}', now);
  const genuine = headers(new Date());
  assert.equal(isGenuine(genuine, '{"a":"\u00e4"}', secret), true);
  assert.equal(isGenuine(genuine, '{"a":"b"}', secret), false);
  assert.equal(isGenuine({ ...genuine, 'webhook-id': 'other' }, '{"a":"\u00e4"}', secret), false);
  assert.equal(
    isGenuine({ ...genuine, 'webhook-signature': 'v1,' }, '{"a":"\u00e4"}', secret),
    false,
  );
  assert.equal(isGenuine(headers(new Date(0)), '{"a":"\u00e4"}', secret), false);
});
