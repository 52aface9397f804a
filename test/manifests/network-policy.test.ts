/** The component network-policy. That a network enforces it is not tested: that is for the cluster's own. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { hasKubectl } from '../../tools/control-plane/testing.ts';
import type { Container } from '../../tools/node-agent/pod.ts';
import { build, objectOf, overlay } from './kustomize.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';

type Labels = Record<string, string>;
type PodTemplate = { metadata: { labels: Labels }; spec: { containers: Container[] } };
type Form = { spec: { template: PodTemplate; jobTemplate: { spec: { template: PodTemplate } } } };

suite('the component network-policy', { skip }, () => {
  for (const [form, kind, portNames] of [
    ['cronjob', 'CronJob', []],
    ['deployment', 'Deployment', ['http']],
  ] as const) {
    test(`lets Prometheus reach the Pods of the ${form} where they listen, and nobody else`, async () => {
      // Labels that an overlay gives to the Pods, and to what selects them.
      const labels = [{ pairs: { team: 'a' }, includeSelectors: true }];
      const components = ['components/network-policy'];
      const objects = await build(overlay({ resources: [form], components, labels }));
      const { spec } = objectOf<KubernetesObject & Form>(objects, kind);
      const pod = form === 'cronjob' ? spec.jobTemplate.spec.template : spec.template;
      const policy = objectOf(objects, 'NetworkPolicy');
      const { podSelector, ...rules } = policy.spec as { podSelector: { matchLabels: Labels } };
      const { matchLabels } = podSelector;
      assert.deepEqual(Object.keys(matchLabels), ['app.kubernetes.io/name', 'team']);
      assert.deepEqual({ ...pod.metadata.labels, ...matchLabels }, pod.metadata.labels);
      const monitoring = { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } };
      assert.deepEqual(rules, {
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: monitoring }], ports: [{ port: 'http' }] }],
      });
      // A Pod without a port of that name is reached by nobody.
      const names = pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name));
      assert.deepEqual(names, portNames);
    });
  }
});
