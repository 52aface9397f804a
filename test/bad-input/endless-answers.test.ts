/**
 * If a server sends an endless response, the program soon ends with a readable error, within the memory of
 * the shipped Pods.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryLimit, runInLittleMemory } from '../jobs/little-memory.ts';
import { answerWithoutEnd } from '../lib/http/endless-answer.ts';
import { listen } from '../lib/http/local-servers.ts';

/** A kubeconfig for a server that sends this response. */
async function kubeconfigOf(t: TestContext, answer: RequestListener): Promise<string> {
  const port = await listen(t, createServer(answer));
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-endless-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const name = 'one';
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  const file = join(folder, 'config');
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name, cluster }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    }),
  );
  return file;
}

const endless: RequestListener = (_request, response) => {
  void answerWithoutEnd(response, 'planted \u{4e2d}'.repeat(10_000));
};
/** The response begins like a list of valid objects. */
const endlessObject: RequestListener = (_request, response) => {
  const item = `{"metadata":{"name":"web","namespace":"shop","annotations":{"a":"planted \u{4e2d}"}}},`;
  response.write('{"kind":"List","apiVersion":"v1","metadata":{},"items":[');
  void answerWithoutEnd(response, item.repeat(1_000));
};

for (const [what, answer] of Object.entries({ text: endless, objects: endlessObject })) {
  for (const [command, asked] of [
    [['plan'], /GET \/apis\/apps\/v1\/\w+/],
    [['once', '--lease-namespace', 'shop'], /\/leases\/wave-cron/],
    [['check', '--lease-namespace', 'shop'], /GET \/version/],
    [['explain', 'deployment/web', '-n', 'shop'], /GET \/apis\/apps\/v1\/namespaces\/shop/],
  ] as const) {
    test(`${command[0]} ends with status 3 and names the request if the server sends endless ${what}`, async (t) => {
      const kubeconfig = await kubeconfigOf(t, answer);
      const run = await runInLittleMemory([...command, '--kubeconfig', kubeconfig]);
      const said = run.stdout + run.stderr;
      assert.equal(run.status, 3, said);
      assert.match(said, /the response to .* is too large: reading stopped after \d+\.\d MiB/);
      assert.match(said, asked);
      assert.doesNotMatch(said, /planted/);
      assert.ok((run.peak ?? Number.POSITIVE_INFINITY) < memoryLimit, `${run.peak} MiB`);
    });
  }
}
