import type { ShownDigest } from './fitted.ts';
import { type JsonMessage, jsonMessage } from './plain-json.ts';

/** A CloudEvent 1.0 in structured mode: https://github.com/cloudevents/spec */
export interface CloudEventMessage {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: 'wave-cron.digest.v1' | 'wave-cron.test.v1';
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: JsonMessage;
}

/** Pure. */
export function cloudEventMessage(digest: ShownDigest): CloudEventMessage {
  const { id, time, kind, installation } = digest;
  return {
    specversion: '1.0',
    id,
    source: `/wave-cron/${installation.namespace}/${installation.name}`,
    type: kind === 'Test' ? 'wave-cron.test.v1' : 'wave-cron.digest.v1',
    time,
    datacontenttype: 'application/json',
    data: jsonMessage(digest),
  };
}
