import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http } from '../../../../lib/http/node-http.ts';
import { refusal } from '../../../../lib/kubernetes/client/refusal.ts';
import { connectionTo } from './local-connection.ts';

const authorization = { headers: { authorization: 'Bearer planted' }, agent: new http.Agent() };
const connection = {
  ...connectionTo('http://127.0.0.1', authorization.agent),
  authorize: async () => authorization,
  credentialHint: () => 'the token has expired',
};
const request = { method: 'GET', path: '/api/v1/configmaps' };

function refused(status: number, body: unknown) {
  const answer = { status, headers: {}, text: JSON.stringify(body), receivedAt: new Date(0) };
  return refusal(answer, request, authorization, connection);
}

test('the error of a refused request has the message of the Status, without credentials', () => {
  const error = refused(403, {
    kind: 'Status',
    message: 'planted\nis forbidden',
    reason: 'Forbidden',
  });
  assert.equal(error.reason, 'Forbidden');
  assert.match(error.message, /is forbidden \[HTTP 403\]$/);
  assert.doesNotMatch(error.message, /planted/);
});

test('the error of a refused request without a Status names the request, and has a hint for 401', () => {
  const text = 'GET /api/v1/configmaps returned 401 (the token has expired) [HTTP 401]';
  assert.equal(refused(401, 'planted').message, text);
});
