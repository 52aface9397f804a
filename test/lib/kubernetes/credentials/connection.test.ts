import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { UnreachableError, UsageError } from '../../../../lib/errors.ts';
import { createApiClient } from '../../../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../../../lib/kubernetes/credentials/connection.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wave-cron-test-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Kubeconfig {
  readonly server?: string;
  readonly user?: object;
  readonly name?: string;
  readonly current?: string;
  readonly namespace?: string;
  readonly proxy?: string;
}

/** Writes a kubeconfig with one cluster, one user and one context, all of the same name. */
function write(file: string, options: Kubeconfig = {}): string {
  const { server = 'http://127.0.0.1:1', user = {}, name = 'one', namespace, proxy } = options;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server, 'insecure-skip-tls-verify': true, ...(proxy && { 'proxy-url': proxy }) },
      },
    ],
    users: [{ name, user }],
    contexts: [
      { name, context: { cluster: name, user: name, ...(namespace ? { namespace } : {}) } },
    ],
    'current-context': options.current ?? name,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const from = (kubeconfig: string | undefined, env: Record<string, string> = {}, context?: string) =>
  connect({ kubeconfig, context }, env);

/** Starts a server that records each request and answers with the status from `answer`. */
async function server(
  t: TestContext,
  answer: (authorization: string | undefined) => number = () => 200,
): Promise<{ url: string; seen: (string | undefined)[]; connections: () => number }> {
  const seen: (string | undefined)[] = [];
  let connections = 0;
  const http: Server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const status = answer(request.headers.authorization);
    // The server answers after a short time, so that requests overlap.
    setTimeout(() => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end('{}');
    }, 5);
  });
  http.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => http.close());
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { url, seen, connections: () => connections };
}

describe('the cluster', () => {
  it('comes from the given kubeconfig, else from KUBECONFIG, else from ~/.kube/config', async (t) => {
    const home = folder(t);
    mkdirSync(join(home, '.kube'));
    write(join(home, '.kube', 'config'), { server: 'http://home' });
    const env = { HOME: home };
    const listed = write(join(home, 'listed'), { server: 'http://listed' });
    const given = write(join(home, 'given'), { server: 'http://given' });
    assert.equal((await from(given, { ...env, KUBECONFIG: listed })).server, 'http://given');
    assert.equal((await from(undefined, { ...env, KUBECONFIG: listed })).server, 'http://listed');
    assert.equal((await from(undefined, env)).server, 'http://home');
  });

  it('is unknown without any of them, and the error says how to name one', async (t) => {
    await assert.rejects(
      from(undefined, { HOME: folder(t) }),
      (error) =>
        error instanceof UnreachableError && /--kubeconfig or KUBECONFIG/.test(error.message),
    );
  });

  it('comes from the first of several files that has an entry of the name, by the merge rules of kubectl', async (t) => {
    const home = folder(t);
    const one = write(join(home, 'a'), { server: 'http://first' });
    const same = write(join(home, 'b'), { server: 'http://second' });
    const other = write(join(home, 'c'), { server: 'http://third', name: 'other' });
    const KUBECONFIG = [join(home, 'missing'), one, same, other].join(delimiter);
    assert.equal((await from(undefined, { KUBECONFIG })).server, 'http://first');
    assert.equal((await from(undefined, { KUBECONFIG }, 'other')).server, 'http://third');
  });

  it('has the namespace of the context', async (t) => {
    const home = folder(t);
    assert.equal((await from(write(join(home, 'a'), { namespace: 'shop' }))).namespace, 'shop');
    assert.equal((await from(write(join(home, 'b')))).namespace, undefined);
  });

  it('may be a server behind a gateway: its path is kept, without a slash at its end', async (t) => {
    const file = write(join(folder(t), 'a'), { server: 'https://gate/k8s/c-1/' });
    assert.equal((await from(file)).server, 'https://gate/k8s/c-1');
  });
});

describe('a wrong kubeconfig', () => {
  const cases: readonly [
    string,
    { content?: string; kubeconfig?: Kubeconfig; context?: string },
    RegExp,
  ][] = [
    ['is missing', {}, /cannot be read: ENOENT/],
    ['is not YAML', { content: 'a: [' }, /kubeconfig .*/],
    ['is empty', { content: '' }, /the document root must be a mapping/],
    ['has no such context', { kubeconfig: {}, context: 'x' }, /no context "x" \(it has one\)/],
    ['has no current context', { kubeconfig: { current: '' } }, /--context \(it has one\)/],
    [
      'has a server with an invalid address',
      { kubeconfig: { server: 'x' } },
      /"x", which is not an http/,
    ],
    [
      'has a server with a password',
      { kubeconfig: { server: 'https://user:planted@gate/k8s' } },
      /the cluster's server is "https:\/\/\*\*\*@gate\/k8s": remove the user, password and query/,
    ],
    [
      'has a server with a key in its query',
      { kubeconfig: { server: 'https://gate/k8s?k=planted' } },
      /the cluster's server is "https:\/\/gate\/k8s\?\*\*\*": remove the user, password and query/,
    ],
    [
      'has a server with an invalid address and a password',
      { kubeconfig: { server: 'user:planted@gate' } },
      /"\*\*\*@gate", which is not an http or https URL$/,
    ],
    [
      'has an invalid proxy-url',
      { kubeconfig: { proxy: 'not a url' } },
      /the cluster's proxy-url is "not a url", which is not an http, https or socks5 URL$/,
    ],
    [
      'has an invalid proxy-url with a password',
      { kubeconfig: { proxy: 'ftp://user:planted@proxy' } },
      /proxy-url is "ftp:\/\/\*\*\*@proxy", which is not an http/,
    ],
  ];
  for (const [what, { content, kubeconfig, context }, message] of cases) {
    it(`that ${what} is reported in one line, as wrong usage`, async (t) => {
      const file = join(folder(t), 'config');
      if (content !== undefined) writeFileSync(file, content);
      if (kubeconfig !== undefined) write(file, kubeconfig);
      await assert.rejects(from(file, {}, context), (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.includes(file));
        assert.doesNotMatch(error.message, /\n|planted/);
        return true;
      });
    });
  }

  it('that would send credentials unencrypted is rejected unless it explicitly allows this', async (t) => {
    const file = write(join(folder(t), 'config'));
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('"insecure-skip-tls-verify":true', '"x":1'),
    );
    await assert.rejects(from(file), /is not encrypted/);
  });
});

describe('credentials', () => {
  it('are sent over one pool of connections, even for many requests', async (t) => {
    const { url, seen, connections } = await server(t);
    const connection = await from(
      write(join(folder(t), 'a'), { server: url, user: { token: 't' } }),
    );
    t.after(() => connection.close());
    const client = createApiClient(connection);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 8 }, () => client.request({ method: 'GET', path: '/x' })),
      );
    }
    assert.equal(seen.length, 80);
    // A connection may not be free again when the next round begins, although the response has arrived.
    assert.ok(connections() <= 16, `${connections()} connections`);
    assert.deepEqual(new Set(seen), new Set(['Bearer t']));
  });

  it('are sent over no more connections than allowed, directly and through a proxy', async (t) => {
    const { url, connections } = await server(t);
    const client = async (more: Kubeconfig) => {
      const file = write(join(folder(t), 'a'), { server: url, ...more });
      const connection = await connect(
        { kubeconfig: file, context: undefined, maxConnections: 3 },
        {},
      );
      t.after(() => connection.close());
      return createApiClient(connection);
    };
    const ask = async (more: Kubeconfig): Promise<void> => {
      const { request } = await client(more);
      const path = { method: 'GET', path: '/x' } as const;
      await Promise.all(Array.from({ length: 40 }, () => request(path)));
    };
    await ask({});
    assert.equal(connections(), 3);
    const proxy = createServer();
    let tunnels = 0;
    proxy.on('connect', ({ url: target = '' }, socket) => {
      tunnels += 1;
      const [host = '', port] = target.split(':');
      const upstream = connectTo(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    t.after(() => proxy.close());
    await ask({ proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    assert.equal(tunnels, 3);
  });

  it('that a server repeats in its error response are not reported', async (t) => {
    const http = createServer(({ headers }, response) => {
      const message = `${headers.authorization} is not known, ${headers.authorization?.split(' ')[1]} is not`;
      response.writeHead(403).end(JSON.stringify({ kind: 'Status', message }));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    t.after(() => http.close());
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (const user of [{ token: 'planted' }, { username: 'me', password: 'planted' }]) {
      const connection = await from(write(join(folder(t), 'a'), { server: url, user }));
      t.after(() => connection.close());
      await assert.rejects(createApiClient(connection).request({ method: 'GET', path: '/x' }), {
        message: '*** is not known, *** is not [HTTP 403]',
      });
    }
  });

  it('in a token file that has rotated are read again when the old ones are refused', async (t) => {
    const { url, seen } = await server(t, (given) => (given === 'Bearer new' ? 200 : 401));
    const home = folder(t);
    writeFileSync(join(home, 'token'), 'new\n');
    writeFileSync(join(home, 'old'), 'old\n');
    const file = write(join(home, 'config'), { server: url, user: { tokenFile: 'old' } });
    const connection = await from(file);
    t.after(() => connection.close());
    await connection.authorize();
    writeFileSync(join(home, 'old'), 'new\n');
    await createApiClient(connection).request({ method: 'GET', path: '/x' });
    assert.deepEqual(seen, ['Bearer old', 'Bearer new']);
  });

  it('from a program are requested once for many requests, and once more when they are refused', async (t) => {
    const home = folder(t);
    const log = join(home, 'calls');
    const program = join(home, 'login');
    writeFileSync(
      program,
      `#!/bin/sh
echo call >> ${log}
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$(wc -l < ${log} | tr -d ' ')'"}}'
`,
    );
    chmodSync(program, 0o755);
    const calls = () => readFileSync(log, 'utf8').trim().split('\n').length;
    let accepted = 'Bearer 1';
    const { url } = await server(t, (given) => (given === accepted ? 200 : 401));
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: program } };
    const connection = await from(write(join(home, 'config'), { server: url, user }));
    t.after(() => connection.close());
    const client = createApiClient(connection);
    const ask = () =>
      Promise.all(Array.from({ length: 20 }, () => client.request({ method: 'GET', path: '/x' })));
    await ask();
    assert.equal(calls(), 1);
    accepted = 'Bearer 2';
    await ask();
    assert.equal(calls(), 2);
  });

  it('that a program fails to give are reported in one line, with the output of the program', async (t) => {
    const home = folder(t);
    const user = { exec: { command: 'sh', args: ['-c', 'echo please log in >&2; exit 1'] } };
    const connection = await from(write(join(home, 'config'), { user }));
    await assert.rejects(
      createApiClient(connection).request({ method: 'GET', path: '/x', tries: 1 }),
      /credentials cannot be obtained: the program sh failed and said "please log in"$/,
    );
  });
});
