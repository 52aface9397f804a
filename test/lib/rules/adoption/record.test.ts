/** The effect of the record that says that all Pods are current, and the end of this effect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WorkloadObject } from '../../../../lib/kubernetes/objects.ts';
import type { PodsReading } from '../../../../lib/rules/adoption/pods.ts';
import { formatAdopted, parseAdopted } from '../../../../lib/rules/adoption/record.ts';
import { templateDigest } from '../../../../lib/rules/adoption/rollout.ts';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import type { Proposal } from '../../../../lib/rules/decision.ts';
import { keyedDigest, plainDigest } from '../../../../lib/rules/hash/digest.ts';
import { type HashKeys, withoutKey } from '../../../../lib/rules/hash/hash-keys.ts';
import { workloadPatch } from '../../../../lib/rules/patch.ts';
import { readSource } from '../../../../lib/rules/reading.ts';
import { readWorkload } from '../../../../lib/rules/workload.ts';
import { decide } from '../decided.ts';

const annotationKeys = annotationKeysOf('wave.pusher.com');
const time = (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;

/** A Deployment that keeps its annotations and its pod template between passes. */
class App {
  own: Record<string, string> = { [annotationKeys.updateOnConfigChange]: 'true' };
  template: Record<string, string> = {};
  uid = 'u';
  restart: 'always' | 'if-stale' = 'if-stale';
  #value = 'A';
  #writtenAt = 0;
  #createdAt = 100;
  #second = 100;

  change(value: string): void {
    this.#value = value;
    this.#writtenAt = this.#second += 100;
  }

  /** Replaces the Pods. */
  roll(checksum: string): void {
    this.template = { ...this.template, checksum };
    this.#createdAt = this.#second += 100;
  }

  pass(keys: HashKeys = withoutKey): Proposal {
    const object = this.#object();
    const workload = readWorkload('Deployment', object, {
      ...{ annotations: annotationKeys, crossNamespaceReferences: [], adoption: 'stamp' },
      restart: this.restart,
    });
    assert.ok(workload);
    const managedFields = [{ time: time(this.#writtenAt), fieldsV1: { 'f:data': { 'f:k': {} } } }];
    const metadata = { creationTimestamp: time(0), managedFields };
    const source = readSource('ConfigMap', { metadata, data: { k: this.#value } }, 'all');
    const controller = { kind: 'ReplicaSet', name: 'web-1', uid: 'r' };
    const deployment = { kind: 'Deployment', name: 'web', uid: this.uid };
    const template = templateDigest(object.spec?.template);
    const oldest = { name: 'p', createdAt: time(this.#createdAt) };
    const pods: PodsReading = {
      ...{ state: 'read', readAt: this.#second * 1000 },
      groups: [{ controller, revision: undefined, generation: undefined, oldest }],
      replicaSets: [{ uid: 'r', controller: deployment, template, wantsPods: true }],
    };
    const decision = decide(workload, new Map([['ConfigMap/shop/c', source]]), keys, pods);
    const patch = workloadPatch(workload, decision, undefined, annotationKeys) as
      | WorkloadObject
      | undefined;
    this.own = merged(this.own, patch?.metadata?.annotations ?? {});
    const written = patch?.spec?.template?.metadata?.annotations;
    if (written) {
      const before = JSON.stringify(this.template);
      this.template = merged(this.template, written);
      assert.notEqual(JSON.stringify(this.template), before, 'nothing rolls');
      this.#createdAt = this.#second += 100;
    }
    return decision;
  }

  #object(): WorkloadObject {
    return {
      metadata: { ...{ namespace: 'shop', name: 'web', uid: this.uid }, annotations: this.own },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { annotations: this.template },
          spec: { containers: [{ envFrom: [{ configMapRef: { name: 'c' } }] }] },
        },
      },
    };
  }
}

function merged(
  before: Record<string, string>,
  patch: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const all = Object.entries({ ...before, ...patch });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** A Deployment whose template has the hash of A, and whose record has the hash of B. */
function recorded(): App {
  const app = new App();
  assert.equal(app.pass().reason, 'FirstSeen');
  app.change('B');
  app.roll('B');
  assert.equal(app.pass().reason, 'AlreadyCurrent');
  assert.equal(app.pass().reason, 'UpToDate');
  return app;
}

describe('a record of Pods that are current', () => {
  it('counts instead of the hash on the template: a value that goes back to that of the template causes a restart', () => {
    const app = recorded();
    const { [annotationKeys.configHash]: hash } = app.template;
    app.change('A');
    assert.equal(app.pass().reason, 'ConfigChanged');
    assert.equal(app.template[annotationKeys.configHash], hash);
    assert.equal(app.own[annotationKeys.adopted], undefined);
    assert.equal(app.pass().reason, 'UpToDate');
  });

  it('also counts if restart: if-stale is off again', () => {
    const app = recorded();
    app.restart = 'always';
    assert.equal(app.pass().reason, 'UpToDate');
    app.change('A');
    assert.equal(app.pass().reason, 'ConfigChanged');
  });

  it('ends with another pod template, so that the Pods are judged again for any configuration', () => {
    const app = recorded();
    app.roll('image');
    const { reason, sentence } = app.pass();
    assert.equal(reason, 'AlreadyCurrent');
    assert.match(
      sentence,
      /^the pod template changed after the configuration was recorded; every Pod/,
    );
    app.roll('another image');
    // The value A is back, whose hash the template has. But the Pods started before that.
    app.change('A');
    assert.equal(app.pass().reason, 'ConfigChanged');
  });

  it('ends with another pod template if restart: if-stale is off again, because the configuration of the Pods is unknown', () => {
    const app = recorded();
    app.restart = 'always';
    app.roll('image');
    assert.equal(app.pass().reason, 'ConfigChanged');
    assert.equal(app.pass().reason, 'UpToDate');
  });

  it('ends if the annotations are copied to another workload', () => {
    const app = recorded();
    app.uid = 'of a copy';
    assert.equal(app.pass().reason, 'AlreadyCurrent');
    app.uid = 'of another';
    app.change('A');
    assert.equal(app.pass().reason, 'ConfigChanged');
  });

  it('stays bound to its pod template if it is written again under another key', () => {
    const app = recorded();
    const current = keyedDigest(Buffer.from('a key of some length, for a test'));
    const keys = { current, earlier: [plainDigest] };
    assert.equal(app.pass(keys).reason, 'Adopted');
    assert.notEqual(parseAdopted(app.own[annotationKeys.adopted])?.podTemplate, undefined);
    app.change('A');
    assert.equal(app.pass(keys).reason, 'ConfigChanged');
  });

  it('is read as it was written, and does not count if its digest was tampered with', () => {
    const record = { template: '', config: 'a'.repeat(64), sources: { 'ConfigMap/c': '-' } };
    assert.deepEqual(parseAdopted(formatAdopted(record)), record);
    const bound = { ...record, podTemplate: 'b' };
    assert.deepEqual(parseAdopted(formatAdopted(bound)), bound);
    for (const podTemplate of [null, 7, {}, 'x'.repeat(1_000)]) {
      const read = parseAdopted(JSON.stringify({ ...record, podTemplate }));
      assert.ok((read?.podTemplate?.length ?? 0) > 0 && (read?.podTemplate?.length ?? 0) <= 64);
    }
  });
});

describe('the annotation of a record', () => {
  const config = 'a'.repeat(64);
  const record = { template: '', config, sources: { 'ConfigMap/a': '1' } };

  it('is read as it was written', () => {
    for (const each of [record, { ...record, template: config, podTemplate: 'b' }]) {
      assert.deepEqual(parseAdopted(formatAdopted(each)), each);
    }
  });

  it('is ignored if wave-cron cannot have written it', () => {
    const others: readonly object[] = [
      { ...record, template: 1 },
      { ...record, config: 1 },
      { ...record, config: 'a' },
      { ...record, sources: null },
      { ...record, sources: 'ConfigMap/a' },
    ];
    const texts = [undefined, '', 'null', '"a"', ...others.map((each) => JSON.stringify(each))];
    for (const text of texts) assert.equal(parseAdopted(text), undefined, String(text));
  });

  it('has no invalid digests and no invalid binding', () => {
    const odd = { ...record, sources: { 'ConfigMap/a': '1', 'ConfigMap/b': 2 }, podTemplate: 3 };
    assert.deepEqual(parseAdopted(JSON.stringify(odd)), { ...record, podTemplate: '3' });
    const long = { ...record, podTemplate: 'x'.repeat(100) };
    assert.equal(parseAdopted(JSON.stringify(long))?.podTemplate, 'x'.repeat(64));
  });
});
