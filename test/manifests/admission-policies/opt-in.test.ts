/** The admission policy for workloads with optIn: namespace and optIn: all. */
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { deployment } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, randomName, testCluster } from '../../../tools/control-plane/testing.ts';
import { hashAnnotation, optedIn, prefix } from '../../handler/run-pass.ts';
import { accountOfSuite, assertRefused, grantElsewhere } from './account.ts';
import { onTemplate, workload } from './workload.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';
const optIn = `${prefix}/update-on-config-change`;
const auto = 'reloader.stakater.com/auto';
const change = onTemplate({ [hashAnnotation]: 'a'.repeat(64) });
const compatibility = {
  target: { kind: 'ValidatingAdmissionPolicy', name: 'wave-cron-workloads' },
  patch: JSON.stringify([
    {
      op: 'replace',
      path: '/spec/variables/1',
      value: { name: 'compatibility', expression: '["reloader"]' },
    },
  ]),
};

const sourceKinds = (expression: string) => ({
  target: { kind: 'ValidatingAdmissionPolicy', name: 'wave-cron-workloads' },
  patch: JSON.stringify([
    { op: 'replace', path: '/spec/variables/4', value: { name: 'sourceKinds', expression } },
  ]),
});

suite('the admission policy for workloads', { skip, concurrency: 3 }, () => {
  const byNamespace = accountOfSuite({ overlay: { components: ['components/opt-in-namespace'] } });
  const all = accountOfSuite({ overlay: { components: ['components/opt-in-all'] } });
  const reloader = accountOfSuite({
    overlay: { components: ['components/opt-in-all'], patches: [compatibility] },
  });
  const mounts = accountOfSuite({
    overlay: { components: ['components/secrets-store'], patches: [compatibility] },
  });
  const onlyMaps = accountOfSuite({
    overlay: { patches: [compatibility, sourceKinds('["ConfigMap"]')] },
  });

  test('with optIn: namespace lets the account roll the workloads of a namespace that opts in, as long as it does', async () => {
    const { account } = byNamespace;
    const annotate = async (value: string | null) => {
      const object = { metadata: { annotations: { [optIn]: value } } };
      await api.patch(path('Namespace', undefined, account.namespace), object, 'merge');
      // The API server learns about the annotation by a watch.
      const probe = await workload(account, 'Deployment');
      for (let tries = 0; tries < 100; tries += 1) {
        const isRolled = await probe.write(change).then(
          () => true,
          () => false,
        );
        if (isRolled === (value === 'true')) return;
        await probe.admin(onTemplate({ [hashAnnotation]: null }));
      }
    };
    const plain = await workload(account, 'Deployment');
    const own = await workload(account, 'Deployment', { annotations: optedIn });
    const out = await workload(account, 'Deployment', { annotations: { [optIn]: 'false' } });
    await plain.refuses('opt-in', change);
    await own.write(change);
    await annotate('true');
    await plain.write(change);
    await out.refuses('opt-in', change);
    for (const value of ['yes', null]) {
      await annotate(value);
      await plain.refuses('opt-in', onTemplate({ [hashAnnotation]: 'b'.repeat(64) }));
    }
    await plain.write(onTemplate({ [hashAnnotation]: null }));
  });

  test('with optIn: all lets the account roll every workload except those that opt out and those in kube-system', async () => {
    const { account } = all;
    await (await workload(account, 'Deployment')).write(change);
    for (const value of ['false', 'yes']) {
      const out = await workload(account, 'DaemonSet', { annotations: { [optIn]: value } });
      await out.refuses('opt-in', change);
    }
    // Without the setting `compatibility`, the annotations of Reloader have no effect.
    const annotations = { [auto]: 'false' };
    await (await workload(account, 'Deployment', { annotations })).write(change);
  });

  test('with optIn: all denies rolling workloads in kube-system', async (t) => {
    const namespace = 'kube-system';
    const name = randomName('web');
    await api.create(deployment({ namespace, name, replicas: 0 }));
    t.after(() => api.delete(path('Deployment', namespace, name)));
    await grantElsewhere(all.account, namespace);
    t.after(() => api.delete(path('RoleBinding', namespace, 'everything')));
    await assertRefused('opt-in', () =>
      all.account.api.patch(path('Deployment', namespace, name), change, 'merge'),
    );
  });

  test('with Reloader compatibility counts only its annotations about kinds of sources in sourceKinds', async () => {
    const ofClasses = { 'secretproviderclass.reloader.stakater.com/reload': 'vault' };
    const ofSecrets = { [`secret.${auto}`]: 'true' };
    const ofMaps = { [`configmap.${auto}`]: 'true' };
    const mayRoll = async ({ account }: typeof mounts, annotations: Record<string, string>) =>
      await (await workload(account, 'Deployment', { annotations })).write(change);
    await mayRoll(mounts, ofClasses);
    await mayRoll(mounts, { [`secretproviderclass.${auto}`]: 'true' });
    await mayRoll(mounts, ofSecrets);
    await mayRoll(onlyMaps, ofMaps);
    for (const annotations of [ofClasses, ofSecrets]) {
      const out = await workload(onlyMaps.account, 'Deployment', { annotations });
      await out.refuses('opt-in', change);
    }
  });

  test('with optIn: all and Reloader compatibility respects the opt-outs of its annotations', async () => {
    const { account } = reloader;
    for (const annotations of [
      {},
      { [auto]: '' },
      { [`configmap.${auto}`]: 'false' },
      { 'configmap.reloader.stakater.com/reload': 'a', [auto]: 'false' },
    ]) {
      await (await workload(account, 'Deployment', { annotations })).write(change);
    }
    for (const annotations of [
      { [auto]: 'false' },
      { [`configmap.${auto}`]: 'false', [`secret.${auto}`]: 'no' },
    ]) {
      const out = await workload(account, 'Deployment', { annotations });
      await out.refuses('opt-in', change);
      const onPods = await workload(account, 'Deployment', { podAnnotations: annotations });
      await onPods.refuses('opt-in', change);
    }
  });
});
