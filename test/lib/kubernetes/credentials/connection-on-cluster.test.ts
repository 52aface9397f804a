import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnreachableError, UsageError } from '../../../../lib/errors.ts';
import { type ApiClient, createApiClient } from '../../../../lib/kubernetes/client/api-client.ts';
import { ApiError } from '../../../../lib/kubernetes/client/api-error.ts';
import { connect } from '../../../../lib/kubernetes/credentials/connection.ts';
import { createAuthority } from '../../../../tools/control-plane/certificates.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../../tools/control-plane/testing.ts';
import { type Fault, faultProxy } from '../../../faults/fault-proxy.ts';
import { answer, status } from '../../../faults/faults.ts';

const { cluster } = testCluster();
const authority = readFileSync(cluster.caFile, 'utf8');

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'wave-cron-connection-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

type Parts = { cluster?: object; user?: object };

/**
 * Writes a kubeconfig of the control plane to `home`, with these additional fields. It is JSON, which is valid
 * YAML.
 */
function kubeconfig(home: string, { cluster: more = {}, user = {} }: Parts): string {
  const name = 'one';
  const file = join(home, 'config');
  writeFileSync(join(home, 'ca.crt'), authority);
  const server = { server: cluster.url, 'certificate-authority': 'ca.crt', ...more };
  const text = JSON.stringify({
    clusters: [{ name, cluster: server }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
  writeFileSync(file, text);
  return file;
}

async function clientOf(t: TestContext, file: string): Promise<ApiClient> {
  const connection = await connect({ kubeconfig: file, context: undefined }, {});
  t.after(() => connection.close());
  return createApiClient(connection);
}

type UserInfo = {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
};

/** The user name that the API server sees. */
async function userOf(client: ApiClient): Promise<string> {
  return (await userInfoOf(client)).username;
}

async function userInfoOf(client: ApiClient): Promise<UserInfo> {
  const group = 'authentication.k8s.io/v1';
  const review = await client.request<{ status: { userInfo: UserInfo } }>({
    method: 'POST',
    path: `/apis/${group}/selfsubjectreviews`,
    body: { apiVersion: group, kind: 'SelfSubjectReview' },
  });
  return review.status.userInfo;
}

/** Writes a shell script that records each run, and then runs `lines`. */
function program(home: string, lines: string): { file: string; runs: () => number } {
  const file = join(home, 'login');
  const log = join(home, 'runs');
  writeFileSync(log, '');
  writeFileSync(file, `#!/bin/sh\necho run >>${log}\n${lines}\n`);
  chmodSync(file, 0o755);
  return { file, runs: () => readFileSync(log, 'utf8').split('\n').length - 1 };
}
const execUser = (command: string, more = {}) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    interactiveMode: 'Never',
    ...more,
  },
});
const credential = (given: Record<string, string>) =>
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: given,
  });

const version = { method: 'GET', path: '/version' } as const;

test('a server with a certificate of another authority is rejected, in one line and one try', async (t) => {
  const home = folder(t);
  const other = createAuthority().certificate;
  const file = kubeconfig(home, {
    cluster: {
      'certificate-authority': undefined,
      'certificate-authority-data': Buffer.from(other).toString('base64'),
    },
  });
  const client = await clientOf(t, file);
  await assert.rejects(client.request(version), (error) => {
    assert.ok(error instanceof ApiError);
    assert.match(
      error.message,
      /^the certificate of https:\/\/127\.0\.0\.1:\d+ is not accepted \([A-Z_]+\)$/,
    );
    return true;
  });
  assert.equal(client.traffic.requests, 1);
});

test('a server with a certificate for another name is rejected', async (t) => {
  const file = kubeconfig(folder(t), { cluster: { 'tls-server-name': 'other.example.com' } });
  await assert.rejects(
    (await clientOf(t, file)).request(version),
    /is not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)$/,
  );
});

test('a proxy in the kubeconfig is used, over one connection for many requests', async (t) => {
  const tunnels: string[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket) => {
    tunnels.push(url);
    const [host = '', port] = url.split(':');
    const upstream = connectTo(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const { certificate, key } = cluster.clientCertificate({ commonName: 'jane' });
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const file = kubeconfig(folder(t), {
    cluster: { 'proxy-url': `http://127.0.0.1:${port}` },
    user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
  });
  const client = await clientOf(t, file);
  assert.equal(await userOf(client), 'jane');
  assert.equal(await userOf(client), 'jane');
  assert.deepEqual(tunnels, [new URL(cluster.url).host]);
});

test('certificate files are found relative to the kubeconfig', async (t) => {
  const home = folder(t);
  const { certificate, key } = cluster.clientCertificate({ commonName: 'jane' });
  writeFileSync(join(home, 'jane.crt'), certificate);
  writeFileSync(join(home, 'jane.key'), key);
  const user = { 'client-certificate': 'jane.crt', 'client-key': './jane.key' };
  assert.equal(await userOf(await clientOf(t, kubeconfig(home, { user }))), 'jane');
});

test('requests are made as the user that the kubeconfig impersonates, with uid, groups and extra fields', async (t) => {
  const { certificate, key } = cluster.clientCertificate({
    commonName: 'an-administrator',
    organizations: ['system:masters'],
  });
  const admin = {
    'client-certificate-data': Buffer.from(certificate).toString('base64'),
    'client-key-data': Buffer.from(key).toString('base64'),
  };
  const user = {
    ...admin,
    as: 'somebody',
    'as-uid': '42',
    'as-groups': ['system:authenticated', 'team a'],
    'as-user-extra': { 'example.com/Scopes': ['read', 'write'] },
  };
  const info = await userInfoOf(await clientOf(t, kubeconfig(folder(t), { user })));
  assert.deepEqual(
    { ...info, groups: info.groups.toSorted() },
    {
      username: 'somebody',
      uid: '42',
      groups: ['system:authenticated', 'team a'],
      extra: { 'example.com/scopes': ['read', 'write'] },
    },
  );

  const nameless = { ...admin, 'as-groups': ['system:masters'] };
  await assert.rejects(clientOf(t, kubeconfig(folder(t), { user: nameless })), {
    name: 'UsageError',
    message: /user "one" has as-uid, as-groups or as-user-extra, which require as$/,
  });
});

test('a missing certificate authority file is reported in one line', async (t) => {
  const file = kubeconfig(folder(t), { cluster: { 'certificate-authority': 'missing.crt' } });
  await assert.rejects((await clientOf(t, file)).request({ ...version, tries: 1 }), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.message, /^kubeconfig .*config: .*ENOENT.*missing\.crt'?$/);
    return true;
  });
});

test('a rewritten kubeconfig is read again when its old token is refused', async (t) => {
  const home = folder(t);
  const namespace = await testNamespace(t);
  const { token, user } = await serviceAccount(t, { namespace });
  const client = await clientOf(t, kubeconfig(home, { user: { token: 'old' } }));
  kubeconfig(home, { user: { token } });
  assert.equal(await userOf(client), user);
});

test('a client certificate from a program is used, and a new one after the old one is refused', async (t) => {
  const home = folder(t);
  const given = (commonName: string, notAfter?: Date) => {
    const { certificate, key } = cluster.clientCertificate({
      commonName,
      ...(notAfter === undefined ? {} : { notAfter }),
    });
    return credential({ clientCertificateData: certificate, clientKeyData: key });
  };
  writeFileSync(join(home, '1'), given('old', new Date(Date.now() - 60_000)));
  writeFileSync(join(home, '2'), given('new'));
  const { file, runs } = program(home, `cat "${home}/$(wc -l <${home}/runs | tr -d ' ')"`);
  const client = await clientOf(t, kubeconfig(home, { user: execUser(file) }));
  assert.equal(await userOf(client), 'new');
  assert.equal(await userOf(client), 'new');
  assert.equal(runs(), 2);
});

test('a program runs only once more if many requests are refused at the same time', async (t) => {
  const proxy = await faultProxy(t);
  const home = folder(t);
  const { file, runs } = program(home, `echo '${credential({ token: 'x' })}'`);
  const refused: Fault = async ({ reply }) => {
    // All requests are sent with the old token before the first of them is refused.
    while (proxy.seen.length < 20) await sleep(5);
    reply(status(401, 'Unauthorized', 'Unauthorized'));
  };
  proxy.on('GET', /version/, refused, { times: 20 });
  proxy.on('GET', /version/, answer({ status: 200, body: '{}' }));
  const client = await clientOf(t, proxy.kubeconfig(execUser(file)));
  await Promise.all(Array.from({ length: 20 }, () => client.request(version)));
  assert.equal(runs(), 2);
  assert.equal(proxy.seen.length, 40);
});

test('a program whose name has a slash is found relative to the kubeconfig, and gets KUBERNETES_EXEC_INFO', async (t) => {
  const home = folder(t);
  const { runs } = program(
    home,
    `printenv KUBERNETES_EXEC_INFO >${home}/info; echo '${credential({ token: 'x' })}'`,
  );
  const file = kubeconfig(home, {
    user: execUser('./login', { env: [{ name: 'A', value: 'b' }] }),
  });
  await assert.rejects((await clientOf(t, file)).request(version), /Unauthorized/);
  assert.equal(runs(), 2);
  assert.deepEqual(JSON.parse(readFileSync(join(home, 'info'), 'utf8')), {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false },
  });
});

for (const [what, parts, message] of [
  [
    'cluster',
    { contexts: [{ name: 'one', context: { cluster: 'x', user: 'one' } }] },
    /references an undefined cluster$/,
  ],
  [
    'user',
    { contexts: [{ name: 'one', context: { cluster: 'one', user: 'x' } }] },
    /references an undefined user$/,
  ],
] as const) {
  test(`a context with a missing ${what} is wrong usage, reported in one line`, async (t) => {
    const file = kubeconfig(folder(t), {});
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...parts }));
    await assert.rejects(connect({ kubeconfig: file, context: undefined }, {}), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('credentials that are read again keep the connections, and a program gives new ones when they expire', async (t) => {
  const home = folder(t);
  const { certificate, key } = cluster.clientCertificate({ commonName: 'jane' });
  // The credentials have already expired, so each of them is used for one request only.
  const expirationTimestamp = '2024-01-02T03:04:05Z';
  const status = { clientCertificateData: certificate, clientKeyData: key };
  writeFileSync(join(home, 'given'), credential(status));
  const { file, runs } = program(home, `cat "${home}/given"`);
  const connection = await connect(
    { kubeconfig: kubeconfig(home, { user: execUser(file) }), context: undefined },
    {},
  );
  t.after(() => connection.close());
  let later = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + later);

  const first = await connection.authorize();
  later += 60_000;
  const second = await connection.authorize();
  assert.notEqual(second, first);
  assert.equal(second.agent, first.agent);
  assert.equal(runs(), 1);

  writeFileSync(join(home, 'given'), credential({ ...status, expirationTimestamp }));
  connection.reload(second);
  await connection.authorize();
  assert.equal(runs(), 2);
  later += 60_000;
  await connection.authorize();
  assert.equal(runs(), 3);
});
