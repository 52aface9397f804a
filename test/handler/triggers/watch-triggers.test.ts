import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WatchTriggers } from '../../../handler/triggers/watch-triggers.ts';
import type { ApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import type { WatchRequest } from '../../../lib/kubernetes/client/watch-client.ts';
import type { ObjectMeta } from '../../../lib/kubernetes/objects.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import type { EarlyScope } from '../../../lib/schedule/early-passes.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { names, referencing, someWorkload } from '../../lib/rules/some-workload.ts';

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const optedIn = { [names.updateOnConfigChange]: 'true' };

/** Watches that get their events from a test, and the passes that the watches request. */
async function stage(t: TestContext, settings: Partial<Settings> = {}) {
  const open = new Map<string, WatchRequest>();
  const fails = new Map<string, (error: unknown) => void>();
  const requests: string[] = [];
  const requested = (scope: EarlyScope) => {
    requests.push(scope === 'all' ? 'all' : [...scope.sources, ...scope.workloads].join());
    return { when: 'now', gathered: false } as const;
  };
  const triggers = new WatchTriggers(
    {
      ...{ ...defaultSettings, kinds: ['Deployment'] },
      ...{ triggers: { http: {}, watch: ['ConfigMap', 'Workload'] }, ...settings },
    },
    {
      api: {
        request: async () => ({ metadata: { resourceVersion: '1' } }),
      } as unknown as ApiClient,
      open: (request) => {
        open.set(request.path, request);
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        fails.set(request.path, reject);
        request.signal.addEventListener('abort', () => resolve());
        return promise;
      },
      ...{ clock: systemClock, random: () => 0, early: { request: requested } },
      on: { event() {}, started() {}, failed() {}, patched() {} },
    },
  );
  const end = new AbortController();
  const { ready, ended } = triggers.watch(end.signal);
  await ready;
  await new Promise(setImmediate);
  t.after(async () => {
    end.abort();
    await ended;
  });
  const event = (path: string, metadata: ObjectMeta, type = 'MODIFIED') => {
    const object = { metadata: { namespace: 'shop', resourceVersion: '5', ...metadata } };
    open.get(path)?.onLine(JSON.stringify({ type, object }));
  };
  return {
    ...{ triggers, requests, fails },
    source: (name: string, resourceVersion = '5') =>
      event('/api/v1/configmaps', { name, resourceVersion }),
    workload: (metadata: ObjectMeta, type?: string) =>
      event('/apis/apps/v1/deployments', { name: 'web', ...metadata }, type),
    /** Begins and ends a full pass that finds the workload. `during` runs before its end. */
    pass(during: () => void = () => undefined) {
      triggers.begin('all', true);
      const metadata = { namespace: 'shop', name: 'web', generation: 3, annotations: optedIn };
      const workload = someWorkload({ ...web, configuration: referencing('ConfigMap/a') });
      triggers.observer.read?.('Deployment', metadata, workload);
      during();
      triggers.end({ readAll: true });
    },
  };
}

test('a source requests a pass only if a workload references it', async (t) => {
  const { pass, source, requests } = await stage(t);
  source('a');
  pass();
  source('b');
  assert.deepEqual(requests, []);
  source('a');
  assert.deepEqual(requests, ['ConfigMap/shop/a']);
});

test('a workload requests a pass if its generation or an annotation of its owner changed', async (t) => {
  const { pass, workload, requests } = await stage(t);
  pass();
  workload({ generation: 3, annotations: optedIn });
  workload({ generation: 3, annotations: { ...optedIn, [names.pendingConfig]: '{}' } });
  workload({ name: 'other', generation: 8 });
  assert.deepEqual(requests, []);
  workload({ generation: 4, annotations: optedIn });
  workload({ generation: 3, annotations: { ...optedIn, [names.approvedConfig]: 'a' } });
  workload({ generation: 3, annotations: {} });
  workload({ name: 'new', generation: 1, annotations: optedIn });
  const web3 = Array.from({ length: 3 }, () => 'Deployment/shop/web');
  assert.deepEqual(requests, [...web3, 'Deployment/shop/new']);
});

test('a new workload without an annotation requests a pass if the last full pass found that it is opted in', async (t) => {
  const { triggers, pass, workload, requests } = await stage(t);
  pass();
  workload({ name: 'new', generation: 1 });
  assert.deepEqual(requests, []);
  triggers.observer.optIns?.((namespace) =>
    namespace === 'shop' ? { kind: 'on', by: 'namespace' } : { kind: 'off' },
  );
  workload({ name: 'new', generation: 1 });
  workload({ name: 'out', generation: 1, annotations: { [names.updateOnConfigChange]: 'false' } });
  workload({ namespace: 'other', name: 'new', generation: 1 });
  assert.deepEqual(requests, ['Deployment/shop/new']);
});

test("an event during a pass waits for the end of the pass, and one of wave-cron's own writes requests nothing", async (t) => {
  const { triggers, pass, source, workload, requests } = await stage(t);
  pass(() => {
    triggers.ownWrites.wroteWorkload(web, { generation: 4 }, true);
    triggers.ownWrites.wroteSource({ resourceVersion: '77' });
    workload({ generation: 4, annotations: optedIn });
    source('a', '77');
    assert.deepEqual(requests, []);
  });
  assert.deepEqual(requests, []);
  pass(() => {
    triggers.ownWrites.wroteSource({ resourceVersion: '88' });
    source('a', '88');
    source('a', '89');
    assert.deepEqual(requests, []);
  });
  assert.deepEqual(requests, ['ConfigMap/shop/a']);
});

test('an event that arrives before the response to its own write requests nothing', async (t) => {
  const { triggers, pass, workload, requests } = await stage(t);
  pass(() => {
    workload({ generation: 4, annotations: optedIn });
    triggers.ownWrites.wroteWorkload(web, { generation: 4 }, true);
  });
  assert.deepEqual(requests, []);
});

test('a change that a pass saw, but did not handle, requests a pass', async (t) => {
  const { triggers, pass, workload, requests } = await stage(t);
  const changed = { namespace: 'shop', name: 'web', generation: 4, annotations: optedIn };
  pass(() => {
    triggers.observer.seen?.('Deployment', changed, someWorkload(web));
    workload(changed);
  });
  assert.deepEqual(requests, ['Deployment/shop/web']);
});

test('a deleted workload is forgotten', async (t) => {
  const { pass, workload, source, requests } = await stage(t);
  pass();
  workload({ generation: 3, annotations: optedIn }, 'DELETED');
  source('a');
  assert.deepEqual(requests, []);
});

test('a workload that is created again during a pass requests a pass', async (t) => {
  const { pass, workload, requests } = await stage(t);
  pass(() => {
    workload({ generation: 3, annotations: optedIn }, 'DELETED');
    workload({ uid: 'another', generation: 1, annotations: optedIn }, 'ADDED');
  });
  assert.deepEqual(requests, ['Deployment/shop/web']);
});

test('ignored namespaces and other shards request nothing', async (t) => {
  const { pass, workload, requests } = await stage(t, { ignoreNamespaces: ['shop'] });
  pass();
  workload({ generation: 9, annotations: optedIn });
  assert.deepEqual(requests, []);
});

test('a partial pass is only requested after a full pass', async (t) => {
  const { triggers, pass } = await stage(t);
  const scope = {
    sources: new Set(['ConfigMap/shop/a']),
    ...{ namespaces: new Set<string>(), workloads: new Set<string>() },
  };
  assert.equal(triggers.begin(scope, false), undefined);
  triggers.end({ readAll: false });
  pass();
  assert.deepEqual(triggers.begin(scope, false)?.workloads, [web]);
  triggers.end(undefined);
  assert.equal(triggers.begin(scope, true), undefined);
});

test('a watch that starts again at the present version requests a full pass', async (t) => {
  const { pass, fails, requests } = await stage(t);
  pass();
  fails.get('/api/v1/configmaps')?.(new Error('not a watch'));
  for (const end = Date.now() + 5000; requests.length === 0 && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(requests, ['all']);
});
