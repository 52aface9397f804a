import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BearerToken } from '../../../jobs/serve/bearer-token.ts';

const right = 'a-right-token-of-24-bytes';

function tokenFile(t: TestContext, text = `${right}\n`): string {
  const folder = mkdtempSync(join(tmpdir(), 'token-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, text);
  return file;
}

test('only the complete token after Bearer is accepted', (t) => {
  const token = new BearerToken(tokenFile(t));
  assert.equal(token.problem(), undefined);
  for (const header of [`Bearer ${right}`, `bearer ${right}`, `BEARER   ${right} `]) {
    assert.deepEqual(token.check(header), { kind: 'right' }, header);
  }
  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    right,
    `Basic ${right}`,
    `Bearer ${right}x`,
    `Bearer ${right.slice(1)}`,
    `Bearer ${right} ${right}`,
    `Bearer ${right.toUpperCase()}`,
  ]) {
    assert.deepEqual(token.check(header), { kind: 'wrong' }, `${header}`);
  }
});

for (const [what, text, problem] of [
  ['is empty', '', 'is empty'],
  ['has only white space', ' \n\n', 'is empty'],
  ['is short', '15 bytes or so.', 'has a token of less than 16 bytes, which could be guessed'],
  ['is large', 'x'.repeat(4000), 'has more than 3072 bytes'],
  ['has a space', 'a token with spaces', 'has a token with characters that a header cannot have'],
] as const) {
  test(`a file that ${what} has no token, and no request is accepted`, (t) => {
    const file = tokenFile(t, text);
    const token = new BearerToken(file);
    assert.equal(token.problem(), `${file} ${problem}`);
    const expected = { kind: 'unusable', problem: `${file} ${problem}` };
    for (const header of [undefined, 'Bearer ', `Bearer ${text}`]) {
      assert.deepEqual(token.check(header), expected);
    }
  });
}

test('a file that is missing, or a folder, has no token', (t) => {
  const file = tokenFile(t);
  assert.match(new BearerToken(`${file}-x`).problem() ?? '', /-x does not exist$/);
  assert.match(new BearerToken(join(file, '..')).problem() ?? '', / cannot be read \(EISDIR\)$/);
});

test('after a rotation by a kubelet, the new token is accepted at once, and the old one is not', (t) => {
  const folder = join(tokenFile(t), '..');
  const write = (version: string, text: string): void => {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'token'), text);
    symlinkSync(version, join(folder, 'data-new'));
    renameSync(join(folder, 'data-new'), join(folder, 'data'));
  };
  write('v1', right);
  const token = new BearerToken(join(folder, 'data', 'token'));
  assert.equal(token.check(`Bearer ${right}`).kind, 'right');
  const other = right.toUpperCase();
  write('v2', other);
  assert.equal(token.check(`Bearer ${other}`).kind, 'right');
  assert.equal(token.check(`Bearer ${right}`).kind, 'wrong');
  rmSync(join(folder, 'v2'), { recursive: true });
  assert.equal(token.check(`Bearer ${other}`).kind, 'unusable');
  write('v3', right);
  assert.equal(token.check(`Bearer ${right}`).kind, 'right');
});

test('each token, right or wrong, is compared in constant time, by hashes of the same length', (t) => {
  const { timingSafeEqual } = crypto;
  const lengths: string[] = [];
  crypto.timingSafeEqual = (one, other) => {
    lengths.push(`${one.byteLength} and ${other.byteLength}`);
    return timingSafeEqual(one, other);
  };
  syncBuiltinESMExports();
  t.after(() => {
    crypto.timingSafeEqual = timingSafeEqual;
    syncBuiltinESMExports();
  });
  const token = new BearerToken(tokenFile(t));
  const headers = [undefined, '', 'Bearer x', `Bearer ${right}`, `Bearer ${right}x`, right];
  for (const header of headers) token.check(header);
  assert.deepEqual(lengths, Array(headers.length).fill('32 and 32'));
});
