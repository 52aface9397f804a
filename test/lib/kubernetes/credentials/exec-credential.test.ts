import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  askProgram,
  type ExecProgram,
  readExecProgram,
} from '../../../../lib/kubernetes/credentials/exec-credential.ts';

const shell = (script: string, more: Partial<ExecProgram> = {}): ExecProgram => ({
  ...readExecProgram({ command: 'sh', args: ['-c', script] }, '/'),
  ...more,
});
const environment = { PATH: process.env['PATH'] };
const ask = (script: string, more: Partial<ExecProgram> = {}, timeoutMs = 20_000) =>
  askProgram(shell(script, more), environment, { timeoutMs });

test('the output of a program is a token or a certificate with its key, and their expiration', async () => {
  assert.deepEqual(
    await ask(`echo '{"status":{"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"}}'`),
    {
      token: 't',
      certificate: undefined,
      key: undefined,
      expires: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  );
  assert.deepEqual(
    await ask(`echo '{"status":{"clientCertificateData":"c","clientKeyData":"k"}}'`),
    { token: undefined, certificate: 'c', key: 'k', expires: undefined },
  );
});

test('a program gets its arguments, the environment, its own variables, and KUBERNETES_EXEC_INFO', async () => {
  const program = readExecProgram(
    {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: 'sh',
      args: [
        '-c',
        `printf '{"status":{"token":"%s-%s-%s"}}' "$1" "$OURS" "$OWN"`,
        'sh',
        'argument',
      ],
      env: [{ name: 'OWN', value: 'own' }],
    },
    '/',
  );
  const { token } = await askProgram(program, { ...environment, OURS: 'ours', OWN: 'theirs' });
  assert.equal(token, 'argument-ours-own');

  const told = await ask(
    `printf '{"status":{"token":"%s"}}' "$(printenv KUBERNETES_EXEC_INFO | sed 's/"/\\\\"/g')"`,
  );
  assert.deepEqual(JSON.parse(told.token ?? ''), {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false },
  });
});

test('a command with a slash is found relative to the kubeconfig, and one without on the PATH', () => {
  const commandOf = (command: string) => readExecProgram({ command }, '/home/jane/.kube').command;
  assert.equal(commandOf('./login'), '/home/jane/.kube/login');
  assert.equal(commandOf('bin/login'), '/home/jane/.kube/bin/login');
  assert.equal(commandOf('/opt/login'), '/opt/login');
  assert.equal(commandOf('login'), 'login');
});

const failures: [string, string, RegExp][] = [
  [
    'fails and says why',
    'echo planted >&1; echo please log in >&2; echo more >&2; exit 1',
    /^the program sh failed and said "please log in"$/,
  ],
  ['fails and says nothing', 'echo planted; exit 7', /^the program sh failed and said nothing$/],
  ['prints no JSON', 'echo planted', /^the output of the program sh is not an ExecCredential$/],
  ['prints nothing', ':', /^the output of the program sh is not an ExecCredential$/],
  [
    'prints another object',
    `echo '{"token":"planted"}'`,
    /^the output of the program sh is not an ExecCredential$/,
  ],
  ['prints null', 'echo null', /^the output of the program sh is not an ExecCredential$/],
];
for (const [what, script, message] of failures) {
  test(`a program that ${what} is reported in one line, without its output`, async () => {
    await assert.rejects(ask(script), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /planted|\n/);
      return true;
    });
  });
}

test('the error output of a failed program is reported, except for possible tokens', async () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3YXZlIn0.c2lnbmF0dXJl';
  const given = ['--client-secret=planted-inline', '--password', 'planted-beside'];
  const program = readExecProgram(
    {
      command: 'sh',
      args: ['-c', 'echo planted-printed; echo "$MESSAGE" >&2; exit 1', 'sh', ...given],
      env: [{ name: 'CLIENT_KEY', value: 'planted-variable' }],
    },
    '/',
  );
  const MESSAGE = `no login at https://login.example.com: ${jwt} planted-printed Authorization: Bearer planted planted-variable planted-inline planted-beside`;
  await assert.rejects(askProgram(program, { ...environment, MESSAGE }), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /said "no login at https:\/\/login\.example\.com: \*\*\*/);
    assert.doesNotMatch(error.message, /planted|eyJ/);
    return true;
  });
});

test('a program with endless output is stopped', { timeout: 20_000 }, async () => {
  await assert.rejects(ask('yes planted'), /^Error: the program sh printed more than 1 MiB$/);
});

test('a missing program is reported in one line', async () => {
  await assert.rejects(
    askProgram(readExecProgram({ command: 'no-such-program' }, '/'), environment),
    /^Error: the program no-such-program cannot be run \(ENOENT\)$/,
  );
});

test('a program that does not end is stopped', { timeout: 20_000 }, async () => {
  await assert.rejects(
    ask('exec sleep 60', {}, 300),
    /^Error: the program sh did not finish within 0\.3 s$/,
  );
});

test('a program that asks a question learns that there is no input', {
  timeout: 20_000,
}, async () => {
  await assert.rejects(
    ask('read answer || { echo "no answer" >&2; exit 1; }'),
    /^Error: the program sh failed and said "no answer"$/,
  );
});

test('a program that needs a terminal is not run', async () => {
  const exec = { command: 'sh', args: ['-c', 'exit 0'], interactiveMode: 'Always' };
  await assert.rejects(
    askProgram(readExecProgram(exec, '/'), environment),
    /^Error: the program sh requires an interactive terminal \(interactiveMode: Always\)$/,
  );
});

test('an exec entry without a command is rejected', () => {
  assert.throws(() => readExecProgram({ command: '' }, '/'), /exec has no command/);
});

test('the error output of a program is shown while it runs, without possible tokens', {
  timeout: 60_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-exec-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const entered = join(folder, 'entered');
  const script = `
echo planted-printed
printf 'enter ABC-DEF at https://login.example.com\r\nBearer planted-1 \\033[31m%s' "$CLIENT_KEY" >&2
until [ -e ${entered} ]; do sleep 0.1; done
echo '; planted-printed eyJhbGciOiJSUzI1NiJ9.planted.planted' >&2
exit 1`;
  const lines: string[] = [];
  const program = shell(script, { env: { CLIENT_KEY: 'planted-variable' } });
  const show = (line: string): void => {
    lines.push(line);
    // The program waits here for a user who has read the prompt, although its line has not ended yet.
    if (line.includes('[31m')) writeFileSync(entered, '');
  };
  await assert.rejects(askProgram(program, environment, { show }), /the program sh failed/);
  assert.deepEqual(lines, [
    'enter ABC-DEF at https://login.example.com',
    'Bearer *** \\u{1b}[31m***',
    '; *** ***',
  ]);
});

test('a program gets the cluster only if its entry asks for it', async () => {
  const script = `printf '{"status":{"token":"%s"}}' "$(printenv KUBERNETES_EXEC_INFO | sed 's/"/\\\\"/g')"`;
  const cluster = () => ({ server: 'https://kube', config: { audience: 'a' } });
  for (const wantsCluster of [true, false]) {
    const { token } = await askProgram(shell(script, { wantsCluster }), environment, { cluster });
    assert.deepEqual(JSON.parse(token ?? '').spec, {
      interactive: false,
      ...(wantsCluster ? { cluster: cluster() } : {}),
    });
  }
});
