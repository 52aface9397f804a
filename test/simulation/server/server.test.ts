/**
 * Tests of behavior that a comparison with a real API server cannot cover: expiry on request, and
 * independence of chance.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, isMap, type JsonMap, listOf, mapsOf } from './json.ts';
import { createSimulatedServer, type ServerDeps, type SimulatedRequest } from './server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const metadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

function newServer(more: Partial<ServerDeps> = {}) {
  let count = 0;
  const server = createSimulatedServer({
    wallTime: () => new Date('2026-01-01T00:00:00Z'),
    random: () => (count++ % 27) / 27,
    ...more,
  });
  const request = (method: SimulatedRequest['method'], path: string, body?: object): JsonMap => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'test/1' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const { status, text } = server.handle({ method, path, headers, ...sent });
    const answer: unknown = JSON.parse(text);
    return { status, body: isMap(answer) ? answer : {} };
  };
  return { server, request };
}

const web = {
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'example.com/main:1' }] },
    },
  },
};

function settle({ server }: ReturnType<typeof newServer>): void {
  for (let next = server.pending()[0]; next !== undefined; next = server.pending()[0]) {
    server.run(next);
  }
}

test('the same requests and steps have the same result, byte by byte', () => {
  const run = (): string[] => {
    const log: string[] = [];
    const here = newServer({ onWrite: (write) => log.push(JSON.stringify(write)) });
    here.request('POST', deployments, web);
    settle(here);
    here.request('DELETE', `${deployments}/web`, { propagationPolicy: 'Foreground' });
    settle(here);
    return log;
  };
  const first = run();
  assert.ok(first.length > 20);
  assert.deepEqual(run(), first);
});

test('a rollout is complete when the kubelet has made all Pods ready, and not before', () => {
  let outcome: 'ready' | 'waits' = 'waits';
  const here = newServer({ podOutcome: () => outcome });
  here.request('POST', deployments, web);
  settle(here);
  const available = () =>
    at(here.request('GET', `${deployments}/web`), 'body', 'status', 'availableReplicas');
  assert.equal(available(), undefined);
  outcome = 'ready';
  settle(here);
  assert.equal(available(), 2);
});

test('a rollout without progress fails at its deadline', () => {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const here = newServer({ wallTime: () => new Date(time), podOutcome: () => 'waits' });
  here.request('POST', deployments, {
    ...web,
    spec: { ...web.spec, progressDeadlineSeconds: 60 },
  });
  settle(here);
  const reason = () => {
    const { body } = here.request('GET', `${deployments}/web`);
    const all = mapsOf(at(body, 'status', 'conditions'));
    return all.find(({ type }) => type === 'Progressing')?.['reason'];
  };
  time += 60_000;
  settle(here);
  assert.equal(reason(), 'ReplicaSetUpdated');
  time += 2_000;
  settle(here);
  assert.equal(reason(), 'ProgressDeadlineExceeded');
});

test('a continue token expires with the history, and the error contains a new token', () => {
  const { server, request } = newServer();
  for (const name of ['a', 'b', 'c']) request('POST', configMaps, { metadata: { name } });
  const first = request('GET', `${configMaps}?limit=1`);
  request('POST', configMaps, { metadata: { name: 'd' } });
  const next = `${configMaps}?limit=9&continue=${at(first, 'body', 'metadata', 'continue')}`;
  assert.equal(listOf(at(request('GET', next), 'body', 'items')).length, 2);
  server.compact();
  const expired = request('GET', next);
  assert.equal(expired['status'], 410);
  const token = at(expired, 'body', 'metadata', 'continue');
  const rest = request('GET', `${configMaps}?continue=${token}`);
  assert.equal(listOf(at(rest, 'body', 'items')).length, 3);
});

test('a watch gets the changes since its version, bookmarks, and an error if its version has expired', () => {
  const { server, request } = newServer();
  request('POST', configMaps, { metadata: { name: 'a' } });
  const version = at(request('GET', configMaps), 'body', 'metadata', 'resourceVersion');
  request('POST', configMaps, { metadata: { name: 'b' } });
  const path = `${configMaps}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
  const watch = { method: 'GET', path, headers: { accept: metadata } } as const;
  const events: string[] = [];
  const take = (line: string) => events.push(JSON.parse(line).type);
  server.watch(watch, take, () => events.push('end'));
  request('DELETE', `${configMaps}/a`);
  server.bookmark();
  server.endWatches();
  assert.deepEqual(events.splice(0), ['ADDED', 'DELETED', 'BOOKMARK', 'end']);
  server.compact();
  server.watch(watch, take, () => events.push('end'));
  assert.deepEqual(events, ['ERROR', 'end']);
});

test('a rejected write changes nothing, and its response contains the reason', () => {
  const message = 'configmaps "a" is forbidden: ValidatingAdmissionPolicy says no';
  const { request } = newServer({
    refuses: ({ verb }) =>
      verb === 'update' ? { status: 422, reason: 'Invalid', message } : undefined,
  });
  request('POST', configMaps, { metadata: { name: 'a' } });
  const put = request('PUT', `${configMaps}/a`, { metadata: { name: 'a' }, data: { x: '1' } });
  assert.equal(put['status'], 422);
  assert.equal(at(put, 'body', 'message'), message);
  assert.equal(at(request('GET', `${configMaps}/a`), 'body', 'data'), undefined);
});

test('the server deletes an Event an hour after its last write', () => {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const here = newServer({ wallTime: () => new Date(time) });
  const events = '/apis/events.k8s.io/v1/namespaces/default/events';
  const regarding = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a' };
  const made = here.request('POST', events, {
    metadata: { name: 'e' },
    ...{ eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal', reason: 'R', action: 'A' },
    ...{ note: 'n', regarding, reportingController: 'test', reportingInstance: 'i' },
  });
  assert.equal(made['status'], 201);
  time += 3_599_000;
  settle(here);
  assert.equal(here.request('GET', `${events}/e`)['status'], 200);
  time += 1_000;
  settle(here);
  assert.equal(here.request('GET', `${events}/e`)['status'], 404);
});
