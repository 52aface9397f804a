import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf, isLoopback, secureUrlProblem } from '../../../lib/text/secure-url.ts';

test('messages go to https, and by plain http only to this machine', () => {
  for (const url of [
    'https://hooks.example.com/services/a/b',
    'HTTPS://[2001:db8::1]:8443/x',
    'http://localhost:8000',
    'http://127.0.0.1/x',
    'http://127.8.9.1:1',
    'http://[::1]:8000/',
  ]) {
    assert.equal(secureUrlProblem(url), undefined, url);
  }
  for (const url of [
    '',
    'hooks.example.com',
    'http://hooks.example.com/services/a',
    'http://localhost.example.com',
    'http://10.0.0.1',
    'http://[::2]/',
    'ftp://localhost',
    'file:///etc/passwd',
    'https://',
    ' https://example.com',
  ]) {
    assert.match(
      secureUrlProblem(url) ?? '',
      /^must be an https URL, or an http URL of this machine/,
    );
  }
});

test('an error about a URL never quotes it', () => {
  assert.doesNotMatch(secureUrlProblem('http://hooks.example.com/secret') ?? '', /hooks|secret/);
});

test('a host in brackets is an address', () => {
  assert.equal(hostOf(new URL('http://[::1]:1/')), '::1');
  assert.equal(isLoopback('::1'), true);
  assert.equal(isLoopback('[::1]'), false);
});
