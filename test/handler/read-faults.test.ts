import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../lib/rules/report.ts';
import { deployment, secret, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { type Fault, type FaultProxy, faultProxy } from '../faults/fault-proxy.ts';
import { answer, hang, resetConnection, status, truncate } from '../faults/faults.ts';
import {
  eventsAbout,
  optedIn,
  outcomeOf,
  reasonsIn,
  runPass,
  templateAnnotations,
} from './run-pass.ts';

const { api } = testCluster();

type Case = {
  fault: Fault;
  /** The number of reads that fail; default: all. */
  times?: number;
  /** The number of all reads of the source. */
  reads: number;
  /** The sentence if the source stays unreadable; undefined: a later try succeeds. */
  told?: RegExp;
};

const json = { 'content-type': 'application/json' };
const planted = 'planted-d41d8cd98f';
/** The answer of a faulty server: a part of the Secret, which is cut off. */
const halfASecret = `{"kind":"Secret","data":{"password":"${planted}"},"metadata":{`;

const inTheEnd = { reads: 2, times: 1 };
const given = { reads: 5 };
const atOnce = { reads: 1 };

const cases: Readonly<Record<string, Case>> = {
  'a 500 that goes away': {
    fault: answer(status(500, 'InternalError', 'etcdserver: no leader')),
    ...inTheEnd,
  },
  'a 500 that stays': {
    fault: answer(status(500, 'InternalError', 'etcdserver: no leader')),
    ...given,
    told: /etcdserver: no leader \[HTTP 500\]$/,
  },
  'a 429 that names a time': {
    fault: answer({
      ...status(429, 'TooManyRequests', 'busy'),
      headers: { ...json, 'retry-after': '1' },
    }),
    ...inTheEnd,
  },
  'a 503 of something on the way': {
    fault: answer({ status: 503, body: `<html>${planted}</html>` }),
    ...given,
    told: /^Secret\/\S+ could not be read: GET \/api\/v1\/\S+ returned 503 \[HTTP 503\]$/,
  },
  'a 504 that goes away': { fault: answer(status(504, 'Timeout', 'too slow')), ...inTheEnd },
  'a connection that is reset': { fault: resetConnection, ...inTheEnd },
  'a connection that is reset each time': {
    fault: resetConnection,
    ...given,
    told: /the connection was (reset|closed)/,
  },
  'an answer that is cut off': { fault: truncate, ...inTheEnd },
  'an answer that is cut off each time': {
    fault: truncate,
    ...given,
    told: /the connection was closed before the response was complete|the answer was cut off/,
  },
  'an answer that is not JSON': {
    fault: answer({ status: 200, headers: json, body: halfASecret }),
    ...given,
    told: /is truncated or not JSON$/,
  },
  'an answer that is another object': {
    fault: answer({ status: 200, headers: json, body: `{"data":{"password":"${planted}"}}` }),
    ...atOnce,
    told: /is not the requested object$/,
  },
  'an answer that is nothing': {
    fault: answer({ status: 200, headers: json, body: 'null' }),
    ...atOnce,
    told: /is not the requested object$/,
  },
  'no response in time': { fault: hang, ...inTheEnd },
  'a 404 that does not come from the API server': {
    fault: answer({ status: 404, body: 'not found' }),
    ...atOnce,
    told: /returned 404 \[HTTP 404\]$/,
  },
  'a 404 about something else': {
    fault: answer(status(404, 'NotFound', 'namespaces "x" not found', { name: 'x' })),
    ...atOnce,
    told: /namespaces "x" not found \[HTTP 404\]$/,
  },
  'a 403': {
    fault: answer(status(403, 'Forbidden', 'secrets is forbidden')),
    ...atOnce,
    told: /secrets is forbidden \[HTTP 403\]$/,
  },
  'a 400 with a page that shows the Secret': {
    fault: answer({ status: 400, headers: json, body: halfASecret }),
    ...atOnce,
    told: /returned 400 \[HTTP 400\]$/,
  },
  'a 401 that goes away with new credentials': {
    fault: answer(status(401, 'Unauthorized', 'Unauthorized')),
    ...inTheEnd,
  },
};

const nameOf = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, '-');

const readsOf = ({ seen }: FaultProxy, name: string) =>
  seen.filter(({ url }) => url.endsWith(`/secrets/${name}`)).length;

test('faults when a source is read', async (t) => {
  const namespace = await testNamespace(t);
  // With HTTP/2, a lost connection would belong to several requests, and the tries of one request could not be
  // counted.
  const proxy = await faultProxy(t, { tls: false });
  const names = [...Object.keys(cases), 'nothing goes wrong'].map(nameOf);
  await Promise.all(
    names.flatMap((name) => {
      // The Secret is optional: if a failed read counted as an absent Secret, the pass would write a hash, and
      // the test would see it.
      const pod = using({ secret: name, optional: true });
      return [
        api.create(secret({ namespace, name, data: { password: 'one' } })),
        api.create(deployment({ namespace, name, annotations: optedIn, pod })),
      ];
    }),
  );
  for (const [title, { fault, times }] of Object.entries(cases)) {
    proxy.on(
      'GET',
      new RegExp(`/secrets/${nameOf(title)}$`),
      fault,
      times === undefined ? {} : { times },
    );
  }
  // All cases run at the same time, because most of the time is spent waiting for the next try.
  const report = await runPass(namespace, {
    kubeconfig: proxy.kubeconfig(),
    settings: { concurrency: { reads: names.length, writes: 8 } },
    timeout: { path: /no-answer-in-time$/, ms: 3_000 },
  });

  for (const [title, { reads, told }] of Object.entries(cases)) {
    const expected = told === undefined ? 'FirstSeen' : 'UnreadableSource';
    await t.test(
      `${title}: ${reads === 1 ? 'one read' : `${reads} reads`}, then ${expected}`,
      async () => {
        const name = nameOf(title);
        const { reason, sentence, written } = outcomeOf(report, name);
        assert.equal(reason, expected, sentence);
        assert.equal(readsOf(proxy, name), reads);
        assert.equal(written, told === undefined);
        if (told === undefined) return;
        assert.match(sentence, told);
        assert.match(sentence, new RegExp(`^Secret/${name} could not be read: `));
        assert.deepEqual(await templateAnnotations(namespace, name), {});
        assert.deepEqual(
          (await eventsAbout(namespace, name)).map(({ type, reason, note }) => [
            type,
            reason,
            note,
          ]),
          [['Warning', 'UnreadableSource', sentence]],
        );
      },
    );
  }
  await t.test('every other workload of the pass is handled, and the pass is incomplete', () => {
    assert.equal(report.pass, 'Completed');
    assert.equal(outcomeOf(report, nameOf('nothing goes wrong')).reason, 'FirstSeen');
    assert.equal(report.outcomes.length, names.length);
    assert.equal(isComplete(report), false);
  });
  await t.test('no part of a response body is reported', async () => {
    const events = await Promise.all(names.map((name) => eventsAbout(namespace, name)));
    assert.ok(!JSON.stringify([report, events]).includes(planted));
  });
});

test('a source that was unreadable is handled by the next pass that can read it', async (t) => {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  const pod = using({ secret: 'login' });
  await api.create(secret({ namespace, name: 'login', data: { password: 'one' } }));
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const kubeconfig = proxy.kubeconfig();
  proxy.on('GET', /secrets\/login$/, answer(status(403, 'Forbidden', 'no')), { skip: 1, times: 1 });
  const reasons: unknown[] = [];
  for (const _ of [1, 2, 3]) reasons.push(reasonsIn(await runPass(namespace, { kubeconfig })));
  assert.deepEqual(reasons, [
    { 'Deployment/web': 'FirstSeen' },
    { 'Deployment/web': 'UnreadableSource' },
    { 'Deployment/web': 'UpToDate' },
  ]);
});

test('a pass waits as long as the server asks', async (t) => {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  const pod = using({ secret: 'login' });
  await api.create(secret({ namespace, name: 'login', data: { password: 'one' } }));
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const busy = { status: 429, headers: { 'retry-after': '2' } };
  const times: number[] = [];
  proxy.on('GET', /secrets\/login$/, async ({ forward, reply }) => {
    times.push(performance.now());
    reply(times.length === 1 ? busy : await forward());
  });
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.equal(outcomeOf(report, 'web').reason, 'FirstSeen');
  const [first = 0, second = 0] = times;
  // The wait may be longer on a slow machine, but never shorter. Timers may end a millisecond early.
  assert.ok(second - first >= 1_990, `it asked again after ${second - first} ms`);
});
