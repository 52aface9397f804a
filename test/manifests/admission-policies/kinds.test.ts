/** The requests that the shipped permissions and admission policies allow for workloads of other APIs. */
import assert from 'node:assert/strict';
import { before, suite, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import type { CustomKind } from '../../../lib/kubernetes/kinds.ts';
import { isComplete } from '../../../lib/rules/report.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { ApiError, type Fields, path } from '../../../tools/control-plane/api.ts';
import { configMap, using } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, testCluster } from '../../../tools/control-plane/testing.ts';
import { blocksOf } from '../../docs/pages.ts';
import {
  advancedStatefulSet,
  cloneSet,
  customWorkload,
  defineAllKinds,
  deploymentConfig,
  knativeService,
  pathOf,
  rollout,
  unknown,
} from '../../handler/kinds/definitions.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  prefix,
  reasonsIn,
  runPass,
} from '../../handler/run-pass.ts';
import { runCheck } from '../../jobs/run-check.ts';
import { build, overlay } from '../kustomize.ts';
import { restrictedAccount } from './account.ts';
import { ofUnknownKind } from './unknown-kind.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

const components = {
  [rollout]: 'components/kinds/argo-rollouts',
  [cloneSet]: 'components/kinds/openkruise',
  [advancedStatefulSet]: 'components/kinds/openkruise',
  [deploymentConfig]: 'components/kinds/openshift',
  [knativeService]: 'components/kinds/knative',
} as const;

const known = [rollout, cloneSet, advancedStatefulSet, deploymentConfig, knativeService] as const;

async function stage(t: TestContext, kind: CustomKind) {
  const more =
    kind in components
      ? { components: [components[kind as keyof typeof components]] }
      : { patches: ofUnknownKind(kind) };
  const account = await restrictedAccount(t, { overlay: more });
  const { namespace } = account;
  const own = pathOf(kind, namespace, 'web');
  t.after(() => api.patch(own, { metadata: { finalizers: [] } }, 'merge').catch(() => undefined));
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings', key: 'a' });
  const object = { namespace, name: 'web', annotations: optedIn, pod };
  await api.post(pathOf(kind, namespace), customWorkload(kind, object));
  const pass = (more = {}) =>
    runPass(namespace, {
      kubeconfig: account.kubeconfig,
      settings: { kinds: [kind], ownership: 'finalizer', ...more },
    });
  return { account, namespace, own, pass };
}

suite('with the shipped permissions and admission policies', { skip, concurrency: 2 }, () => {
  before(defineAllKinds);

  for (const kind of [...known, unknown] as const) {
    const web = `${kind}/web`;

    test(`${kind} can roll, get owner references and opt out like any workload`, async (t) => {
      const { namespace, own, pass } = await stage(t, kind);
      const first = await pass();
      assert.deepEqual(reasonsIn(first), { [web]: 'FirstSeen' }, JSON.stringify(first));
      assert.equal(first.eventProblem, undefined);
      const settings = path('ConfigMap', namespace, 'settings');
      assert.equal((await api.get(settings)).metadata.ownerReferences?.length, 2);
      await api.patch(settings, { data: { a: '2' } });
      const second = await pass();
      assert.deepEqual(reasonsIn(second), { [web]: 'ConfigChanged' });
      const paused = { ...defaultSettings.rollouts, paused: true };
      await api.patch(settings, { data: { a: '3' } });
      const third = await pass({ rollouts: paused });
      assert.deepEqual(reasonsIn(third), { [web]: 'Paused' }, JSON.stringify(third));
      const off = { [`${prefix}/update-on-config-change`]: 'false' };
      await api.patch(own, { metadata: { annotations: off } }, 'merge');
      const last = await pass();
      assert.deepEqual(reasonsIn(last), { [web]: 'OptedOut' }, JSON.stringify(last));
      assert.ok([first, second, third, last].every(isComplete));
      assert.equal((await api.get(settings)).metadata.ownerReferences, undefined);
      assert.equal((await api.get(own)).metadata.finalizers, undefined);
      assert.ok((await eventsAbout(namespace, 'web')).length >= 3);
    });

    test(`${kind}: the account cannot change the Pods of a workload, or anything of a workload that did not opt in`, async (t) => {
      const { account, own, namespace } = await stage(t, kind);
      const refused = async (body: Fields, message: RegExp) => {
        await assert.rejects(account.api.patch(own, body, 'merge'), (error) => {
          assert.ok(error instanceof ApiError && error.status === 422, String(error));
          assert.match(String(error), message);
          return true;
        });
      };
      const pod = using({ configMap: 'other', key: 'a' });
      await refused({ spec: { template: { spec: pod } } }, /\(pod\)/);
      await refused({ spec: { replicas: 5 } }, /\(spec\)/);
      await refused(
        { spec: { template: { metadata: { labels: { x: 'y' } } } } },
        /template metadata/,
      );
      await refused({ metadata: { labels: { x: 'y' } } }, /\(metadata\)/);
      await refused({ metadata: { annotations: { x: 'y' } } }, /\(annotations\)/);
      const hash = { [hashAnnotation]: 'a'.repeat(64) };
      const template = { metadata: { annotations: hash } };
      await account.api.patch(own, { spec: { template } }, 'merge');
      await api.patch(own, { metadata: { annotations: { ...nulls(optedIn) } } }, 'merge');
      const other = { [hashAnnotation]: 'b'.repeat(64) };
      await refused({ spec: { template: { metadata: { annotations: other } } } }, /\(opt-in\)/);
      const pods = pathOf(kind, namespace);
      const copy = customWorkload(kind, { namespace, name: 'copy' });
      await assert.rejects(account.api.post(pods, copy), ApiError);
      await assert.rejects(account.api.delete(own), ApiError);
    });
  }

  test('the account may set restartAt of a Rollout that opted in, and of no other workload', async (t) => {
    const { account, own, pass } = await stage(t, rollout);
    const strategy = { [`${prefix}/rollout-strategy`]: 'restart' };
    await api.patch(own, { metadata: { annotations: strategy } }, 'merge');
    const first = await pass();
    assert.deepEqual(reasonsIn(first), { [`${rollout}/web`]: 'FirstSeen' }, JSON.stringify(first));
    const { spec } = await api.get(own);
    assert.match(String(spec?.['restartAt']), /Z$/);
    assert.deepEqual(reasonsIn(await pass()), { [`${rollout}/web`]: 'UpToDate' });
    const restart = (restartAt: string | null) =>
      account.api.patch(own, { spec: { restartAt } }, 'merge');
    await restart('2026-11-30T08:00:00Z');
    await assert.rejects(restart(null), /\(spec\)/);
    await assert.rejects(restart('2026-11-30T08:00:00+01:00'), /\(spec\)/);
    await api.patch(own, { metadata: { annotations: { ...nulls(optedIn) } } }, 'merge');
    await assert.rejects(restart('2026-11-30T09:00:00Z'), /\(spec\)/);
    // This kind keeps unknown fields.
    const other = await stage(t, deploymentConfig);
    const body = { spec: { restartAt: '2026-11-30T08:00:00Z' } };
    await assert.rejects(other.account.api.patch(other.own, body, 'merge'), /\(spec\)/);
  });

  // Knative's webhook adds this annotation to each request.
  test('a Service of Knative may name the account as its last modifier, and no other account', async (t) => {
    const { account, own } = await stage(t, knativeService);
    const modified = (by: string) =>
      account.api.patch(
        own,
        {
          metadata: { annotations: { 'serving.knative.dev/lastModifier': by } },
          spec: { template: { metadata: { annotations: { [hashAnnotation]: 'a'.repeat(64) } } } },
        },
        'merge',
      );
    await modified(`system:serviceaccount:${account.namespace}:${account.name}`);
    await assert.rejects(modified('somebody'), /\(annotations\)/);
    const other = await stage(t, cloneSet);
    await assert.rejects(
      other.account.api.patch(
        other.own,
        { metadata: { annotations: { 'serving.knative.dev/lastModifier': 'x' } } },
        'merge',
      ),
      /\(annotations\)/,
    );
  });

  test('the example in docs/kinds.md for an unknown kind builds', async () => {
    const text = blocksOf('docs/kinds.md').find((each) => each.text.startsWith('patches:'))?.text;
    const { patches } = parse(text ?? '') as { patches: Fields[] };
    const resources = ['cronjob'];
    const built = await build(overlay({ resources, patches }));
    const same = await build(
      overlay({ resources, patches: ofUnknownKind('Widget.v1.example.com', false) }),
    );
    assert.deepEqual(built, same);
  });

  test('check reports no missing permission, and without the component of a kind it names the missing one', async (t) => {
    const { account } = await stage(t, rollout);
    const { namespace, kubeconfig } = account;
    const asked = async (kind: CustomKind) => {
      const flags = { namespaces: namespace, kinds: `Deployment,${kind}`, ownership: 'off' };
      const { problems } = await runCheck(kubeconfig, flags);
      return problems.filter((each) => each.includes(' list ') && each.includes('.io'));
    };
    assert.deepEqual(await asked(rollout), []);
    assert.match(
      (await asked(cloneSet)).join(),
      /missing permission: list apps\.kruise\.io clonesets|clonesets/,
    );
  });
});

const nulls = (of: Record<string, string>) =>
  Object.fromEntries(Object.keys(of).map((key) => [key, null]));
