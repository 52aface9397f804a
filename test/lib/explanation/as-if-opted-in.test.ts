import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asIfOptedIn } from '../../../lib/explanation/as-if-opted-in.ts';
import { names } from '../rules/some-workload.ts';

test('a workload that is not opted in is read as if it were, with its other annotations', () => {
  const rules = { annotations: names, crossNamespaceReferences: [], adoption: 'stamp' } as const;
  const template = { spec: { containers: [{ envFrom: [{ configMapRef: { name: 'a' } }] }] } };
  const of = (annotations: Readonly<Record<string, string>> | null) =>
    asIfOptedIn('Deployment', { metadata: { annotations }, spec: { template } }, rules)
      .configuration;
  const namesOf = (it: ReturnType<typeof of>) =>
    it.kind === 'references' ? it.references.map(({ name }) => name) : it.reason;
  assert.deepEqual(namesOf(of(null)), ['a']);
  assert.deepEqual(namesOf(of({ [names.updateOnConfigChange]: 'no' })), ['a']);
  assert.deepEqual(namesOf(of({ [names.extraSecrets]: 's' })), ['a', 's']);
  assert.equal(namesOf(of({ [names.extraSecrets]: 'S' })), 'InvalidAnnotation');
});
