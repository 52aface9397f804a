/**
 * wave-cron and other tools handle a workload in turn. The tests check which tool restarts the
 * workload, and which configuration its Pods have.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import { templateDigest } from '../../../lib/rules/adoption/rollout.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import type { Proposal } from '../../../lib/rules/decision.ts';
import { keyedDigest, plainDigest } from '../../../lib/rules/hash/digest.ts';
import { type HashKeys, withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { workloadPatch } from '../../../lib/rules/patch.ts';
import { readSource } from '../../../lib/rules/reading.ts';
import { readWorkload } from '../../../lib/rules/workload.ts';
import { decide } from './decided.ts';

const annotationKeys = annotationKeysOf('wave.pusher.com');

type Annotations = Record<string, string>;
type Adoption = 'stamp' | 'if-changed' | 'baseline';

/** A second of the simulated clock, as the API writes it. */
const timeOf = (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;

/**
 * A workload as the cluster stores it, with one ConfigMap and one Secret. The Pods of the workload
 * read both when they start.
 */
class Cluster {
  #own: Annotations = { [annotationKeys.updateOnConfigChange]: 'true' };
  #template: Annotations = {};
  readonly #revisions: Annotations[] = [{}];
  #data = 'A';
  #second = 100;
  #writtenAt = 1;
  #startedAt = 100;
  /** The value that the Pods were started with. */
  running = 'A';
  references = true;

  get hash(): string | undefined {
    return this.#template[annotationKeys.configHash];
  }

  change(to: string): void {
    this.#second += 10;
    this.#writtenAt = this.#second;
    this.#data = to;
  }

  /** Sets annotations of the template, as any tool may do. Returns whether this starts new Pods. */
  write(annotations: Record<string, string | null>): boolean {
    const before = this.#template;
    this.#template = merged(before, annotations);
    if (JSON.stringify(before) === JSON.stringify(this.#template)) return false;
    this.#revisions.push(this.#template);
    this.#second += 10;
    this.#startedAt = this.#second;
    this.running = this.#data;
    return true;
  }

  undo(): boolean {
    const current = JSON.stringify(this.#template);
    const before = this.#revisions.findLast((each) => JSON.stringify(each) !== current) ?? {};
    const gone = Object.keys(this.#template).map((key) => [key, null] as const);
    return this.write({ ...Object.fromEntries(gone), ...before });
  }

  wave(): boolean {
    const secret = Buffer.from(this.#data).toString('base64');
    const text = `{"configMaps":{"c":{"k":"${secret}"}},"secrets":{"s":{"k":"${secret}"}}}`;
    return this.write({
      [annotationKeys.configHash]: createHash('sha256').update(text).digest('hex'),
    });
  }

  waveCron({ keys = withoutKey, adoption = 'stamp', old = false }: Pass = {}): Passed {
    const rules = { annotations: annotationKeys, crossNamespaceReferences: [], adoption };
    const workload = readWorkload('Deployment', this.#object(), rules);
    assert.ok(workload);
    const metadata = {
      creationTimestamp: timeOf(1),
      resourceVersion: String(this.#writtenAt),
      managedFields: [{ time: timeOf(this.#writtenAt), fieldsV1: { 'f:data': { 'f:k': {} } } }],
    };
    const base64 = Buffer.from(this.#data).toString('base64');
    const ignore = annotationKeys.ignore;
    const readings = new Map([
      [
        'ConfigMap/shop/c',
        readSource('ConfigMap', { metadata, data: { k: this.#data } }, 'all', ignore),
      ],
      ['Secret/shop/s', readSource('Secret', { metadata, data: { k: base64 } }, 'all', ignore)],
    ]);
    const controller = { kind: 'ReplicaSet', name: 'web-1', uid: 'r' };
    const oldest = { name: 'p', createdAt: timeOf(this.#startedAt) };
    const pods = {
      state: 'read',
      readAt: this.#second * 1000,
      groups: [{ controller, revision: undefined, generation: undefined, oldest }],
      replicaSets: [
        {
          uid: 'r',
          controller: { kind: 'Deployment', name: 'web', uid: 'u' },
          template: templateDigest(this.#object().spec?.template),
          wantsPods: true,
        },
      ],
    } as const;
    const decision = decide(workload, readings, keys, pods);
    const patch = workloadPatch(workload, decision, undefined, annotationKeys) as
      | WorkloadObject
      | undefined;
    this.#own = merged(this.#own, patch?.metadata?.annotations);
    const written = patch?.spec?.template?.metadata?.annotations ?? {};
    const record = written[annotationKeys.configSources];
    const asOld =
      old && record
        ? { [annotationKeys.configSources]: record.replace(/^\{"hash":"[^"]*",/, '{') }
        : {};
    return { decision, rolled: this.write({ ...written, ...asOld }) };
  }

  #object(): WorkloadObject {
    const envFrom = [{ configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }];
    return {
      metadata: {
        ...{ namespace: 'shop', name: 'web', annotations: this.#own },
        ...{ generation: this.#revisions.length, creationTimestamp: timeOf(1) },
      },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { annotations: this.#template },
          spec: { containers: [{ envFrom: this.references ? envFrom : [] }] },
        },
      },
      status: { observedGeneration: this.#revisions.length },
    };
  }
}

type Pass = {
  keys?: HashKeys;
  adoption?: Adoption;
  /** Whether the record has no hash, as in version 0.1.0. */
  old?: boolean;
};
type Passed = { decision: Proposal; rolled: boolean };

function merged(annotations: Annotations, patch: object | null | undefined): Annotations {
  const all = Object.entries({ ...annotations, ...patch }).filter(([, value]) => value !== null);
  return Object.fromEntries(all) as Annotations;
}

const [k1, k2] = [1, 2].map((n) => keyedDigest(Buffer.alloc(16, n)));
assert.ok(k1 && k2);
const keyed: HashKeys = { current: k1, earlier: [plainDigest] };
const rotated: HashKeys = { current: k2, earlier: [plainDigest, k1] };

/** The tools that handle the workload before it comes back to wave-cron. */
const before: Readonly<Record<string, (cluster: Cluster) => void>> = {
  nobody: () => undefined,
  'wave-cron': (cluster) => cluster.waveCron(),
  'wave-cron 0.1.0': (cluster) => cluster.waveCron({ old: true }),
  'wave-cron with a key': (cluster) => cluster.waveCron({ keys: keyed }),
  'wave-cron 0.1.0 with a key': (cluster) => cluster.waveCron({ keys: keyed, old: true }),
  'wave-cron with if-changed': (cluster) => cluster.waveCron({ adoption: 'if-changed' }),
  'wave-cron with baseline': (cluster) => cluster.waveCron({ adoption: 'baseline' }),
  'Wave and wave-cron': (cluster) => {
    cluster.wave();
    cluster.waveCron();
  },
  'wave-cron 0.1.0, Wave and wave-cron': (cluster) => {
    cluster.waveCron({ old: true });
    cluster.wave();
    cluster.waveCron();
  },
};

const restart = (cluster: Cluster) =>
  cluster.write({ 'kubectl.kubernetes.io/restartedAt': String(Math.random()) });
const reloader = (cluster: Cluster) =>
  cluster.write({ 'reloader.stakater.com/last-reloaded-from': String(Math.random()) });

const passes: Readonly<Record<string, Pass>> = {
  'wave-cron': {},
  'wave-cron 0.1.0': { old: true },
  'wave-cron with if-changed': { adoption: 'if-changed' },
  'wave-cron with baseline': { adoption: 'baseline' },
  'wave-cron with a key': { keys: keyed },
  'wave-cron with the next key': { keys: rotated },
};

/** Whether the workload has a hash that was made with `k1`. Only a pass that knows `k1` can compare it. */
const isKeyed = (first: string) => first.endsWith('with a key');
const knows = (pass: string) => pass.includes('key');

suite('a workload that comes back from Wave', () => {
  for (const [first, prepare] of Object.entries(before)) {
    for (const [last, pass] of Object.entries(passes)) {
      test(`${first}, Wave, ${last}: nothing restarts, and a later change restarts it once`, () => {
        for (const changes of [[], ['B']]) {
          const cluster = new Cluster();
          prepare(cluster);
          for (const change of changes) cluster.change(change);
          cluster.wave();
          const { decision, rolled } = cluster.waveCron(pass);
          assert.equal(rolled, false, decision.sentence);
          const isKnown = changes.length === 0 && first.includes('Wave');
          assert.equal(decision.reason, isKnown && !knows(last) ? 'UpToDate' : 'Adopted');
          assert.equal(cluster.waveCron(pass).decision.reason, 'UpToDate');
          cluster.change('C');
          const changed = cluster.waveCron(pass);
          assert.equal(changed.rolled, true);
          assert.deepEqual([...changed.decision.changed].sort(), ['ConfigMap/c', 'Secret/s']);
          assert.equal(cluster.waveCron(pass).rolled, false);
          assert.equal(cluster.running, 'C');
        }
      });

      test(`${first}, Wave, a change that Wave did not see, ${last}: it restarts once`, () => {
        const cluster = new Cluster();
        prepare(cluster);
        cluster.wave();
        cluster.change('B');
        const { decision, rolled } = cluster.waveCron(pass);
        assert.equal(rolled, true, decision.sentence);
        assert.equal(decision.reason, 'ConfigChanged');
        assert.equal(cluster.running, 'B');
        assert.equal(cluster.waveCron(pass).rolled, false);
      });
    }
  }

  test('is not reported as changed if Wave has already rolled the change out', () => {
    const cluster = new Cluster();
    cluster.waveCron();
    cluster.change('B');
    cluster.wave();
    cluster.change('C');
    const { decision } = cluster.waveCron();
    assert.deepEqual(decision.changed, []);
    assert.match(decision.sentence, /^the configuration changed \(the template has no record/);
  });
});

suite('a workload that another tool restarts', () => {
  for (const [first, prepare] of Object.entries(before)) {
    if (first === 'nobody') continue;
    for (const [last, pass] of Object.entries(passes)) {
      if (isKeyed(first) && !knows(last)) continue;
      for (const [tool, run] of Object.entries({
        Reloader: reloader,
        'rollout restart': restart,
      })) {
        test(`${first}, ${tool}, ${last}: nothing restarts without a change, and once with one`, () => {
          const cluster = new Cluster();
          prepare(cluster);
          run(cluster);
          const { decision, rolled } = cluster.waveCron(pass);
          assert.equal(rolled, false, decision.sentence);
          cluster.change('B');
          run(cluster);
          assert.equal(cluster.waveCron(pass).rolled, true);
          assert.equal(cluster.running, 'B');
          assert.equal(cluster.waveCron(pass).rolled, false);
        });
      }

      test(`${first}, a change, a pass, an undo, ${last}: the Pods end with the current configuration`, () => {
        for (const back of [false, true]) {
          const cluster = new Cluster();
          prepare(cluster);
          cluster.change('B');
          cluster.waveCron(pass);
          if (back) cluster.change('A');
          cluster.undo();
          cluster.waveCron(pass);
          assert.equal(cluster.running, back ? 'A' : 'B');
          const { decision, rolled } = cluster.waveCron(pass);
          assert.equal(rolled, false, decision.sentence);
          cluster.change('C');
          assert.equal(cluster.waveCron(pass).rolled, true);
          assert.equal(cluster.running, 'C');
        }
      });

      test(`${first}, then ${last}: another version, key or adoption restarts nothing`, () => {
        const cluster = new Cluster();
        prepare(cluster);
        const { decision, rolled } = cluster.waveCron(pass);
        assert.equal(rolled, false, decision.sentence);
        assert.ok(['UpToDate', 'Adopted'].includes(decision.reason));
        assert.equal(cluster.waveCron(pass).decision.reason, 'UpToDate');
      });
    }
  }
});

suite('a workload without references', () => {
  const adoptions: readonly Adoption[] = ['stamp', 'if-changed', 'baseline'];
  for (const adoption of adoptions) {
    test(`is not changed, and is seen for the first time with its first reference: ${adoption}`, () => {
      for (const keys of [withoutKey, keyed]) {
        const cluster = new Cluster();
        cluster.references = false;
        const { decision, rolled } = cluster.waveCron({ adoption, keys });
        assert.equal(rolled, false);
        assert.equal(decision.reason, 'UpToDate');
        assert.match(decision.sentence, /^it references no ConfigMap or Secret:/);
        assert.deepEqual([decision.hashAnnotations, decision.adopt], [undefined, undefined]);
        cluster.change('B');
        cluster.references = true;
        const first = cluster.waveCron({ adoption, keys }).decision;
        assert.equal(first.reason, adoption === 'baseline' ? 'Adopted' : 'FirstSeen');
        assert.equal(cluster.waveCron({ adoption, keys }).decision.reason, 'UpToDate');
      }
    });
  }

  for (const [first, prepare] of Object.entries({ ...before, Wave: (it: Cluster) => it.wave() })) {
    if (first === 'nobody') continue;
    for (const [last, pass] of Object.entries(passes)) {
      if (isKeyed(first) && !knows(last)) continue;
      test(`${first}, without references, ${last}: nothing restarts until there is a reference again`, () => {
        const cluster = new Cluster();
        prepare(cluster);
        cluster.references = false;
        const { decision, rolled } = cluster.waveCron(pass);
        assert.equal(rolled, false);
        assert.equal(
          decision.sentence,
          'recorded without a restart: it references no ConfigMap or Secret now',
        );
        assert.equal(cluster.waveCron(pass).decision.reason, 'UpToDate');
        // In between, Pods may start, and the data may change and change back.
        cluster.change('B');
        restart(cluster);
        assert.equal(cluster.waveCron(pass).decision.reason, 'UpToDate');
        cluster.change('A');
        cluster.references = true;
        const again = cluster.waveCron(pass);
        assert.equal(again.rolled, true);
        assert.equal(again.decision.reason, 'ConfigChanged');
        assert.match(
          again.decision.sentence,
          /^ConfigMap\/c is now referenced, Secret\/s is now referenced/,
        );
        assert.equal(cluster.running, 'A');
        assert.equal(cluster.waveCron(pass).rolled, false);
      });
    }
  }
});

test('a false record costs at most one restart, and leaves no outdated Pod', () => {
  const lies = (hash: string): Record<string, string | null>[] => [
    { [annotationKeys.configSources]: `{"hash":"${hash.slice(0, 12)}","key":"${k1.keyId}"}` },
    { [annotationKeys.configSources]: `{"key":"${k1.keyId}"}` },
    { [annotationKeys.configSources]: '{"hash":"000000000000","ConfigMap/c":"000000000000"}' },
    { [annotationKeys.configSources]: '{"hash":7}' },
    { [annotationKeys.configSources]: null },
  ];
  for (const tool of ['wave', 'waveCron'] as const) {
    for (const pass of Object.values(passes)) {
      for (const i of lies('').keys()) {
        const cluster = new Cluster();
        cluster[tool]();
        const hash = cluster.hash ?? '';
        cluster.write(lies(hash)[i] ?? {});
        cluster.waveCron(pass);
        assert.equal(cluster.waveCron(pass).rolled, false);
        cluster.change('B');
        assert.equal(cluster.waveCron(pass).rolled, true);
        assert.equal(cluster.running, 'B');
      }
    }
  }
});
