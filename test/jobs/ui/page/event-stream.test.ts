import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { eventsIn } from '../../../../jobs/ui/page/event-stream.ts';

async function eventsOf(...chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* stream() {
    yield* chunks;
  }
  return await Array.fromAsync(eventsIn(stream()));
}

suite('a stream of events', () => {
  test('has the data of each message, wherever the chunks end', async () => {
    const bytes = new TextEncoder().encode('data: {"a":"ä"}\n\ndata: 2\n\n: comment\n\ndata: 3');
    for (let at = 0; at <= bytes.length; at += 1) {
      const events = await eventsOf(bytes.subarray(0, at), bytes.subarray(at));
      assert.deepEqual(events, ['{"a":"ä"}', '2'], String(at));
    }
  });

  test('joins the lines of a message', async () => {
    assert.deepEqual(await eventsOf(new TextEncoder().encode('data: a\ndata: b\n\n')), ['a\nb']);
  });
});
