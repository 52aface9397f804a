/**
 * Tests what an attacker cannot do according to docs/security.md, unless another test does. The attackers
 * here may edit objects in one namespace, and wave-cron has all its permissions in all namespaces.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { path } from '../tools/control-plane/api.ts';
import { auditFromHere } from '../tools/control-plane/audit.ts';
import { deployment, secret } from '../tools/control-plane/objects.ts';
import {
  randomName,
  rollouts,
  testCluster,
  testNamespace,
} from '../tools/control-plane/testing.ts';
import { ownershipShop, recordAnnotation, usingOptional } from './handler/ownership/stage.ts';
import {
  eventsAbout,
  optedIn,
  prefix,
  reasonsIn,
  requestsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from './handler/run-pass.ts';
import { runProgram } from './jobs/run-program.ts';

const { api, cluster } = testCluster();

/** Annotations that reference Secret `login` of another namespace, in every possible way. */
const asking = (other: string): Record<string, Record<string, string>> => ({
  plainly: { 'extra-secrets': `${other}/login` },
  'next to its own source': { 'extra-secrets': `own, ${other}/login`, 'ignore-secrets': 'own' },
  'as an ignored source': { 'extra-secrets': 'own', 'ignore-secrets': `${other}/login` },
  'by a path': { 'extra-secrets': `../../${other}/secrets/login` },
  'by an escaped path': { 'extra-secrets': `..%2f..%2f${other}%2fsecrets%2flogin` },
  'by a query': { 'extra-configmaps': `own?x=/api/v1/namespaces/${other}/secrets/login` },
});

const withPrefix = (annotations: Record<string, string>) =>
  Object.fromEntries(Object.entries(annotations).map(([name, it]) => [`${prefix}/${name}`, it]));

suite('security', { concurrency: 3 }, () => {
  test('a Secret of another namespace is neither read nor hashed for a workload that asks for it', async (t) => {
    const [own, other] = await Promise.all([testNamespace(t), testNamespace(t)]);
    await api.create(secret({ namespace: other, name: 'login', data: { pin: '1234' } }));
    await api.create(secret({ namespace: own, name: 'own', data: { a: '1' } }));
    for (const [i, how] of Object.values(asking(other)).entries()) {
      const annotations = { ...optedIn, ...withPrefix(how) };
      await api.create(deployment({ namespace: own, name: `asking-${i}`, annotations }));
    }
    const audit = await auditFromHere(cluster);
    const { outcomes } = await runPass(own, {
      settings: { crossNamespaceReferences: ['elsewhere'] },
    });
    assert.equal(outcomes.length, 6);
    const args = ['-n', own, '--kubeconfig', cluster.kubeconfig];
    await runProgram(['explain', 'deployment/asking-0', ...args]);
    await runProgram(['plan', '--namespaces', own, '--kubeconfig', cluster.kubeconfig]);
    assert.deepEqual(await audit.entries(requestsIn(other)), []);
    for (const { name } of outcomes) {
      const { [sourcesAnnotation]: digests = '{}' } = await templateAnnotations(own, name);
      assert.deepEqual(
        Object.keys(JSON.parse(digests)).filter((key) => key.includes(other)),
        [],
      );
    }
  });

  test('an annotation reaches nothing but what it names: a path or a query is not a name', async (t) => {
    const [own, other] = await Promise.all([testNamespace(t), testNamespace(t)]);
    const paths = Object.entries(asking(other)).filter(([how]) => how.startsWith('by '));
    for (const [i, [, how]] of paths.entries()) {
      const annotations = { ...optedIn, ...withPrefix(how) };
      await api.create(deployment({ namespace: own, name: `asking-${i}`, annotations }));
    }
    const audit = await auditFromHere(cluster);
    const report = await runPass(own, { settings: { crossNamespaceReferences: ['*'] } });
    const said = Object.values(reasonsIn(report));
    assert.deepEqual(
      said,
      paths.map(() => 'InvalidAnnotation'),
    );
    assert.deepEqual(await audit.entries(requestsIn(other)), []);
    const reads = await audit.entries({ ...requestsIn(own), verb: ['get'] });
    assert.deepEqual(reads, []);
  });

  test('records that are made up remove nothing from a source, and restart and delete nothing', async (t) => {
    const shop = await ownershipShop(t);
    const { namespace } = shop;
    await shop.pass();
    const before = await rollouts('Deployment', namespace, 'web');
    const owners = ['Deployment/web', 'Namespace'];
    const { uid = '' } = (await shop.get('Deployment', 'web')).metadata;
    const record = JSON.stringify(['ConfigMap/settings', 'Secret/credentials']);
    const adopted = JSON.stringify({ template: '', config: '0'.repeat(64), sources: { uid } });
    const annotations = { [recordAnnotation]: record, [`${prefix}/adopted`]: adopted };
    // One workload opted out, so that a pass removes everything that its records claim. The other one opted
    // in.
    const finalizers = [`${prefix}/finalizer`];
    await shop.workload('Deployment', 'liar', {}, { annotations, finalizers });
    const optedInToo = { ...annotations, ...optedIn };
    await shop.workload('StatefulSet', 'liar', {}, { annotations: optedInToo, finalizers });
    await shop.pass();
    await shop.pass();
    assert.deepEqual(await shop.owners('ConfigMap', 'settings'), owners);
    assert.deepEqual(await shop.owners('Secret', 'credentials'), owners);
    assert.equal(await rollouts('Deployment', namespace, 'web'), before);
    assert.equal((await shop.get('Deployment', 'web')).metadata['deletionTimestamp'], undefined);
  });

  test('a change of a source restarts no workload of another namespace, and none that does not use it', async (t) => {
    const [own, other] = await Promise.all([testNamespace(t), testNamespace(t)]);
    const uses = usingOptional({ secrets: ['login'] });
    for (const namespace of [own, other]) {
      await api.create(secret({ namespace, name: 'login', data: { a: '1' } }));
      await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod: uses }));
      await api.create(deployment({ namespace, name: 'idle', annotations: optedIn }));
      await runPass(namespace);
    }
    await api.patch(path('Secret', own, 'login'), { stringData: { a: '2' } });
    for (const namespace of [own, other]) {
      const here = namespace === own ? 'ConfigChanged' : 'UpToDate';
      assert.deepEqual(reasonsIn(await runPass(namespace)), {
        'Deployment/idle': 'UpToDate',
        'Deployment/web': here,
      });
    }
  });

  test('a value of a Secret is shown nowhere: in no log, report, event, plan or explanation', async (t) => {
    const namespace = await testNamespace(t);
    const value = randomName('planted');
    await api.create(secret({ namespace, name: 'login', data: { password: value } }));
    const pod = usingOptional({ secrets: ['login'] });
    await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
    const where = ['--kubeconfig', cluster.kubeconfig];
    const lease = ['--lease-namespace', namespace];
    const scope = ['--namespaces', namespace];
    let said = '';
    for (const args of [
      ['plan', '-o', 'json', ...scope],
      ['once', '--log-level', 'trace', ...scope, ...lease],
      ['explain', 'deployment/web', '-n', namespace, '-o', 'json'],
      ['history', 'deployment/web', '-n', namespace, '-o', 'json'],
      ['check', '-o', 'json', ...scope, ...lease],
    ]) {
      const { stdout, stderr, status } = await runProgram([...args, ...where]);
      assert.equal(status, 0, `${args.join(' ')}: ${stdout}${stderr}`);
      said += stdout + stderr;
    }
    said += JSON.stringify(await eventsAbout(namespace, 'web'));
    said += JSON.stringify(await api.get(path('Deployment', namespace, 'web')));
    for (const form of [
      value,
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('hex'),
    ]) {
      assert.ok(!said.includes(form));
    }
  });

  test('docs/security.md names tests that exist', () => {
    const root = join(import.meta.dirname, '..');
    const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
    for (const row of page.match(/^\| \*\*cannot\*\*.*$/gm) ?? []) {
      const [, file = '', name = ''] = /`(test\/\S+\.test\.ts)` "([^"]+)" \|$/.exec(row) ?? [];
      assert.ok(name !== '', `a test is named: ${row}`);
      const tests =
        readFileSync(join(root, file), 'utf8').match(/\b(test|it)\((['`]).*?\2, /g) ?? [];
      assert.ok(
        tests.some((it) => it.includes(name)),
        `${file} has a test "${name}"`,
      );
    }
  });
});
