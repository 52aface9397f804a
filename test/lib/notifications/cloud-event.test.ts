/** The CloudEvents library of the CNCF checks the events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudEvent, HTTP } from 'cloudevents';
import { cloudEventMessage } from '../../../lib/notifications/cloud-event.ts';
import { bodyOf } from '../../../lib/notifications/formats.ts';
import { digest, frame, shown, testMessage } from './examples.ts';

test('the library reads a message as one event, in strict mode', () => {
  const { contentType, text } = bodyOf('cloudevents', digest());
  const headers = { 'content-type': contentType };
  const event = HTTP.toEvent<{ counts: object }>({ headers, body: text });
  assert.ok(event instanceof CloudEvent);
  assert.equal(event.validate(), true);
  assert.equal(event.id, frame.id);
  assert.equal(event.source, '/wave-cron/wave-cron/wave-cron');
  assert.equal(event.type, 'wave-cron.digest.v1');
  assert.equal(event.time, frame.time);
  assert.deepEqual(event.data?.counts, { ConfigChanged: 1 });
});

test('a test message has its own type', () => {
  const event = new CloudEvent({ ...cloudEventMessage(testMessage) });
  assert.equal(event.validate(), true);
  assert.equal(event.type, 'wave-cron.test.v1');
});

test('the data is that of the format json', () => {
  assert.deepEqual(cloudEventMessage(shown()).data, JSON.parse(bodyOf('json', digest()).text));
});
