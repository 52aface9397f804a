import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isComplete } from '../../lib/rules/report.ts';
import { path } from '../../tools/control-plane/api.ts';
import { deployment, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { eventsAbout, optedIn, outcomeOf, runPass } from './run-pass.ts';

const { api } = testCluster();

/** With a reference, even to an absent source, there is a hash to write. */
const pod = using({ configMap: 'absent', optional: true });

test('a workload whose template has no room for the hash causes a warning, and the pass stays complete', async (t) => {
  const namespace = await testNamespace(t);
  const podAnnotations = { 'example.com/filler': 'x'.repeat(262_100) };
  await api.create(
    deployment({ namespace, name: 'web', annotations: optedIn, podAnnotations, pod }),
  );

  const report = await runPass(namespace);
  const { reason, sentence, written } = outcomeOf(report, 'web');
  assert.equal(reason, 'Rejected');
  assert.match(sentence, /^the hash could not be written: .*may not be more than 262144 bytes/);
  assert.equal(written, false);
  assert.equal(isComplete(report), true);
  const [event] = await eventsAbout(namespace, 'web');
  assert.deepEqual([event?.type, event?.reason], ['Warning', 'Rejected']);
});

test('a workload of maximum size causes the same warning', async (t) => {
  const namespace = await testNamespace(t);
  const web = path('Deployment', namespace, 'web');
  const sized = (size: number) => {
    const env = [{ name: 'A', value: 'x'.repeat(size) }];
    const containers = [{ ...pod.containers[0], env }];
    return deployment({ namespace, name: 'web', annotations: optedIn, pod: { containers } });
  };
  // The largest size depends on the names and times in the object.
  for (let size = 1_572_500; ; size -= 100) {
    assert.ok(size > 1_500_000, 'no size fits');
    try {
      await api.create(sized(size));
      break;
    } catch (error) {
      assert.match(String(error), /request is too large/);
    }
  }
  const report = await runPass(namespace);
  assert.equal(outcomeOf(report, 'web').reason, 'Rejected', outcomeOf(report, 'web').sentence);
  assert.equal(isComplete(report), true);
  await api.delete(web);
});

test('a workload that an admission policy of the cluster denies causes the same warning, and the next pass tries again', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const name = `denies-in-${namespace}`;
  const group = 'admissionregistration.k8s.io/v1';
  const policies = [
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['apps'],
              apiVersions: ['v1'],
              operations: ['UPDATE'],
              resources: ['deployments'],
            },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
        validations: [
          {
            expression: "has(object.metadata.labels) && 'team' in object.metadata.labels",
            message: 'label team is required',
          },
        ],
      },
    },
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
  for (const policy of policies) {
    await api.create(policy);
    const { kind } = policy;
    const plural = kind === 'ValidatingAdmissionPolicy' ? `${kind.slice(0, -1)}ies` : `${kind}s`;
    t.after(() => api.delete(`/apis/${group}/${plural.toLowerCase()}/${name}`));
  }
  const web = path('Deployment', namespace, 'web');
  const inForce = async (): Promise<boolean> => {
    try {
      await api.patch(web, { metadata: { annotations: { tried: '1' } } });
      return false;
    } catch (error) {
      assert.match(String(error), /label team is required/);
      return true;
    }
  };
  while (!(await inForce())) await pause(100);

  const report = await runPass(namespace);
  const { reason, sentence } = outcomeOf(report, 'web');
  assert.equal(reason, 'Rejected');
  assert.match(sentence, /denied request: label team is required/);
  assert.equal(isComplete(report), true);

  await api.patch(web, { metadata: { labels: { team: 'a' } } });
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'FirstSeen');
});
