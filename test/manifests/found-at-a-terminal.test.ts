/** A command at a terminal finds each shipped form of an installation, and reads its settings. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  configMapKey,
  type InstallationObject,
  installationOf,
} from '../../lib/installation/installation.ts';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { hasKubectl } from '../../tools/control-plane/testing.ts';
import { render } from './chart/helm.ts';
import { build, objectOf, overlay } from './kustomize.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const namespace = 'team-a';
const file = '/etc/wave-cron/settings.yaml';

suite('a command at a terminal', { skip }, () => {
  for (const kind of ['CronJob', 'Deployment'] as const) {
    const forms: Record<string, () => Promise<KubernetesObject[]>> = {
      kustomize: () => {
        const components = ['components/namespaced'];
        return build(overlay({ resources: [kind.toLowerCase()], components, namespace }));
      },
      chart: () => render({ values: { kind, namespaced: true }, namespace }),
    };
    for (const [form, objects] of Object.entries(forms)) {
      test(`finds the ${kind} of the ${form}, and the ConfigMap with its settings`, async () => {
        const all = await objects();
        const object = objectOf(all, kind);
        assert.equal(object.metadata.labels?.['app.kubernetes.io/name'], 'wave-cron');
        assert.equal(object.metadata.labels?.['app.kubernetes.io/part-of'], 'wave-cron');
        const found = installationOf(kind, object as InstallationObject);
        assert.ok(found !== undefined);
        assert.equal(found.namespace, namespace);
        assert.equal(found.env['WAVE_CONFIG'], file);
        assert.deepEqual(
          found.unknownEnv.filter((name) => name.startsWith('WAVE_')),
          [],
        );
        const { configMap, key } = configMapKey(found, file) ?? {};
        const { data } = objectOf<KubernetesObject & { data: Record<string, string> }>(
          all,
          'ConfigMap',
          configMap,
        );
        assert.equal(typeof data[key ?? ''], 'string');
      });
    }
  }
});
