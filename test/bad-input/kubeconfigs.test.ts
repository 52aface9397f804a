/**
 * Invalid kubeconfigs: the error is one line that names the wrong place, and it contains no value from the
 * file.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError, WaveCronError } from '../../lib/errors.ts';
import { createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../lib/kubernetes/credentials/connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'wave-cron-kubeconfigs-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'config');
const secret = 'planted-6a1f0c';

type Parts = { cluster?: unknown; user?: unknown; context?: unknown; top?: object };

/** A complete kubeconfig, with these parts replaced. */
function config({ cluster, user, context, top = {} }: Parts = {}): object {
  return {
    clusters: [{ name: 'one', cluster: cluster ?? { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'one', user: user ?? { token: secret } }],
    contexts: [{ name: 'one', context: context ?? { cluster: 'one', user: 'one' } }],
    'current-context': 'one',
    ...top,
  };
}

/** The result of a connection and of its first request, as text. */
async function told(content: string | Buffer | object): Promise<string> {
  const isWhole = typeof content === 'string' || Buffer.isBuffer(content);
  writeFileSync(file, isWhole ? content : JSON.stringify(content));
  try {
    const connection = await connect({ kubeconfig: file, context: undefined }, {});
    const request = { method: 'GET', path: '/version', tries: 1 } as const;
    await createApiClient(connection).request(request);
  } catch (error) {
    assert.ok(error instanceof WaveCronError, `${String(error)} is no error of ours`);
    assert.doesNotMatch(error.message, /\n/);
    assert.ok(!error.message.includes(secret), error.message);
    return `${error instanceof UsageError ? 'usage' : 'unreachable'}: ${error.message}`;
  }
  return 'an answer';
}

describe('an invalid kubeconfig is rejected with the place of the error', () => {
  const server = 'https://127.0.0.1:1';
  const cases: readonly [string, string | Buffer | object, RegExp][] = [
    ['a list', '[]', /the document root must be a mapping$/],
    ['a string', `"${secret}"`, /the document root must be a mapping$/],
    ['clusters that are no list', config({ top: { clusters: {} } }), /clusters must be a list$/],
    ['an empty cluster', config({ top: { clusters: [null] } }), /clusters\[0\] must be a mapping$/],
    [
      'a server that is a number',
      config({ cluster: { server: 1 } }),
      /cluster\.server must be a string$/,
    ],
    [
      'an authority that is a number',
      config({ cluster: { server, 'certificate-authority-data': 5 } }),
      /clusters\[0\]\.cluster\.certificate-authority-data must be a string$/,
    ],
    [
      'a flag that is a text',
      config({ cluster: { server, 'insecure-skip-tls-verify': 'yes' } }),
      /insecure-skip-tls-verify must be a boolean$/,
    ],
    ['a user that is a text', config({ user: secret }), /users\[0\]\.user must be a mapping$/],
    ['a token that is a number', config({ user: { token: 5 } }), /user\.token must be a string$/],
    [
      'a program with an empty variable',
      config({ user: { exec: { command: 'login', env: [null] } } }),
      /users\[0\]\.user\.exec\.env\[0\] must be a mapping$/,
    ],
    [
      'a namespace that is a number',
      config({ context: { cluster: 'one', user: 'one', namespace: 5 } }),
      /contexts\[0\]\.context\.namespace must be a string$/,
    ],
    [
      'a context that is a list',
      config({ top: { 'current-context': ['one'] } }),
      /must be a string$/,
    ],
    [
      'more than is read',
      ' '.repeat(1024 * 1024 + 1),
      /is larger than 1 MiB, the limit for a kubeconfig: extract one /,
    ],
    ['UTF-16 that does not say so', Buffer.from('a: 1', 'utf16le'), /neither UTF-8 nor /],
    ['bytes', Buffer.from([0, 1, 2, 255]), /neither UTF-8 nor /],
    ['aliases that multiply', multiplied(), /alias/i],
  ];
  for (const [what, content, message] of cases) {
    it(`: ${what}`, async () => {
      const text = await told(content);
      assert.match(text, message);
      assert.ok(text.startsWith(`usage: kubeconfig ${file}: `), text);
    });
  }

  it(': a folder instead of a file', async () => {
    const name = join(folder, 'folder');
    mkdirSync(name);
    await assert.rejects(connect({ kubeconfig: name, context: undefined }, {}), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /cannot be read: EISDIR/);
      return true;
    });
  });
});

for (const [what, bytes] of [
  ['little-endian UTF-16', (text: string) => Buffer.from(text, 'utf16le')],
  ['big-endian UTF-16', (text: string) => Buffer.from(text, 'utf16le').swap16()],
  ['UTF-8', (text: string) => Buffer.from(text)],
] as const) {
  it(`a kubeconfig in ${what} with a byte order mark is read`, async () => {
    const text = `\ufeff${JSON.stringify(config({ cluster: { server: 'https://127.0.0.1:1' } }))}`;
    assert.match(await told(bytes(text)), /^unreachable: .*127\.0\.0\.1:1, ECONNREFUSED/);
  });
}

it('an invalid certificate is reported before anything is sent, and without a retry', async () => {
  const junk = Buffer.from(secret).toString('base64');
  const user = { 'client-certificate-data': junk, 'client-key-data': junk };
  assert.match(await told(config({ user })), /^unreachable: .*(TLS|credentials)/);
});

it('with any value at any place, there is a response, or an error of one line without the value', async () => {
  const places = [
    ['clusters'],
    ['clusters', '0'],
    ['clusters', '0', 'name'],
    ['clusters', '0', 'cluster'],
    ['clusters', '0', 'cluster', 'server'],
    ['users', '0', 'user'],
    ['users', '0', 'user', 'exec'],
    ['users', '0', 'user', 'auth-provider'],
    ['contexts', '0', 'context'],
    ['contexts', '0', 'context', 'user'],
    ['current-context'],
  ];
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant({ ['__proto__']: secret }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), value, async (place, put) => {
      const made = structuredClone(config());
      let at: Record<string, unknown> = made as Record<string, unknown>;
      for (const key of place.slice(0, -1)) at = at[key] as Record<string, unknown>;
      at[place.at(-1) ?? ''] = put;
      await told(made);
      assert.equal(Object.hasOwn(Object.prototype, '0'), false);
    }),
    { numRuns: 300 },
  );
});

/** A few hundred bytes that would expand to ten billion strings. */
function multiplied(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 10; i += 1) {
    const aliases = Array.from({ length: 10 }, () => `*a${i - 1}`);
    lines.push(`a${i}: &a${i} [${aliases.join(', ')}]`);
  }
  return `${lines.join('\n')}\n`;
}
