import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digest } from '../../../jobs/serve/bearer-token.ts';
import { type GuardedRequest, refusalOf } from '../../../jobs/ui/request-guard.ts';

const headers = { host: '127.0.0.1:4000', authorization: 'Bearer the-token' };
const guard = { port: 4000, token: digest('the-token') };

const statusOf = (some: Partial<GuardedRequest> & { headers?: GuardedRequest['headers'] }) =>
  refusalOf(
    { method: 'GET', isData: true, ...some, headers: { ...headers, ...some.headers } },
    guard,
  )?.status;

suite('a request for data', () => {
  test('is served with the token, to the page itself or to a program', () => {
    assert.equal(statusOf({}), undefined);
    assert.equal(statusOf({ method: 'HEAD' }), undefined);
    assert.equal(statusOf({ headers: { host: 'localhost:4000' } }), undefined);
    const ofPage = { origin: 'http://127.0.0.1:4000', 'sec-fetch-site': 'same-origin' };
    assert.equal(statusOf({ headers: ofPage }), undefined);
  });

  test('is refused without the token, or with another one', () => {
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer other',
      'the-token',
      'Basic the-token',
    ]) {
      assert.equal(statusOf({ headers: { authorization } }), 401, String(authorization));
    }
  });

  test('is refused to another host name, so that the DNS of another site gives no access', () => {
    for (const host of [
      undefined,
      '',
      'evil.example',
      'evil.example:4000',
      '127.0.0.1',
      '127.0.0.1:80',
      '[::1]:4000',
    ]) {
      assert.equal(statusOf({ headers: { host } }), 421, String(host));
    }
  });

  test('is refused to pages of other origins and sites', () => {
    for (const origin of [
      'https://evil.example',
      'http://127.0.0.1:4001',
      'http://localhost:4000',
      'null',
    ]) {
      assert.equal(statusOf({ headers: { origin } }), 403, origin);
    }
    for (const site of ['cross-site', 'same-site', 'none']) {
      assert.equal(statusOf({ headers: { 'sec-fetch-site': site } }), 403, site);
    }
  });

  test('is refused with a method that could write', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', undefined]) {
      assert.equal(statusOf({ method }), 405, String(method));
    }
  });
});

suite('a request for a file of the page', () => {
  test('needs no token, because the files contain no data', () => {
    assert.equal(statusOf({ isData: false, headers: { authorization: undefined } }), undefined);
    assert.equal(statusOf({ isData: false, headers: { 'sec-fetch-site': 'none' } }), undefined);
  });

  test('is refused to another host name and another origin too', () => {
    assert.equal(statusOf({ isData: false, headers: { host: 'evil.example:4000' } }), 421);
    assert.equal(statusOf({ isData: false, headers: { origin: 'https://evil.example' } }), 403);
  });
});
