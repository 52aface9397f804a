import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import {
  configMap,
  deployment,
  namespace as namespaceObject,
  using,
} from '../../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { before } from '../../faults/faults.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  templateAnnotations,
} from '../../handler/run-pass.ts';
import { type LogLine, type Program, startProgram } from '../run-program.ts';

/** The timeout of a test that may wait for something that never happens. */
const bounded = { timeout: 120_000 };

const everySecond = '* * * * * *';
const onceAYear = '0 0 1 1 *';

const usingSettings = using({ configMap: 'settings' });

const leasePath = (namespace: string) =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/wave-cron`;

/** Creates a namespace with ConfigMap settings and Deployments that use it. */
async function shop(t: TestContext, names: readonly string[] = ['web']): Promise<string> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  for (const name of names) {
    await api.create(deployment({ namespace, name, annotations: optedIn, pod: usingSettings }));
  }
  return namespace;
}

const change = (namespace: string, level: string) =>
  testCluster().api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });

function started(
  t: TestContext,
  namespace: string,
  schedule: string,
  kubeconfig = testCluster().cluster.kubeconfig,
  ...more: readonly string[]
): Program {
  return startedAt(t, namespace, ['--schedule', schedule, ...more], kubeconfig);
}

function startedAt(
  t: TestContext,
  namespace: string,
  flags: readonly string[],
  kubeconfig = testCluster().cluster.kubeconfig,
): Program {
  const program = startProgram([
    'schedule',
    ...['--kubeconfig', kubeconfig, '--namespaces', namespace, '--lease-namespace', namespace],
    ...['--listen', '127.0.0.1:0', '--lease-duration-seconds', '5', ...flags],
  ]);
  t.after(() => program.kill('SIGKILL'));
  return program;
}

const isSummary = ({ pass }: LogLine) => pass !== undefined;
const isCompleted = ({ pass }: LogLine) => pass === 'Completed';

async function ask(program: Program, page: string): Promise<{ status: number; text: string }> {
  const line = await program.logged((it) => it['listen'] !== undefined, 'listening');
  const response = await fetch(`http://${line['listen']}${page}`);
  return { status: response.status, text: await response.text() };
}

/** The value of a metric. `series` contains its labels in the order of the text. */
async function metric(program: Program, series: string): Promise<number> {
  const { text } = await ask(program, '/metrics');
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  assert.ok(line !== undefined, `no ${series} in ${text}`);
  return Number(line.slice(series.length));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 90_000; ; ) {
    if (await holds()) return;
    assert.ok(performance.now() < deadline, `not within 90 s: ${what}`);
    await pause(100);
  }
}

const holder = async (namespace: string): Promise<unknown> => {
  const { spec } = await testCluster().api.get<{ spec: { holderIdentity?: string } }>(
    leasePath(namespace),
  );
  return spec.holderIdentity ?? '';
};

test('schedule runs its first pass at the start, with any schedule', bounded, async (t) => {
  const namespace = await shop(t);
  const program = started(t, namespace, onceAYear);
  await program.logged(isCompleted, 'a pass');
  assert.match(String((await templateAnnotations(namespace, 'web'))[hashAnnotation]), /^\w{64}$/);
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);
});

test('schedule applies a change at the next tick, and only once', bounded, async (t) => {
  const namespace = await shop(t);
  const program = started(t, namespace, everySecond);
  await program.logged(isCompleted, 'a pass');
  await change(namespace, 'debug');
  await program.logged(({ reason }) => reason === 'ConfigChanged', 'the change');
  const passes = program.log().filter(isSummary).length;
  await until('two more passes', async () => program.log().filter(isSummary).length > passes + 2);
  assert.equal(await rollouts('Deployment', namespace, 'web'), 3);
  program.kill('SIGINT');
  const { status, stderr } = await program.ended;
  assert.deepEqual([status, stderr], [0, '']);
});

test('resyncInterval starts a pass at once and then after each interval', bounded, async (t) => {
  const namespace = await shop(t);
  const program = startedAt(t, namespace, ['--resync-interval', '1s', '--time-zone', 'Asia/Tokyo']);
  const line = await program.logged((it) => it['listen'] !== undefined, 'listening');
  assert.match(line.msg, /^passes start now, then every 1s; /);
  assert.deepEqual(
    [line['resyncInterval'], line['schedule'], line['timeZone']],
    ['1s', undefined, undefined],
  );
  await until('three passes', async () => program.log().filter(isCompleted).length >= 3);
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);
});

test('resyncInterval accepts intervals that cron cannot express', bounded, async (t) => {
  const namespace = await shop(t);
  const program = startedAt(t, namespace, ['--resync-interval', '7m']);
  await program.logged(isCompleted, 'a pass');
  assert.equal((await ask(program, '/healthz')).status, 200);
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);
});

test(
  'a schedule that never comes in its time zone ends with status 2, and no pass',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const lastSundayOfMarch = ['--schedule', '30 2 * 3 0L', '--time-zone', 'Europe/Berlin'];
    const { status, stderr } = await startedAt(t, namespace, lastSundayOfMarch).ended;
    assert.equal(status, 2);
    assert.equal(
      stderr,
      'wave-cron: schedule is "30 2 * 3 0L": no such time exists in Europe/Berlin\n',
    );
  },
);

test('schedule serves health, readiness and metrics', bounded, async (t) => {
  const namespace = await shop(t);
  const program = started(t, namespace, onceAYear);
  await program.logged(isCompleted, 'a pass');
  assert.deepEqual(await ask(program, '/healthz'), {
    status: 200,
    text: 'ok; the last pass: Completed\n',
  });
  assert.deepEqual(await ask(program, '/readyz'), {
    status: 200,
    text: 'the last pass: Completed\n',
  });
  assert.equal(await metric(program, 'wave_cron_passes_total{outcome="Completed"}'), 1);
  assert.equal(await metric(program, 'wave_cron_passes_total{outcome="LeaseLost"}'), 0);
  program.kill('SIGTERM');
  await program.ended;
});

test(
  'SIGTERM in mid-pass: the write under way is finished and told, no other begins, the lease is free, status 0',
  bounded,
  async (t) => {
    const names = Array.from({ length: 20 }, (_, index) => `web-${index}`);
    const namespace = await shop(t, names);
    const proxy = await faultProxy(t);
    const underWay = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    let writesAfter = 0;
    proxy.on(
      'PATCH',
      /\/deployments\//,
      before(() => {
        underWay.resolve();
        return stopped.promise;
      }),
      { times: 1 },
    );
    proxy.on('PATCH', /\/deployments\//, async ({ forward, reply }) => {
      writesAfter += 1;
      reply(await forward());
    });
    // With one write at a time, no other write can begin before the signal.
    const program = started(t, namespace, onceAYear, proxy.kubeconfig(), '--concurrency-writes=1');
    await underWay.promise;
    program.kill('SIGTERM');
    await program.logged(({ msg }) => msg.startsWith('stopping: received SIGTERM'), 'the signal');
    assert.equal((await ask(program, '/readyz')).status, 503);
    assert.equal((await ask(program, '/healthz')).status, 200);
    stopped.resolve();
    const { status } = await program.ended;
    assert.equal(status, 0);
    const summary = program.log().find(isSummary);
    assert.deepEqual([summary?.['pass'], summary?.level], ['Interrupted', 'info']);
    assert.equal(await holder(namespace), '');
    for (const name of names) {
      const written = hashAnnotation in (await templateAnnotations(namespace, name));
      const told = (await eventsAbout(namespace, name)).length;
      assert.equal(told, written ? 1 : 0, `${name} is told if and only if it is written`);
    }
    assert.equal(writesAfter, 0);
  },
);

test('a second signal ends schedule at once', bounded, async (t) => {
  const namespace = await shop(t);
  const proxy = await faultProxy(t);
  const underWay = Promise.withResolvers<void>();
  proxy.on('PATCH', /\/deployments\//, () => underWay.resolve());
  const program = started(t, namespace, onceAYear, proxy.kubeconfig());
  await underWay.promise;
  program.kill('SIGTERM');
  await program.logged(({ msg }) => msg.startsWith('stopping'), 'the signal');
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 143);
});

test(
  'a tick during a pass is skipped, counted, and told at the end of the pass',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const proxy = await faultProxy(t);
    const goOn = Promise.withResolvers<void>();
    proxy.on(
      'GET',
      /\/configmaps\//,
      before(() => goOn.promise),
      { times: 1 },
    );
    const program = started(t, namespace, everySecond, proxy.kubeconfig());
    await until('three skipped ticks', async () => {
      return (await metric(program, 'wave_cron_ticks_skipped_total')) >= 3;
    });
    assert.equal(program.log().filter(isSummary).length, 0);
    goOn.resolve();
    const line = await program.logged(
      (it) => it['skippedTicks'] !== undefined,
      'the skipped ticks',
    );
    assert.match(line.msg, /^\d+ ticks skipped during this pass$/);
    program.kill('SIGTERM');
    assert.equal((await program.ended).status, 0);
  },
);

test(
  'of two replicas one passes at a tick, and the other leaves it to that one',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const proxy = await faultProxy(t);
    // Each pass of the active replica lasts half a second, so that a tick of the standby replica falls into it.
    proxy.on(
      'GET',
      /\/configmaps\//,
      before(() => pause(500)),
    );
    const active = started(t, namespace, everySecond, proxy.kubeconfig());
    await active.logged(isCompleted, 'a pass');
    const standby = started(t, namespace, everySecond, proxy.kubeconfig());
    const line = await standby.logged(({ pass }) => pass === 'LeaseHeld', 'a skipped pass');
    assert.equal(line.level, 'info');
    assert.match(line.msg, /^pass LeaseHeld \(".+" (holds|held) Lease/);
    assert.equal((await ask(standby, '/healthz')).status, 200);
    assert.equal((await ask(standby, '/readyz')).status, 200);
    for (const program of [active, standby]) program.kill('SIGTERM');
    assert.deepEqual([(await active.ended).status, (await standby.ended).status], [0, 0]);
  },
);

test(
  'a replica that is killed in mid-pass is taken over by the other, which does the work once',
  bounded,
  async (t) => {
    const namespace = await shop(t, ['web-1', 'web-2']);
    const proxy = await faultProxy(t);
    const underWay = Promise.withResolvers<void>();
    proxy.on('PATCH', /\/deployments\/web-2\?/, () => underWay.resolve());
    const active = started(t, namespace, onceAYear, proxy.kubeconfig());
    await underWay.promise;
    active.kill('SIGKILL');
    const standby = started(t, namespace, everySecond);
    const taken = await standby.logged(
      ({ leaseEvent }) => leaseEvent === 'tookOver',
      'taking over',
    );
    assert.match(taken.msg, /^took over Lease .* from ".+", unchanged for 5\.\d s$/);
    await standby.logged(isCompleted, 'a pass');
    for (const name of ['web-1', 'web-2']) {
      assert.equal(await rollouts('Deployment', namespace, name), 2);
    }
    standby.kill('SIGTERM');
    assert.equal((await standby.ended).status, 0);
  },
);

test(
  'a replica that stops cleanly leaves a lease that the other need not wait for',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const active = started(t, namespace, everySecond);
    await active.logged(isCompleted, 'a pass');
    active.kill('SIGTERM');
    assert.equal((await active.ended).status, 0);
    assert.equal(await holder(namespace), '');
    const standby = started(t, namespace, onceAYear);
    await standby.logged(isSummary, 'a pass');
    assert.deepEqual(
      standby
        .log()
        .filter(isSummary)
        .map(({ pass }) => pass),
      ['Completed'],
    );
  },
);

test('an address in use is an error of one line, with status 2', bounded, async (t) => {
  const namespace = await shop(t);
  const first = started(t, namespace, onceAYear);
  const line = await first.logged((it) => it['listen'] !== undefined, 'listening');
  const second = startProgram([
    'schedule',
    ...['--kubeconfig', testCluster().cluster.kubeconfig, '--namespaces', namespace],
    ...['--lease-namespace', namespace, '--listen', String(line['listen'])],
  ]);
  const { status, stderr } = await second.ended;
  assert.equal(status, 2);
  assert.match(stderr, /^wave-cron: cannot listen on "127\.0\.0\.1:\d+" \(setting listen\): .*\n$/);
  assert.deepEqual(second.log(), []);
});

test('schedule survives a cluster outage of a minute without losing a change, and /healthz reports the outage', {
  timeout: 300_000,
}, async (t) => {
  const cluster = await startControlPlane();
  t.after(() => cluster.stop());
  const { connect } = await import('../../../tools/control-plane/cluster-folder.ts');
  const api = connect(cluster);
  const namespace = 'shop';
  await api.create(namespaceObject(namespace));
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const web = deployment({ namespace, name: 'web', annotations: optedIn, pod: usingSettings });
  await api.create(web);
  const program = started(t, namespace, everySecond, cluster.kubeconfig);
  await program.logged(isCompleted, 'a pass');
  const hash = async () =>
    (
      await api.get<
        KubernetesObject & {
          spec: { template: { metadata: { annotations: Record<string, string> } } };
        }
      >(path('Deployment', namespace, 'web'))
    ).spec.template.metadata.annotations[hashAnnotation];
  const before = await hash();

  program.kill('SIGSTOP');
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: 'debug' } });
  await cluster.stopApiServer();
  const awayFor = pause(60_000);
  program.kill('SIGCONT');
  const failed = await program.logged(({ pass }) => pass === 'Failed', 'a failed pass');
  assert.match(failed.msg, /^the pass failed; the next tick tries again: /);
  await until('health says so', async () => (await ask(program, '/healthz')).status === 503);
  assert.match((await ask(program, '/healthz')).text, /^no pass has completed or been skipped for/);
  assert.equal((await ask(program, '/readyz')).status, 503);
  await awayFor;
  await cluster.startApiServer();

  await until('the change is applied', async () => (await hash()) !== before);
  await until('all is well', async () => (await ask(program, '/healthz')).status === 200);
  assert.equal((await ask(program, '/readyz')).status, 200);
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);
});
