import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayUseTemplates, TemplateUsers } from '../../../handler/reading/template-users.ts';
import { mayBePartial } from '../../../handler/triggers/partial-scope.ts';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';

const kind: WorkloadKind = 'Rollout.v1alpha1.argoproj.io';
const rollout = {
  metadata: { name: 'web', namespace: 'shop', uid: 'r' },
  spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' } },
};
const app = { kind: 'Deployment', namespace: 'shop', name: 'app' } as const;

test('the user of a template is found by the owner of the template', () => {
  const users = new TemplateUsers();
  users.note(kind, rollout);
  users.note(kind, { metadata: { name: 'own', namespace: 'shop' }, spec: { template: {} } });
  const user = users.of(app);
  assert.ok(user !== undefined && user !== 'unknown');
  assert.equal(user.object.metadata?.uid, 'r');
  assert.equal(users.of({ ...app, namespace: 'other' }), undefined);
});

test('if some workloads could not be read, it is unknown whether a template has a user', () => {
  const users = new TemplateUsers();
  users.note(kind, rollout);
  users.noteMissing();
  assert.notEqual(users.of(app), 'unknown');
  assert.equal(users.of({ ...app, name: 'another' }), 'unknown');
});

test('with a kind that may use templates, no pass is partial: only a list finds the users', () => {
  assert.ok(mayUseTemplates(kind));
  assert.ok(!mayUseTemplates('Deployment'));
  assert.ok(mayBePartial(defaultSettings));
  assert.ok(!mayBePartial({ ...defaultSettings, kinds: ['Deployment', kind] }));
});
