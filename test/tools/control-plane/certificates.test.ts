import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  clientCertificate,
  createAuthority,
  serverCertificate,
} from '../../../tools/control-plane/certificates.ts';

const authority = createAuthority();
const ca = new X509Certificate(authority.certificate);

test('an authority signs itself and may sign others', () => {
  assert.ok(ca.ca);
  assert.ok(ca.verify(ca.publicKey));
});

test('a serving certificate is valid for its host names and addresses', () => {
  const { certificate } = serverCertificate(authority, ['127.0.0.1', 'localhost']);
  const server = new X509Certificate(certificate);
  assert.ok(server.checkIssued(ca) && server.verify(ca.publicKey));
  assert.equal(server.checkHost('localhost'), 'localhost');
  assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(server.checkHost('example.com'), undefined);
});

test('a client certificate carries user, groups and dates, on both sides of 2050', () => {
  for (const year of [2020, 2049, 2050]) {
    const notBefore = new Date('2019-12-31T23:59:59Z');
    const notAfter = new Date(`${year}-02-03T04:05:06Z`);
    const subject = { commonName: 'jane', organizations: ['one', 'two'], notBefore, notAfter };
    const { certificate, key } = clientCertificate(authority, subject);
    const client = new X509Certificate(certificate);
    assert.equal(client.subject, 'O=one\nO=two\nCN=jane');
    assert.deepEqual(client.validFromDate, notBefore);
    assert.deepEqual(client.validToDate, notAfter);
    assert.ok(client.verify(ca.publicKey));
    assert.match(key, /BEGIN PRIVATE KEY/);
  }
});
