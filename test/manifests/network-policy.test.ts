/** The component network-policy. The tests read the policy only: enforcement is a task of the cluster's network. */
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
    test(`lets only Prometheus reach the port of the Pods of the ${form}`, async () => {
      // The overlay adds labels to the Pods and to their selectors.
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
      // If a Pod has no port with this name, no client can reach it.
      const names = pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name));
      assert.deepEqual(names, portNames);
    });
  }
});
