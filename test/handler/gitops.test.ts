/**
 * The claims of docs/gitops.md, on a real control plane. The tests act as the tools that apply manifests again
 * and again.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { isComplete, type Report } from '../../lib/rules/report.ts';
import { ApiError, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  hasKubectl,
  kubectl,
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import { answer, status } from '../faults/faults.ts';
import { restrictedAccount } from '../manifests/admission-policies/account.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  type RunOptions,
  reasonsIn,
  requestsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
  type WorkloadKind,
  workloadKinds,
  writeVerbs,
} from './run-pass.ts';

const { api, cluster } = testCluster();
const syncs = [1, 2, 3, 4, 5];
const ownership = { settings: { ownership: 'finalizer' } } as const satisfies RunOptions;

/** A tool that applies the same manifests at each sync. `manager` is its field manager. */
type Tool = {
  readonly manager: string;
  sync(manifests: readonly KubernetesObject[]): Promise<void>;
};

const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };
const pod = using({ configMap: 'settings' });

/** The manifests in git: a ConfigMap, and a workload of each kind that uses it. */
function manifestsOf(
  namespace: string,
  annotations: Record<string, string> = {},
  kinds = workloadKinds,
): KubernetesObject[] {
  const own = { ...optedIn, ...annotations };
  return [
    configMap({ namespace, name: 'settings', data: { a: '1' } }),
    ...kinds.map((kind) => make[kind]({ namespace, name: 'web', annotations: own, pod })),
  ];
}

function withKubectl(manager: string, first: readonly string[], then = first): Tool {
  const applied = new Set<string>();
  return {
    manager,
    async sync(manifests) {
      const folder = mkdtempSync(join(tmpdir(), 'wave-cron-gitops-'));
      const file = join(folder, 'manifests.json');
      const namespace = manifests[0]?.metadata.namespace ?? '';
      try {
        writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
        const verb = applied.has(namespace) ? then : first;
        await kubectl([...verb, `--field-manager=${manager}`, '-f', file]);
        applied.add(namespace);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/** An operator: it reads its workload, puts its own template into it, and writes the whole object. */
const operator: Tool = {
  manager: 'shop-operator',
  async sync(manifests) {
    const query = '?fieldManager=shop-operator';
    for (const manifest of manifests) {
      const { kind, metadata, spec } = manifest;
      const collection = path(kind as WorkloadKind, metadata.namespace);
      const object = `${collection}/${metadata.name}`;
      if ((await api.find(object)) === undefined) await api.post(`${collection}${query}`, manifest);
      else if (spec !== undefined) {
        await untilNoConflict(async () => {
          const live = await api.get(object);
          const template = spec['template'];
          await api.replace(`${object}${query}`, { ...live, spec: { ...live.spec, template } });
        });
      }
    }
  },
};

/** Tries again after a conflict, because controllers write the status of a workload at any time. */
async function untilNoConflict(write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
  }
}

/** The number of rollouts of each workload, after the controllers have seen all workloads. */
async function rolloutsOf(namespace: string, kinds = workloadKinds): Promise<number[]> {
  return await Promise.all(kinds.map((kind) => rollouts(kind, namespace, 'web')));
}

const each = <T>(value: T, kinds = workloadKinds): T[] => kinds.map(() => value);

function reasons(report: Report): string[] {
  assert.ok(isComplete(report), JSON.stringify(report));
  return Object.values(reasonsIn(report));
}

async function assertOwned(namespace: string): Promise<void> {
  for (const kind of workloadKinds) {
    const { metadata } = await api.get(path(kind, namespace, 'web'));
    assert.deepEqual(metadata.finalizers, [`${prefix}/finalizer`]);
    assert.ok(metadata.annotations?.[`${prefix}/owned-sources`]);
  }
  const source = await api.get(path('ConfigMap', namespace, 'settings'));
  assert.equal(source.metadata.ownerReferences?.length, workloadKinds.length + 1);
}

async function assertNotOwned(namespace: string): Promise<void> {
  for (const kind of workloadKinds) {
    const { metadata } = await api.get(path(kind, namespace, 'web'));
    assert.equal(metadata.finalizers, undefined);
    assert.equal(metadata.annotations?.[`${prefix}/owned-sources`], undefined);
  }
}

suite('a tool that applies the manifests from git removes nothing, and nothing restarts', () => {
  const serverSide = ['apply', '--server-side'];
  const tools = {
    'server-side apply': withKubectl('kustomize-controller', serverSide),
    'server-side apply with force': withKubectl('argocd-controller', [
      ...serverSide,
      '--force-conflicts',
    ]),
    'client-side apply': withKubectl('kubectl-client-side-apply', ['apply']),
  };
  for (const [name, tool] of Object.entries(tools)) {
    test(name, { skip: !hasKubectl() }, async (t) => {
      const namespace = await testNamespace(t);
      const manifests = manifestsOf(namespace);
      await tool.sync(manifests);
      assert.deepEqual(await rolloutsOf(namespace), each(1));
      assert.deepEqual(reasons(await runPass(namespace, ownership)), each('FirstSeen'));
      assert.deepEqual(await rolloutsOf(namespace), each(2));
      const audit = await auditFromHere(cluster);
      for (const _ of syncs) {
        await tool.sync(manifests);
        assert.deepEqual(reasons(await runPass(namespace, ownership)), each('UpToDate'));
      }
      assert.deepEqual(await rolloutsOf(namespace), each(2));
      assert.deepEqual(await audit.entries({ ...requestsIn(namespace), verb: writeVerbs }), []);
      await assertOwned(namespace);
    });
  }
});

suite('a tool that removes the hash at each sync costs two rollouts by wave-cron, and is then reported', () => {
  const tools = {
    'kubectl replace': withKubectl('argocd-controller', ['create'], ['replace']),
    'an operator that writes its own template': operator,
  };
  for (const [name, tool] of Object.entries(tools)) {
    test(name, { skip: tool !== operator && !hasKubectl() }, async (t) => {
      const namespace = await testNamespace(t);
      const manifests = manifestsOf(namespace);
      await tool.sync(manifests);
      assert.deepEqual(await rolloutsOf(namespace), each(1));
      const seen: string[][] = [];
      for (const _ of syncs) {
        seen.push(reasons(await runPass(namespace, ownership)));
        await rolloutsOf(namespace);
        await tool.sync(manifests);
        await rolloutsOf(namespace);
      }
      const expected = ['FirstSeen', 'FirstSeen', 'Reverted', 'Reverted', 'Reverted'];
      assert.deepEqual(
        seen,
        expected.map((reason) => each(reason)),
      );
      // The first rollout of the workload. Then, twice: a rollout by wave-cron, and one by the tool that
      // removes the hash.
      assert.deepEqual(await rolloutsOf(namespace), each(1 + 2 * 2));

      // If the tool leaves the record in place, the pass restores the owner references, without a rollout. A
      // tool that replaces the object also removes the record. Then each pass would have to restore both, so
      // none does.
      assert.deepEqual(reasons(await runPass(namespace, ownership)), each('Reverted'));
      if (tool === operator) await assertOwned(namespace);
      else await assertNotOwned(namespace);
      assert.deepEqual(await rolloutsOf(namespace), each(1 + 2 * 2));

      const events = await eventsAbout(namespace, 'web');
      for (const kind of workloadKinds) {
        const told = events.filter(
          ({ reason, regarding }) => reason === 'Reverted' && regarding.kind === kind,
        );
        for (const { type, note } of told) {
          assert.equal(type, 'Warning');
          assert.match(note, /^the hash was written twice and removed each time, although the c/);
          assert.ok(
            note.includes(`the template was last written by "${tool.manager}" at 20`),
            note,
          );
        }
        const times = told.reduce((sum, { series }) => sum + (series?.count ?? 1), 0);
        assert.equal(times, 4);
      }
      const written = events.filter(({ reason }) => reason === 'FirstSeen');
      assert.deepEqual(
        written.map(({ series }) => series?.count),
        each(2),
      );
    });
  }
});

/** A Deployment whose hash the test removes, as a tool would. */
type Stage = {
  readonly namespace: string;
  pass(options?: RunOptions): Promise<Report>;
  /** Runs a pass, removes the hash again, and returns the reason of the pass. */
  passAndTakeOff(options?: RunOptions): Promise<string>;
  takeOff(annotations?: object | null): Promise<void>;
  write(a: string): Promise<void>;
};

async function stage(t: TestContext, annotations: Record<string, string> = {}): Promise<Stage> {
  return await stageIn(await testNamespace(t), annotations);
}

async function stageIn(namespace: string, annotations = {}): Promise<Stage> {
  await operator.sync(manifestsOf(namespace, annotations, ['Deployment']));
  await rollouts('Deployment', namespace, 'web');
  const web = path('Deployment', namespace, 'web');
  const pass = (options?: RunOptions) => runPass(namespace, options);
  const takeOff = async (annotations: object | null = null) => {
    await rollouts('Deployment', namespace, 'web');
    await api.patch(web, { spec: { template: { metadata: { annotations } } } }, 'merge');
    await rollouts('Deployment', namespace, 'web');
  };
  return {
    namespace,
    pass,
    async passAndTakeOff(options) {
      const { reason } = outcomeOf(await pass(options), 'web');
      await takeOff();
      return reason;
    },
    takeOff,
    async write(a) {
      await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a } });
    },
  };
}

const isReverted = async ({ pass }: Stage) =>
  assert.equal(outcomeOf(await pass(), 'web').reason, 'Reverted');

test('the second write says that the hash is written once more, and which manager wrote the template last', async (t) => {
  const { pass, passAndTakeOff } = await stage(t);
  await passAndTakeOff();
  assert.match(
    outcomeOf(await pass(), 'web').sentence,
    /^the hash that was written before was removed \(the template was last written by "shop-operator" at .*Z\); written again: first seen, 1 source/,
  );
});

test('another configuration is written again, and its hash stays if the tool has stopped', async (t) => {
  const it = await stage(t);
  for (const _ of syncs) await it.passAndTakeOff();
  await isReverted(it);
  await it.write('2');
  assert.equal(outcomeOf(await it.pass(), 'web').reason, 'FirstSeen');
  assert.equal(outcomeOf(await it.pass(), 'web').reason, 'UpToDate');
  await it.write('3');
  assert.equal(outcomeOf(await it.pass(), 'web').reason, 'ConfigChanged');
});

test('a hash that was written because of a change counts too', async (t) => {
  const it = await stage(t);
  await it.pass();
  await it.write('2');
  assert.equal(await it.passAndTakeOff(), 'ConfigChanged');
  assert.equal(await it.passAndTakeOff(), 'FirstSeen');
  assert.equal(await it.passAndTakeOff(), 'Reverted');
  assert.equal(await it.passAndTakeOff(), 'Reverted');
});

test('of two alternating configurations, each is written at most twice', async (t) => {
  const it = await stage(t);
  const seen: string[] = [];
  for (const a of ['1', '2', '1', '2', '1', '2']) {
    await it.write(a);
    seen.push(await it.passAndTakeOff());
  }
  assert.deepEqual(seen, [...Array(4).fill('FirstSeen'), ...Array(2).fill('Reverted')]);
});

test('a configuration that goes back and forth is not the work of a tool: each change rolls', async (t) => {
  const it = await stage(t);
  await it.pass();
  for (const a of ['2', '1', '2', '1', '2', '1']) {
    await it.write(a);
    assert.equal(outcomeOf(await it.pass(), 'web').reason, 'ConfigChanged');
  }
});

test('if the Event that records the writes is deleted, the hash is written again', {
  skip: !hasKubectl(),
}, async (t) => {
  const it = await stage(t);
  for (const _ of syncs) await it.passAndTakeOff();
  const selector = 'involvedObject.name=web,reason=FirstSeen';
  await kubectl(['delete', 'events', '-n', it.namespace, '--field-selector', selector]);
  assert.equal(await it.passAndTakeOff(), 'FirstSeen');
});

test('a pass that finds a reverted hash renews the Event that records the writes', async (t) => {
  const it = await stage(t);
  for (const _ of [1, 2]) await it.passAndTakeOff();
  const firstSeen = async () =>
    (await eventsAbout(it.namespace, 'web')).find(({ reason }) => reason === 'FirstSeen')?.series;
  const before = await firstSeen();
  await isReverted(it);
  const after = await firstSeen();
  assert.equal(before?.count, 2);
  assert.equal(after?.count, 2);
  assert.ok((after?.lastObservedTime ?? '') > (before?.lastObservedTime ?? ''));
});

test('a workload that was created again has its own count', async (t) => {
  const it = await stage(t);
  for (const _ of syncs) await it.passAndTakeOff();
  await api.delete(path('Deployment', it.namespace, 'web'));
  await operator.sync(manifestsOf(it.namespace, {}, ['Deployment']));
  await rollouts('Deployment', it.namespace, 'web');
  assert.equal(await it.passAndTakeOff(), 'FirstSeen');
  assert.equal(await it.passAndTakeOff(), 'FirstSeen');
  assert.equal(await it.passAndTakeOff(), 'Reverted');
});

test('opting out and in again removes no hash, and does not count as the work of a tool', async (t) => {
  const it = await stage(t);
  await it.pass();
  const web = path('Deployment', it.namespace, 'web');
  for (const sync of syncs) {
    for (const value of ['false', 'true']) {
      await api.patch(web, {
        metadata: { annotations: { [Object.keys(optedIn)[0] ?? '']: value } },
      });
      const outcomes = Object.values(reasonsIn(await it.pass()));
      // The record of rollouts is removed by the first opt-out, so only that one is an outcome.
      const optedOut = sync === 1 ? ['OptedOut'] : [];
      assert.deepEqual(outcomes, value === 'true' ? ['UpToDate'] : optedOut);
    }
  }
});

test('a template that only lost its record of sources is up to date', async (t) => {
  const it = await stage(t);
  await it.pass();
  const hash = (await templateAnnotations(it.namespace, 'web'))[hashAnnotation];
  await it.takeOff({ [sourcesAnnotation]: null });
  assert.equal(outcomeOf(await it.pass(), 'web').reason, 'UpToDate');
  assert.deepEqual(await templateAnnotations(it.namespace, 'web'), { [hashAnnotation]: hash });
});

test('a hash in the manifest itself is not detected: each sync costs a rollout', async (t) => {
  const it = await stage(t);
  await it.pass();
  const stale = { [hashAnnotation]: 'f'.repeat(64), [sourcesAnnotation]: '{}' };
  for (const _ of syncs) {
    await it.takeOff(stale);
    assert.equal(outcomeOf(await it.pass(), 'web').reason, 'ConfigChanged');
  }
});

suite('for a template that lost its hash, a plan gives the result of the pass', () => {
  const reading = { ...permissionsOnEvents, verbs: ['get'] };
  for (const [who, permissions] of [
    ['an account that may get Events', reading],
    ['the account of passes, which may only create and patch Events', permissionsOnEvents],
  ] as const) {
    test(`with ${who}, and writes nothing`, async (t) => {
      const it = await stage(t);
      const { kubeconfig } = await serviceAccount(t, {
        namespace: it.namespace,
        rules: [...permissionsOnWorkloads, permissions, getting('configmaps')],
      });
      for (const reason of ['FirstSeen', 'FirstSeen', 'Reverted', 'Reverted']) {
        const before = await eventsAbout(it.namespace, 'web');
        const planned = outcomeOf(await it.pass({ kubeconfig, write: false }), 'web');
        assert.deepEqual(await eventsAbout(it.namespace, 'web'), before);
        const done = outcomeOf(await it.pass(), 'web');
        assert.deepEqual([planned.reason, planned.written], [reason, reason === 'FirstSeen']);
        assert.deepEqual(planned, done);
        await it.takeOff();
      }
    });
  }

  test('unless the account may neither get nor patch Events, which the plan reports', async (t) => {
    const it = await stage(t);
    for (const _ of syncs) await it.passAndTakeOff();
    const { kubeconfig } = await serviceAccount(t, {
      namespace: it.namespace,
      rules: [...permissionsOnWorkloads, getting('configmaps')],
    });
    const { reason, sentence } = outcomeOf(await it.pass({ kubeconfig, write: false }), 'web');
    assert.equal(reason, 'FirstSeen');
    assert.match(sentence, /; whether its hash was written before is unknown: events.*forbidden/);
  });

  test('with the shipped permissions and the shipped admission policies', async (t) => {
    const { namespace, kubeconfig } = await restrictedAccount(t);
    const it = await stageIn(namespace);
    for (const _ of [1, 2]) await it.passAndTakeOff({ kubeconfig });
    const audit = await auditFromHere(cluster);
    const planned = outcomeOf(await it.pass({ kubeconfig, write: false }), 'web');
    assert.equal(planned.reason, 'Reverted');
    const writes = await audit.entries({ ...requestsIn(namespace), verb: writeVerbs });
    assert.ok(writes.length > 0);
    for (const { requestURI } of writes) assert.match(requestURI, /[?&]dryRun=All(&|$)/);
    assert.deepEqual(outcomeOf(await it.pass({ kubeconfig }), 'web'), planned);
  });
});

test('if Events are refused, no writes are recorded, and each sync costs a rollout', async (t) => {
  const it = await stage(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace: it.namespace,
    rules: [...permissionsOnWorkloads, getting('configmaps')],
  });
  for (const _ of syncs) assert.equal(await it.passAndTakeOff({ kubeconfig }), 'FirstSeen');
});

test('the pass can read an Event without the permission to get or list Events', async (t) => {
  const it = await stage(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace: it.namespace,
    rules: [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps')],
  });
  const seen = [];
  for (const _ of [1, 2, 3]) seen.push(await it.passAndTakeOff({ kubeconfig }));
  assert.deepEqual(seen, ['FirstSeen', 'FirstSeen', 'Reverted']);
});

test('a pass that dies between the hash and its Event costs one more rollout, but not one in each pass', async (t) => {
  const it = await stage(t);
  const proxy = await faultProxy(t);
  proxy.on('POST', /\/events\?/, answer(status(403, 'Forbidden', 'no')), { times: 1 });
  const kubeconfig = proxy.kubeconfig();
  const seen = [];
  for (const _ of syncs) seen.push(await it.passAndTakeOff({ kubeconfig }));
  assert.deepEqual(seen, [...Array(3).fill('FirstSeen'), ...Array(2).fill('Reverted')]);
});

test('if ownership fails, the writes are counted anyway', async (t) => {
  const it = await stage(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace: it.namespace,
    rules: [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps')],
  });
  const written = [];
  const reasons = [];
  for (const _ of syncs) {
    const report = await it.pass({ kubeconfig, ...ownership });
    reasons.push(outcomeOf(report, 'web').reason);
    written.push(outcomeOf(report, 'web').written);
    await it.takeOff();
  }
  assert.deepEqual(written, [true, true, false, false, false]);
  assert.deepEqual(reasons, [...Array(2).fill('Failed'), ...Array(3).fill('Reverted')]);
});

test('for a workload that was never changed, no Event is read', async (t) => {
  const { namespace, pass } = await stage(t);
  const audit = await auditFromHere(cluster);
  await pass();
  const asked = { ...requestsIn(namespace), verb: 'patch', resource: 'events' };
  assert.deepEqual(await audit.entries(asked), []);
});

suite('with an adoption that does not restart, a tool that removes fields costs no rollout by wave-cron', () => {
  const replacing = withKubectl('argocd-controller', ['create'], ['replace']);
  for (const adoption of ['if-changed', 'baseline']) {
    for (const tool of [operator, replacing]) {
      test(`${adoption}, ${tool.manager}`, {
        skip: tool !== operator && !hasKubectl(),
      }, async (t) => {
        const namespace = await testNamespace(t);
        const manifests = manifestsOf(namespace, { [`${prefix}/adoption`]: adoption });
        await tool.sync(manifests);
        assert.deepEqual(await rolloutsOf(namespace), each(1));
        assert.deepEqual(reasons(await runPass(namespace)), each('Adopted'));
        for (const _ of syncs) {
          await tool.sync(manifests);
          await rolloutsOf(namespace);
          // Only a replacement drops the record of the adoption. The next pass then writes it again.
          const reason = tool === operator ? 'UpToDate' : 'Adopted';
          assert.deepEqual(reasons(await runPass(namespace)), each(reason));
        }
        assert.deepEqual(await rolloutsOf(namespace), each(1));

        // A change of the configuration rolls the workload once. When the tool removes the hash, the workload
        // rolls again.
        const [, ...workloads] = manifests;
        await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a: '2' } });
        for (const reason of ['ConfigChanged', 'Adopted']) {
          assert.deepEqual(reasons(await runPass(namespace)), each(reason));
          await rolloutsOf(namespace);
          await tool.sync(workloads);
          assert.deepEqual(await rolloutsOf(namespace), each(3));
        }
      });
    }
  }
});
