import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { redactServerMessage } from '../../../../lib/kubernetes/client/redaction.ts';

const secret = '/api/v1/namespaces/shop/secrets/pin';

suite('a message of the API server about a Secret', () => {
  for (const message of [
    'secrets "pin" not found',
    'secrets "pin" is forbidden: User "system:serviceaccount:a:b" cannot get resource "secrets" in API group "" in the namespace "shop"',
    'secrets is forbidden: User "x" cannot list resource "secrets" in API group "" at the cluster scope: RBAC: clusterrole "a" not found',
    'Operation cannot be fulfilled on secrets "pin": the object has been modified; please apply your changes to the latest version and try again',
    'etcdserver: request timed out',
  ]) {
    test(`is passed on completely if it only has names: ${message.slice(0, 40)}`, () => {
      assert.equal(redactServerMessage(message, secret), message);
    });
  }

  for (const [message, told] of [
    [
      'admission webhook "v.example.com" denied the request: {"pin":"1234"}',
      'admission webhook "v.example.com" denied the request (rest redacted)',
    ],
    [
      "secrets \"pin\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: 1234",
      "secrets \"pin\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request (rest redacted)",
    ],
    ['Secret "pin" is invalid: data[pin]: Invalid value: "1234": too short', undefined],
    ['secrets "pin" not found, but 1234', undefined],
    ['etcdserver: 1234', undefined],
    ['', undefined],
  ] as const) {
    test(`is cut before it may quote a value: ${message.slice(0, 40)}`, () => {
      assert.equal(redactServerMessage(message, secret), told);
    });
  }

  test('is passed on unchanged if it is about another kind', () => {
    const message = 'Deployment.apps "web" is invalid: spec: 1234';
    for (const path of [
      '/apis/apps/v1/namespaces/shop/deployments/web',
      '/api/v1/namespaces/shop/configmaps/c',
    ]) {
      assert.equal(redactServerMessage(message, path), message);
    }
    assert.equal(redactServerMessage(message, '/api/v1/namespaces/shop/secrets'), undefined);
  });
});
