/** Connections to a server whose name only a proxy can resolve, by the rules of kubectl. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createApiClient } from '../../../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../../../lib/kubernetes/credentials/connection.ts';
import {
  createAuthority,
  serverCertificate,
} from '../../../../tools/control-plane/certificates.ts';
import { listen, proxies } from '../../http/local-servers.ts';

// The environment tells Node not to verify any server. The tests must pass anyway.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';

const name = 'kube.invalid';
const meant = createAuthority();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** An API server whose name only the proxies know. */
async function api(t: TestContext, authority = meant) {
  const { certificate: cert, key } = serverCertificate(authority, [name]);
  const seen: (string | undefined)[] = [];
  const server = createServer({ cert, key }, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.end('{}');
  });
  return { seen, port: await listen(t, server) };
}

type Parts = { cluster?: object; user?: object; env?: Record<string, string> };

/** Sends a request to the server, with a kubeconfig of its own for each request. */
async function ask(t: TestContext, { cluster = {}, user = {}, env = {} }: Parts): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-proxies-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.crt'), meant.certificate);
  const file = join(folder, 'config');
  const given = {
    server: `https://${name}:6443`,
    'certificate-authority': 'ca.crt',
    ...cluster,
  };
  const config = {
    clusters: [{ name, cluster: given }],
    users: [{ name, user: { token: 'planted', ...user } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  writeFileSync(file, JSON.stringify(config));
  const connection = await connect({ kubeconfig: file, context: undefined }, env);
  t.after(() => connection.close());
  return await createApiClient(connection).request({ method: 'GET', path: '/version', tries: 1 });
}

for (const [kind, proxy] of Object.entries(proxies)) {
  test(`HTTPS_PROXY leads through a proxy by ${kind}, which resolves the name, and NO_PROXY bypasses it`, async (t) => {
    const { seen, port } = await api(t);
    const asked: string[] = [];
    const url = await proxy(t, port, asked);
    await ask(t, { env: { HTTPS_PROXY: url } });
    await ask(t, { env: { https_proxy: url, NO_PROXY: 'kube.invalid:443,10.0.0.0/8' } });
    assert.deepEqual(asked, [`${name}:6443`, `${name}:6443`]);
    assert.deepEqual(seen, ['Bearer planted', 'Bearer planted']);

    const env = { HTTPS_PROXY: url, NO_PROXY: '.invalid' };
    await assert.rejects(ask(t, { env }), /the host name of the server cannot be resolved/);
    assert.equal(asked.length, 2);
  });

  test(`the proxy-url of a kubeconfig takes precedence over HTTPS_PROXY, by ${kind}`, async (t) => {
    const { port } = await api(t);
    const asked: string[] = [];
    const cluster = { 'proxy-url': await proxy(t, port, asked) };
    await ask(t, { cluster, env: { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '*' } });
    assert.deepEqual(asked, [`${name}:6443`]);
  });

  test(`an impostor behind a proxy of the environment by ${kind} gets no token`, async (t) => {
    const { seen, port } = await api(t, createAuthority());
    const env = { HTTPS_PROXY: await proxy(t, port) };
    await assert.rejects(
      ask(t, { env }),
      /the certificate of https:\/\/kube\.invalid:6443 is not accepted/,
    );
    assert.deepEqual(seen, []);
  });
}

test('a proxy that does not respond is named, without its password', async (t) => {
  const env = { HTTPS_PROXY: 'http://user:planted@127.0.0.1:1' };
  await assert.rejects(ask(t, { env }), {
    message: `connection refused (https://${name}:6443 through the proxy http://***@127.0.0.1:1, ECONNREFUSED)`,
  });
});

test('a login program that asks for the cluster gets it as from kubectl', async (t) => {
  const { port } = await api(t);
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-proxies-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const info = join(folder, 'info');
  const exec = (provideClusterInfo: boolean) => ({
    token: undefined,
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', `printenv KUBERNETES_EXEC_INFO >${info}; echo '{"status":{"token":"t"}}'`],
      provideClusterInfo,
    },
  });
  const proxy = await proxies.http(t, port);
  const cluster = {
    'tls-server-name': name,
    'proxy-url': proxy,
    'disable-compression': true,
    extensions: [
      { name: 'other', extension: { a: 1 } },
      { name: 'client.authentication.k8s.io/exec', extension: { audience: 'wave' } },
    ],
  };
  const env = { PATH: process.env['PATH'] ?? '' };
  const told = async (provideClusterInfo: boolean): Promise<unknown> => {
    await ask(t, { cluster, user: exec(provideClusterInfo), env });
    return JSON.parse(readFileSync(info, 'utf8')).spec;
  };
  assert.deepEqual(await told(true), {
    interactive: false,
    cluster: {
      server: `https://${name}:6443`,
      'tls-server-name': name,
      'certificate-authority-data': base64(meant.certificate),
      'proxy-url': proxy,
      'disable-compression': true,
      config: { audience: 'wave' },
    },
  });
  assert.deepEqual(await told(false), { interactive: false });
});
