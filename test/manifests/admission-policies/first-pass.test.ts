/** The first pass with the shipped account, under the admission policies, creates the Secret of `hashKey: auto`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { deployment, secret, using } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, testCluster } from '../../../tools/control-plane/testing.ts';
import { optedIn, reasonsIn, runPass } from '../../handler/run-pass.ts';
import { restrictedAccount } from './account.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';

test('the first pass of the shipped account creates the Secret of hashKey: auto under the admission policies', {
  skip,
}, async (t) => {
  const { api } = testCluster();
  const { namespace, kubeconfig } = await restrictedAccount(t);
  await api.create(secret({ namespace, name: 'login', data: { pin: '1234' } }));
  const pod = using({ secret: 'login' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const lease = { ...defaultSettings.lease, namespace };
  const report = await runPass(namespace, { kubeconfig, settings: { hashKey: 'auto', lease } });
  assert.equal(report.hashKeyProblem, undefined);
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
  const made = await api.get(path('Secret', namespace, 'wave-cron-hash-key'));
  assert.deepEqual(Object.keys(made.data ?? {}), ['key']);
});
