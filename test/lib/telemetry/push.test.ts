import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { suite, type TestContext, test } from 'node:test';
import { WaveCronError } from '../../../lib/errors.ts';
import type { PassReason } from '../../../lib/rules/reason.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { type Push, pushMetrics } from '../../../lib/telemetry/push.ts';
import { listen } from '../http/local-servers.ts';

type Request = {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
};
type Answer = {
  status: number;
  body?: string | ((sent: Request) => string);
  headers?: Record<string, string>;
};

/**
 * A gateway that gives these responses in turn, and then always the last response. `requests`
 * collects the requests.
 */
async function gateway(t: TestContext, ...answers: readonly Answer[]) {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      const sent = { method, url, headers, body };
      requests.push(sent);
      const answer = answers[Math.min(requests.length, answers.length) - 1] ?? { status: 200 };
      const said = typeof answer.body === 'function' ? answer.body(sent) : answer.body;
      response.writeHead(answer.status, answer.headers).end(said);
    });
  });
  const port = await listen(t, server);
  return { requests, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}` };
}

function push(url: string, more: Partial<Push> = {}, stopRetrying?: AbortSignal): Promise<void> {
  const text = '# TYPE a gauge\na 1\n';
  const grouping = { job: 'wave-cron', namespace: 'ops', lease: 'wave-cron' };
  return pushMetrics(
    { url, grouping, mode: 'replace', contentType: 'text/plain', text, ...more },
    stopRetrying,
  );
}

/** The error message of a failed push, which has only one line. */
async function failureOf(pushing: Promise<void>): Promise<string> {
  const error = await pushing.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WaveCronError);
  assert.doesNotMatch(error.message, /\n/);
  return error.message;
}

suite('a push', { concurrency: true }, () => {
  test('replaces or adds to the group that its labels name', async (t) => {
    const { url, requests } = await gateway(t);
    await push(url);
    await push(url, { mode: 'add', grouping: { lease: 'a b', job: 'c' } });
    assert.deepEqual(
      requests.map(({ method, url, body }) => [method, url, body]),
      [
        ['PUT', '/metrics/job/wave-cron/namespace/ops/lease/wave-cron', '# TYPE a gauge\na 1\n'],
        ['POST', '/metrics/job/c/lease/a%20b', '# TYPE a gauge\na 1\n'],
      ],
    );
    assert.equal(requests[0]?.headers['content-type'], 'text/plain');
    assert.equal(requests[0]?.headers.authorization, undefined);
  });

  test('uses a path below the URL, with or without a slash at its end', async (t) => {
    const { url, requests } = await gateway(t);
    for (const path of ['/push', '/push/', '/push//?team=a']) await push(`${url}${path}`);
    const group = '/push/metrics/job/wave-cron/namespace/ops/lease/wave-cron';
    assert.deepEqual(
      requests.map((request) => request.url),
      [group, group, `${group}?team=a`],
    );
  });

  test('sends the name and password of the URL as a header', async (t) => {
    const { host, requests } = await gateway(t);
    await push(`http://us%40er:p%3Ass%zz@${host}`);
    const sent = requests[0]?.headers.authorization ?? '';
    assert.equal(Buffer.from(sent.replace('Basic ', ''), 'base64').toString(), 'us@er:p%3Ass%zz');
  });

  test('is tried a second time after a transient problem, but not a third time', async (t) => {
    const mended = await gateway(t, { status: 503 }, { status: 202 });
    await push(mended.url);
    assert.equal(mended.requests.length, 2);
    const ill = await gateway(t, { status: 500, body: 'planted' });
    const said = await failureOf(push(ill.url));
    assert.equal(ill.requests.length, 2);
    assert.match(said, /HTTP 500/);
    assert.doesNotMatch(said, /planted/);
  });

  test('is not tried again after the process was interrupted', async (t) => {
    const { url, requests } = await gateway(t, { status: 503 });
    await failureOf(push(url, {}, AbortSignal.abort()));
    assert.equal(requests.length, 1);
  });

  const refusals: readonly (readonly [string, Answer, RegExp])[] = [
    [
      'metrics that the gateway does not accept',
      { status: 400, body: 'pushed metrics are\ninvalid' },
      /rejected the metrics: "pushed metrics are invalid" \[HTTP 400\]/,
    ],
    ['a wrong password', { status: 401 }, /name and password in metricsPushUrl/],
    ['a server that is not a gateway', { status: 404 }, /base address/],
    ['a redirect', { status: 302, headers: { location: '/planted' } }, /redirected the request/],
  ];
  for (const [what, answer, says] of refusals) {
    test(`${what} is reported at once, and not tried again`, async (t) => {
      const { host, requests } = await gateway(t, answer);
      const said = await failureOf(push(`http://user:planted@${host}/push?token=planted`));
      assert.match(said, says);
      assert.ok(said.includes(`http://${host}/push`), said);
      assert.doesNotMatch(said, /planted|user/);
      assert.equal(requests.length, 1);
    });
  }
});

test('a gateway that repeats the request is reported without the credentials', async (t) => {
  for (const body of [
    (sent: Request) => `bad: ${sent.headers.authorization} ${sent.url}`,
    (sent: Request) => {
      const basic = sent.headers.authorization?.replace('Basic ', '') ?? '';
      const pair = Buffer.from(basic, 'base64').toString();
      return `${basic} ${pair} ${pair.split(':')[1]} planted%2Fkey planted/key`;
    },
    // Only the beginning of the response is read, and it ends in the middle of the password.
    () => `${' '.repeat(994)}plante`,
  ]) {
    const { host } = await gateway(t, { status: 400, body });
    const said = await failureOf(push(`http://user:planted%20word@${host}/?k=planted%2Fkey`));
    assert.doesNotMatch(said, /plant|word|cGxhbnRlZ|dXNlcj/);
  }
});

test('the pushed data depends on how the pass ended', async (t) => {
  const { url, requests } = await gateway(t);
  const traffic = { requests: 0, bytesRead: 0 };
  const afterwards = async (outcome: PassReason | 'Failed' | undefined) => {
    requests.length = 0;
    const metrics = createMetrics({ traffic, clock: systemClock, process: false });
    if (outcome === 'Failed') metrics.passFailed(1);
    else if (outcome !== undefined) metrics.passEnded(reportOf(outcome));
    await metrics.push(url, { namespace: 'ops', lease: 'wave-cron' });
    return requests.map((request) => [
      request.method,
      request.url,
      /^wave_cron_workloads\{/m.test(request.body),
      /^wave_cron_last_completed_pass_timestamp_seconds /m.test(request.body),
    ]);
  };
  const group = '/metrics/job/wave-cron/namespace/ops/lease/wave-cron';
  assert.deepEqual(await afterwards('Completed'), [['PUT', group, true, true]]);
  for (const outcome of ['LeaseLost', 'Interrupted', 'Failed'] as const) {
    assert.deepEqual(await afterwards(outcome), [['POST', group, false, false]], outcome);
  }
  assert.deepEqual(await afterwards('LeaseHeld'), []);
  assert.deepEqual(await afterwards(undefined), []);
});

const reportOf = (pass: PassReason) => ({
  pass,
  outcomes: [],
  listProblems: [],
  unreached: 0,
  eventsLost: 0,
  counts: {},
  requests: 0,
  bytesRead: 0,
  durationMs: 0,
});
