import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { shardOf } from '../../../lib/rules/shards.ts';
import { type Pushgateway, startPushgateway } from '../../../tools/control-plane/pushgateway.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { listen } from '../../lib/http/local-servers.ts';
import { logLines, type Run, runProgram, startProgram } from '../run-program.ts';
import { shop } from '../shop.ts';

function once(
  namespace: string,
  metricsPushUrl: string,
  { kubeconfig = testCluster().cluster.kubeconfig, lease = 'wave-cron', env = {} } = {},
): Promise<Run> {
  const flags = { kubeconfig, namespaces: namespace, 'lease-namespace': namespace };
  const more = { 'lease-name': lease, 'metrics-push-url': metricsPushUrl };
  const args = Object.entries({ ...flags, ...more }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  return runProgram(['once', ...args], env);
}

/** A kubeconfig with credentials that the cluster refuses. */
const refused = () => testCluster().cluster.kubeconfigFor({ token: 'wrong' });

const warningsOf = ({ stdout }: Run) => logLines(stdout).filter(({ msg }) => /pushed/.test(msg));

suite('a real Pushgateway', { concurrency: true }, () => {
  let gateway: Pushgateway;
  let url: string;
  before(async () => {
    gateway = await startPushgateway();
    ({ url } = gateway);
  });
  after(() => gateway.end());

  /** The samples of a group, by their names and the labels that are not part of the group's key. */
  async function samplesOf(namespace: string, lease: string): Promise<Map<string, number>> {
    const text = await gateway.text();
    const samples = new Map<string, number>();
    for (const [, name = '', labels = '', value] of text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)) {
      const all = labels.split(',');
      const group = [`job="wave-cron"`, `lease="${lease}"`, `namespace="${namespace}"`];
      if (!group.every((label) => all.includes(label))) continue;
      const own = all.filter((label) => !group.includes(label) && label !== 'instance=""');
      samples.set(own.length === 0 ? name : `${name}{${own.join(',')}}`, Number(value));
    }
    return samples;
  }

  const workloads = (reason: string) => `wave_cron_workloads{kind="Deployment",reason="${reason}"}`;

  test('shows the figures of a pass, and each pass replaces them', async (t) => {
    const namespace = await shop(t);
    const first = await once(namespace, url);
    assert.equal(first.status, 0, first.stdout + first.stderr);
    assert.deepEqual(warningsOf(first), []);
    const found = await samplesOf(namespace, 'wave-cron');
    assert.equal(found.get(workloads('FirstSeen')), 1);
    assert.equal(found.get(workloads('MissingSource')), 1);
    assert.equal(found.get('wave_cron_template_updates_total{reason="FirstSeen"}'), 1);
    assert.equal(found.get('wave_cron_passes_total{outcome="Completed"}'), 1);
    assert.equal(found.get('wave_cron_last_pass_complete'), 1);
    assert.ok((found.get('wave_cron_api_requests_total') ?? 0) > 0);

    assert.equal((await once(namespace, url)).status, 0);
    const again = await samplesOf(namespace, 'wave-cron');
    assert.equal(again.get(workloads('FirstSeen')), 0);
    assert.equal(again.get(workloads('UpToDate')), 1);
    assert.equal(again.get('wave_cron_passes_total{outcome="Completed"}'), 1);
  });

  test('has a group for each shard', async (t) => {
    const namespace = await shop(t);
    const own = shardOf(namespace, 2);
    for (const index of [0, 1]) {
      const env = { WAVE_SHARD_COUNT: '2', WAVE_SHARD_INDEX: String(index) };
      const run = await once(namespace, url, { env });
      assert.equal(run.status, 0, run.stdout + run.stderr);
      const found = await samplesOf(namespace, `wave-cron-${index}`);
      assert.equal(found.get('wave_cron_passes_total{outcome="Completed"}'), 1);
      assert.equal(found.get(workloads('FirstSeen')) ?? 0, index === own ? 1 : 0);
    }
  });

  test('keeps the figures of the last completed pass if later passes fail', async (t) => {
    const namespace = await shop(t);
    assert.equal((await once(namespace, url)).status, 0);
    const completed = await samplesOf(namespace, 'wave-cron');
    assert.equal((await once(namespace, url, { kubeconfig: refused() })).status, 3);
    const failed = await samplesOf(namespace, 'wave-cron');
    assert.equal(failed.get('wave_cron_passes_total{outcome="Failed"}'), 1);
    assert.equal(failed.get('wave_cron_last_pass_complete'), 0);
    assert.equal(failed.get(workloads('MissingSource')), 1);
    const at = 'wave_cron_last_completed_pass_timestamp_seconds';
    assert.ok(completed.has(at));
    assert.equal(failed.get(at), completed.get(at));
  });

  test('gets the metrics of each scheduled pass too', async (t) => {
    const namespace = await shop(t);
    const program = startProgram([
      'schedule',
      ...['--kubeconfig', testCluster().cluster.kubeconfig, '--namespaces', namespace],
      ...['--lease-namespace', namespace, '--listen', '127.0.0.1:0', '--schedule', '* * * * * *'],
      ...['--metrics-push-url', url],
    ]);
    t.after(() => program.kill('SIGKILL'));
    const pushed = async () => (await samplesOf(namespace, 'wave-cron')).get(passes) ?? 0;
    const passes = 'wave_cron_passes_total{outcome="Completed"}';
    for (const deadline = performance.now() + 60_000; (await pushed()) < 2; await pause(100)) {
      assert.ok(performance.now() < deadline, JSON.stringify(program.log()));
    }
    program.kill('SIGTERM');
    assert.equal((await program.ended).status, 0);
  });

  test('has a group for each Lease', async (t) => {
    const namespace = await shop(t);
    for (const lease of ['one', 'other']) {
      assert.equal((await once(namespace, url, { lease })).status, 0);
    }
    assert.equal((await samplesOf(namespace, 'one')).get(workloads('FirstSeen')), 1);
    assert.equal((await samplesOf(namespace, 'other')).get(workloads('UpToDate')), 1);
  });
});

suite('a gateway that does not work', { concurrency: true }, () => {
  const hostOf = async (t: TestContext, server: Server): Promise<string> =>
    `127.0.0.1:${await listen(t, server)}`;
  const gateways: readonly (readonly [
    string,
    (t: TestContext) => Promise<string> | string,
    RegExp,
  ])[] = [
    ['is not there', () => '127.0.0.1:1', /connection refused/],
    ['never answers', (t) => hostOf(t, createTcpServer()), /no response in time/],
    [
      'answers with an error',
      (t) => {
        const failing = createServer((_, response) => response.writeHead(500).end('planted'));
        return hostOf(t, failing);
      },
      /HTTP 500/,
    ],
  ];
  for (const [what, start, says] of gateways) {
    test(`and ${what} does not change the exit status, and causes one warning`, async (t) => {
      const host = await start(t);
      const namespace = await shop(t);
      const [done, unreachable] = await Promise.all([
        once(namespace, `http://planted-user:planted-word@${host}`),
        once(namespace, `http://planted-user:planted-word@${host}`, { kubeconfig: refused() }),
      ]);
      assert.deepEqual([done.status, unreachable.status], [0, 3], done.stdout + unreachable.stdout);
      for (const run of [done, unreachable]) {
        const warnings = warningsOf(run);
        assert.deepEqual(
          warnings.map(({ level }) => level),
          ['warn'],
        );
        assert.match(warnings[0]?.msg ?? '', says);
        assert.ok(warnings[0]?.msg.includes(`http://${host}`));
        assert.equal(run.stderr, '');
        assert.doesNotMatch(run.stdout, /planted/);
      }
    });
  }
});
