/** A connection without credentials to a local server, for tests of API clients. */
import { createServer, type RequestListener } from 'node:http';
import type { TestContext } from 'node:test';
import type { Http2Client } from '../../../../lib/http/http2-client.ts';
import { http } from '../../../../lib/http/node-http.ts';
import type { Connection } from '../../../../lib/kubernetes/credentials/connection.ts';
import { listen } from '../../http/local-servers.ts';

export function connectionTo(
  server: string,
  agent: InstanceType<typeof http.Agent>,
  http2?: Http2Client,
): Connection {
  return {
    ...{ server, origin: 'a test', namespace: undefined },
    authorize: async () => ({ headers: {}, agent, http2 }),
    reload() {},
    credentialHint: () => undefined,
    isVerified: true,
    maxConnections: 8,
    close() {},
  };
}

/** Starts a server that answers with `answer` until the test ends. */
export async function localConnection(
  t: TestContext,
  answer: RequestListener,
): Promise<Connection> {
  const port = await listen(t, createServer(answer));
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  return connectionTo(`http://127.0.0.1:${port}`, agent);
}
