import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bodyOf } from '../../../lib/notifications/formats.ts';
import { notificationFormats } from '../../../lib/settings/notification-settings.ts';
import { digest, longestNames, worstNames } from './examples.ts';

/**
 * The limits of the services, in bytes. The limit for Slack is the smallest total size that Slack is known to
 * reject.
 */
const limits = {
  cloudevents: 64 * 1024,
  'google-chat': 32_000,
  json: 64 * 1024,
  slack: 13_000,
  teams: 28_000,
} as const;

suite('a pass with 500 changes makes one message within the limit of the service', () => {
  for (const format of notificationFormats) {
    test(format, () => {
      const all = [longestNames(500), worstNames(500), digest()];
      const astral = longestNames(500);
      for (const made of [...all, { ...astral, entries: astral.entries.map(withEmoji) }]) {
        const { text } = bodyOf(format, made);
        assert.ok(Buffer.byteLength(text) <= limits[format], `${Buffer.byteLength(text)} bytes`);
        assert.doesNotThrow(() => JSON.parse(text));
      }
      assert.match(bodyOf(format, longestNames(500)).text, /480/);
    });
  }
});

function withEmoji<T extends { name: string; sources: readonly string[] }>(entry: T): T {
  const name = '\u{1F600}'.repeat(253);
  return { ...entry, name, sources: entry.sources.map(() => name) };
}

test('a message for programs has all sources of the report, and one for people has three', () => {
  const sources = Array.from({ length: 20 }, (_, at) => `ConfigMap/s${at}`);
  const made = digest({ entries: digest().entries.map((entry) => ({ ...entry, sources })) });
  for (const format of notificationFormats) {
    const isForPrograms = format === 'json' || format === 'cloudevents';
    const { text, contentType } = bodyOf(format, made);
    assert.equal(text.includes('ConfigMap/s19'), isForPrograms, format);
    assert.ok(text.includes('ConfigMap/s2'), format);
    const type = format === 'cloudevents' ? 'application/cloudevents+json' : 'application/json';
    assert.equal(contentType, `${type}; charset=utf-8`);
  }
});
