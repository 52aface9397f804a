/**
 * Reads server-sent events, and returns the data of each message. The browser's EventSource cannot send
 * the token in a header.
 */
export async function* eventsIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const messages = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const lines = message.split('\n').filter((line) => line.startsWith('data: '));
      if (lines.length > 0) yield lines.map((line) => line.slice('data: '.length)).join('\n');
    }
  }
}
