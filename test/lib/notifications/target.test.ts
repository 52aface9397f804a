import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WaveCronError } from '../../../lib/errors.ts';
import { readTarget } from '../../../lib/notifications/target.ts';
import { createAuthority } from '../../../tools/control-plane/certificates.ts';
import { assertNoLeak, plantedValue } from '../../secrets/planted.ts';

function folder(t: TestContext): (name: string, text: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'sink-'));
  t.after(() => rmSync(path, { recursive: true }));
  return (name, text) => {
    const file = join(path, name);
    writeFileSync(file, text);
    return file;
  };
}

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

test('the files of a sink are read each time, so that a rotated Secret counts', (t) => {
  const write = folder(t);
  const urlFile = write('url', 'https://example.com/first\n');
  const caFile = write('ca.pem', createAuthority().certificate);
  const sink = {
    format: 'json',
    urlFile,
    secretFile: write('secret', `${secret}\n`),
    caFile,
  } as const;
  const { url, key, ca } = readTarget(sink);
  assert.equal(url, 'https://example.com/first');
  assert.deepEqual(key, Buffer.alloc(32, 7));
  assert.match(ca ?? '', /BEGIN CERTIFICATE/);
  write('url', 'https://example.com/second');
  assert.equal(readTarget(sink).url, 'https://example.com/second');
});

test('a URL in the settings needs no file', () => {
  const url = 'https://example.com/x';
  assert.deepEqual(readTarget({ format: 'slack', url }), { url, key: undefined, ca: undefined });
});

test('an unusable file is named, with the reason but without its content', (t) => {
  const write = folder(t);
  const value = plantedValue('url');
  const good = write('good', 'https://example.com');
  const missing = `${good}-missing`;
  const wrong = write('wrong', value);
  const plain = write('plain', `http://example.com/${value}`);
  const empty = write('empty', '\n');
  const large = write('large', value.repeat(1000));
  const base = { format: 'json', urlFile: good } as const;
  for (const [sink, message] of [
    [{ ...base, urlFile: missing }, `urlFile ${missing} does not exist`],
    [{ ...base, urlFile: empty }, `urlFile ${empty} is empty`],
    [{ ...base, urlFile: large }, `urlFile ${large} has more than 4096 bytes`],
    [
      { ...base, secretFile: wrong },
      `secretFile ${wrong} must have whsec_ and the base64 of 24 to 64 random bytes`,
    ],
    [{ ...base, caFile: wrong }, `caFile ${wrong} has no certificate in PEM`],
  ] as const) {
    assert.throws(() => readTarget(sink), { message });
  }
  for (const file of [wrong, plain]) {
    assert.throws(
      () => readTarget({ ...base, urlFile: file }),
      (error: Error) => {
        assertNoLeak('the problem', error.message);
        assert.ok(error instanceof WaveCronError);
        return error.message.startsWith(`urlFile ${file} must be an https URL`);
      },
    );
  }
  assert.throws(() => readTarget({ ...base, urlFile: tmpdir() }), /cannot be read \(EISDIR\)$/);
});
