/**
 * `npm run demo`: shows the main features step by step on a real control plane. It ends with status 0 only
 * if each step had the result that its text describes.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { connect } from '../../tools/control-plane/cluster-folder.ts';
import { startControlPlane } from '../../tools/control-plane/control-plane.ts';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'dist', 'wave-cron.js');
const namespace = 'wave-cron-example';
const hashAnnotation = 'wave.pusher.com/config-hash';

const print = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};
const indented = (text: string): string => text.trimEnd().replaceAll(/^/gm, '      ');

let step = 0;
function say(sentence: string): void {
  step += 1;
  print(`\n${step}. ${sentence}`);
}

if (!existsSync(program)) {
  process.stderr.write('demo: dist/wave-cron.js is missing: run npm ci, or npm run build\n');
  process.exit(1);
}

print('Starting etcd, kube-apiserver and kube-controller-manager (built on the first start) ...');
const controlPlane = await startControlPlane();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void controlPlane.stop().then(() => process.exit(130));
  });
}

try {
  await tell();
  print('\nEach step showed what it says.');
  print(
    'Go on by yourself: npm run cluster starts such a control plane and tells you how to use it.',
  );
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\ndemo: step ${step} did not show that: ${why}\n`);
  process.exitCode = 1;
} finally {
  await controlPlane.stop();
}

async function tell(): Promise<void> {
  const api = connect(controlPlane);
  print(
    `Kubernetes answers at ${controlPlane.url}. No node runs Pods here: the story is told by the`,
  );
  print('Deployment and its ReplicaSets, as kubectl would show them.');

  say(
    'A Deployment that opted in, its ConfigMap and its Secret are created: kubectl apply -k manifests/example',
  );
  for (const file of ['namespace', 'configmap', 'secret', 'deployment']) {
    const text = readFileSync(join(root, 'manifests', 'example', `${file}.yaml`), 'utf8');
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as KubernetesObject;
      const { name } = object.metadata;
      await api.create({
        ...object,
        metadata: { ...object.metadata, ...(file === 'namespace' ? {} : { namespace }) },
      });
      print(indented(`${object.kind.toLowerCase()}/${name} created`));
    }
  }
  await replicaSets(1);

  say('The first pass writes the hash of the configuration on the pod template: wave-cron once');
  await wave(['once']);
  const first = await deployment();
  assert.match(first.hash ?? '', /^[0-9a-f]{64}$/, 'the template carries no hash');
  print(indented(`${hashAnnotation}: ${first.hash}`));
  await replicaSets(2);

  say('The second pass finds nothing to do and writes nothing.');
  const summary = await wave(['once']);
  assert.match(summary, /1 UpToDate/);
  assert.equal((await deployment()).generation, first.generation, 'the Deployment was written to');
  print(indented(`generation of the Deployment: still ${first.generation}`));

  say(
    'The ConfigMap is edited: kubectl -n wave-cron-example edit configmap web-config  (COLOR: blue -> green)',
  );
  await edit({ COLOR: 'green' });
  print(indented(await wave(['plan'], false)));

  say('The third pass rolls the Deployment, and its event names what changed.');
  await wave(['once']);
  const third = await deployment();
  assert.notEqual(third.hash, first.hash, 'the hash is the same');
  await replicaSets(3);
  const events = await api.list<KubernetesObject & { reason: string; note: string }>(
    path('Event', namespace),
  );
  const told = events.find(({ reason }) => reason === 'ConfigChanged');
  assert.ok(told, 'there is no event');
  assert.match(told.note, /ConfigMap\/web-config changed/);
  print(indented(`kubectl get events: ${told.reason}  Deployment/web  ${told.note}`));

  say('A key that nothing references is edited (NOTES), and nothing happens.');
  await edit({ NOTES: 'only for people, edited' });
  assert.match(await wave(['once']), /1 UpToDate/);
  assert.equal((await deployment()).generation, third.generation, 'the Deployment was written to');
  await replicaSets(3);

  await tellOfOwnership();

  /** Ownership has its own chapter, because it is off by default. */
  async function tellOfOwnership(): Promise<void> {
    const secret = path('Secret', namespace, 'web-credentials');
    const web = path('Deployment', namespace, 'web');
    print('\nA chapter of its own: ownership, which is off by default.');

    say(
      'Owner references, a choice: with ownership: references the Secret says who uses it. Nothing rolls.',
    );
    await wave(['once', '--ownership', 'references']);
    await showOwners(secret, ['Deployment/web', 'Namespace/kube-system']);
    print(
      indented('Nobody can delete kube-system, so the garbage collector never deletes the Secret.'),
    );
    await replicaSets(3);

    say('With ownership: finalizer a deletion waits for a pass: kubectl delete deployment web');
    await wave(['once', '--ownership', 'finalizer']);
    await api.delete(web);
    const { metadata } = await api.get(web);
    assert.deepEqual(metadata.finalizers, ['wave.pusher.com/finalizer']);
    print(indented(`deletionTimestamp: ${metadata['deletionTimestamp']}`));
    print(indented(`finalizers: ${metadata.finalizers}`));

    say('The next pass removes the owner references, then the finalizer. The Secret stays.');
    await wave(['once', '--ownership', 'finalizer']);
    await api.waitFor(web, (it) => it === undefined, { what: 'the end of the Deployment' });
    await showOwners(secret, []);
  }

  async function showOwners(source: string, expected: readonly string[]): Promise<void> {
    const { metadata } = await api.get(source);
    const owners = (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`);
    assert.deepEqual(owners.sort(), expected);
    print(indented(`owners of Secret/${metadata.name}: ${owners.join(', ') || 'none'}`));
  }

  async function edit(data: Record<string, string>): Promise<void> {
    await api.patch(path('ConfigMap', namespace, 'web-config'), { data });
  }

  async function deployment(): Promise<{ hash: string | undefined; generation: number }> {
    const { metadata, spec } = await api.get<
      KubernetesObject & {
        spec: { template: { metadata: { annotations?: Record<string, string> } } };
      }
    >(path('Deployment', namespace, 'web'));
    const { annotations = {} } = spec.template.metadata;
    return { hash: annotations[hashAnnotation], generation: metadata.generation ?? 0 };
  }

  /**
   * Waits until the controller has seen the Deployment, checks the number of its ReplicaSets, and prints
   * them.
   */
  async function replicaSets(count: number): Promise<void> {
    const { generation } = await deployment();
    await api.waitFor(
      path('Deployment', namespace, 'web'),
      (it) => Number(it?.status?.['observedGeneration'] ?? 0) >= generation,
    );
    const sets = await api.list(path('ReplicaSet', namespace));
    assert.equal(sets.length, count, `there are ${sets.length} ReplicaSets, not ${count}`);
    const revision = ({ metadata }: KubernetesObject): number =>
      Number(metadata.annotations?.['deployment.kubernetes.io/revision']);
    sets.sort((a, b) => revision(a) - revision(b));
    print(indented('kubectl get replicasets:'));
    for (const set of sets) {
      print(
        indented(
          `  ${set.metadata.name}   revision ${revision(set)}   desired ${(set['spec'] as { replicas?: number }).replicas}`,
        ),
      );
    }
  }
}

/** Runs the program as a user would. Prints and returns its output. */
async function wave(args: readonly string[], show = true): Promise<string> {
  const all = [program, ...args, '--kubeconfig', controlPlane.kubeconfig];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`wave-cron ${args.join(' ')} ended with ${status}: ${output}`);
  const text = args[0] === 'once' ? readable(output) : output;
  if (show) print(indented(text));
  return text;
}

/** The log lines of a pass as text. They are JSON, because they do not go to a terminal. */
function readable(lines: string): string {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const { level, reason, kind, namespace: ns, name, msg } = JSON.parse(line);
      const subject = name === undefined ? '' : `${reason} ${kind} ${ns}/${name}: `;
      return `${String(level).toUpperCase()}  ${subject}${msg}`;
    })
    .join('\n');
}
