import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { decide as decideAbout } from '../../../lib/rules/decide.ts';
import { withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { compareRecords, parseSourceRecord } from '../../../lib/rules/hash/source-record.ts';
import { readSource, type SourceReading } from '../../../lib/rules/reading.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';
import { decide, type SourceReadings, seen } from './decided.ts';

const keys = annotationKeysOf('wave.pusher.com');

/**
 * A workload with an environment variable from a key, an optional `envFrom`, and these annotations on its
 * template.
 */
function workload(template: { hash?: string; sources?: string } = {}, meta: object = {}): Workload {
  const annotations = {
    ...(template.hash === undefined ? {} : { [keys.configHash]: template.hash }),
    ...(template.sources === undefined ? {} : { [keys.configSources]: template.sources }),
  };
  const read = readWorkload(
    'Deployment',
    {
      metadata: {
        name: 'web',
        namespace: 'shop',
        uid: 'u',
        resourceVersion: '7',
        annotations: { [keys.updateOnConfigChange]: 'true' },
        ...meta,
      },
      spec: {
        template: {
          metadata: { annotations },
          spec: {
            containers: [
              {
                env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'used' } } }],
                envFrom: [{ secretRef: { name: 's', optional: true } }],
              },
            ],
          },
        },
      },
    },
    { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' as const },
  );
  assert.ok(read);
  return read;
}

const configMap = (data: Record<string, string>, annotations = {}): SourceReading =>
  readSource('ConfigMap', { metadata: { uid: 'c', annotations }, data }, 'all', keys.ignore);
const absent: SourceReading = { state: 'absent' };
const unreadable: SourceReading = { state: 'unreadable', why: 'secrets "s" is forbidden' };

function readings(c: SourceReading, s: SourceReading = absent): SourceReadings {
  return new Map([
    ['ConfigMap/shop/c', c],
    ['Secret/shop/s', s],
  ]);
}

/** The annotations of the template after the decision has been applied. */
function hashAnnotationsFor(
  c: SourceReading,
  s: SourceReading = absent,
): { hash: string; sources: string } {
  const { hashAnnotations } = decide(workload(), readings(c, s), withoutKey);
  assert.ok(hashAnnotations);
  return hashAnnotations;
}

describe('a decision', () => {
  const now = configMap({ used: '1', other: 'x' });

  it('is FirstSeen if the template has no hash, and records every source', () => {
    const { reason, hashAnnotations } = decide(workload(), readings(now), withoutKey);
    assert.equal(reason, 'FirstSeen');
    assert.match(hashAnnotations?.hash ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(Object.keys(JSON.parse(hashAnnotations?.sources ?? '')), [
      ...['hash', 'ConfigMap/c', 'Secret/s'],
    ]);
    assert.equal(
      JSON.parse(hashAnnotations?.sources ?? '').hash,
      hashAnnotations?.hash.slice(0, 12),
    );
    assert.equal(JSON.parse(hashAnnotations?.sources ?? '')['Secret/s'], '-');
  });

  it('has the note of its configuration, and no note without one', () => {
    const it = workload();
    assert.deepEqual(decide(it, readings(now), withoutKey).notes, []);
    assert.ok(it.configuration.kind === 'references');
    const configuration = { ...it.configuration, note: 'a note' };
    const { notes, reason } = decide({ ...it, configuration }, readings(now), withoutKey);
    assert.deepEqual([reason, notes], ['FirstSeen', ['a note']]);
  });

  it('is UpToDate if the hash is the same, with any record', () => {
    const { hash } = hashAnnotationsFor(now);
    const { reason, hashAnnotations } = decide(
      workload({ hash, sources: '{"a":1' }),
      readings(now),
      withoutKey,
    );
    assert.equal(reason, 'UpToDate');
    assert.equal(hashAnnotations, undefined);
  });

  it('is UpToDate if only an unreferenced key changed', () => {
    const before = hashAnnotationsFor(now);
    const after = configMap({ used: '1', other: 'changed', more: 'y' });
    assert.equal(decide(workload(before), readings(after), withoutKey).reason, 'UpToDate');
  });

  it('is ConfigChanged if a referenced key changed, and names the source', () => {
    const before = hashAnnotationsFor(now);
    const decision = decide(workload(before), readings(configMap({ used: '2' })), withoutKey);
    assert.equal(decision.reason, 'ConfigChanged');
    assert.deepEqual(decision.changed, ['ConfigMap/c']);
    assert.equal(decision.sentence, 'ConfigMap/c changed');
  });

  it('names an optional source that appears or disappears', () => {
    const secret = readSource('Secret', { data: { k: 'dg==' } }, 'all', keys.ignore);
    const appears = decide(workload(hashAnnotationsFor(now)), readings(now, secret), withoutKey);
    assert.equal(appears.sentence, 'Secret/s now exists');
    const goes = decide(workload(hashAnnotationsFor(now, secret)), readings(now), withoutKey);
    assert.equal(goes.sentence, 'Secret/s no longer exists');
  });

  it('distinguishes an absent optional source from an empty one', () => {
    const empty = readSource('Secret', {}, 'all', keys.ignore);
    assert.notEqual(hashAnnotationsFor(now, empty).hash, hashAnnotationsFor(now, absent).hash);
  });

  it('is MissingSource if a required source is absent', () => {
    const decision = decide(workload(hashAnnotationsFor(now)), readings(absent), withoutKey);
    assert.equal(decision.reason, 'MissingSource');
    assert.equal(decision.hashAnnotations, undefined);
    assert.equal(decision.sentence, 'ConfigMap/c does not exist');
  });

  it('is MissingSource if a required key is absent, and names it', () => {
    const decision = decide(workload(), readings(configMap({ other: 'x' })), withoutKey);
    assert.equal(decision.reason, 'MissingSource');
    assert.equal(decision.sentence, 'ConfigMap/c has no key "used"');
  });

  it('never treats an unreadable source as absent, even an optional one', () => {
    const decision = decide(
      workload(hashAnnotationsFor(now)),
      readings(now, unreadable),
      withoutKey,
    );
    assert.equal(decision.reason, 'UnreadableSource');
    assert.equal(decision.hashAnnotations, undefined);
    assert.match(decision.sentence, /Secret\/s could not be read: secrets "s" is forbidden/);
  });

  it('ignores a source that its owner excluded, even if keys are missing in it', () => {
    const ignored = configMap({}, { [keys.ignore]: 'true' });
    const { reason, hashAnnotations } = decide(workload(), readings(ignored), withoutKey);
    assert.equal(reason, 'FirstSeen');
    assert.deepEqual(JSON.parse(hashAnnotations?.sources ?? ''), {
      hash: hashAnnotations?.hash.slice(0, 12),
      'Secret/s': '-',
    });
  });

  it('does not change a workload that is being deleted', () => {
    const deleting = workload({}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    assert.equal(decide(deleting, new Map(), withoutKey).reason, 'Deleting');
  });

  it('does not depend on a record that was tampered with', () => {
    const { hash } = hashAnnotationsFor(now);
    const after = configMap({ used: '2' });
    const clean = decide(workload({ hash }), readings(after), withoutKey);
    for (const sources of [
      '',
      'null',
      '[]',
      '{"__proto__":{"x":1}}',
      '{"ConfigMap/c":7}',
      '{"evil\\u0000name":"x"}',
      '"'.repeat(1000),
    ]) {
      const decision = decide(workload({ hash, sources }), readings(after), withoutKey);
      assert.equal(decision.reason, 'ConfigChanged');
      assert.deepEqual(decision.hashAnnotations, clean.hashAnnotations);
      assert.ok(!/evil|__proto__/.test(decision.sentence), decision.sentence);
    }
  });

  it('never contains the value of a source', () => {
    const planted = 'pLaNtEd';
    const secret = readSource(
      'Secret',
      { data: { k: Buffer.from(planted).toString('base64') } },
      'all',
      keys.ignore,
    );
    for (const template of [
      {},
      hashAnnotationsFor(now),
      hashAnnotationsFor(configMap({ used: 'old' }), secret),
    ]) {
      const text = JSON.stringify(
        decide(workload(template), readings(configMap({ used: planted }), secret), withoutKey),
      );
      for (const form of [planted, Buffer.from(planted).toString('base64')]) {
        assert.ok(!text.includes(form), text);
      }
    }
  });

  it('leaves out the record if its sources do not fit into an annotation, and still has the hash', () => {
    const count = 900;
    const envFrom = Array.from({ length: count }, (_, i) => ({
      configMapRef: { name: `${'n'.repeat(100)}-${i}`, optional: true },
    }));
    const of = (annotations: Record<string, string>) => {
      const many = readWorkload(
        'Deployment',
        {
          metadata: { name: 'web', annotations: { [keys.updateOnConfigChange]: 'true' } },
          spec: { template: { metadata: { annotations }, spec: { containers: [{ envFrom }] } } },
        },
        { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' },
      );
      assert.ok(many);
      return many;
    };
    const read = (first: SourceReading): SourceReadings =>
      new Map(
        envFrom.map(({ configMapRef: { name } }, i) => [
          `ConfigMap//${name}`,
          i === 0 ? first : absent,
        ]),
      );
    const { hashAnnotations } = decide(of({}), read(absent), withoutKey);
    assert.equal(
      hashAnnotations?.sources,
      `{"hash":"${hashAnnotations?.hash.slice(0, 12)}","sources":"900"}`,
    );
    const annotated = of({
      [keys.configHash]: hashAnnotations.hash,
      [keys.configSources]: hashAnnotations.sources,
    });
    assert.equal(decide(annotated, read(absent), withoutKey).reason, 'UpToDate');
    const changed = decide(annotated, read(now), withoutKey);
    assert.equal(changed.reason, 'ConfigChanged');
    assert.deepEqual(changed.changed, []);
    assert.match(changed.sentence, /has no record of its sources/);
    const few = parseSourceRecord('{"ConfigMap/a":"0"}', undefined);
    assert.deepEqual(
      compareRecords(few, parseSourceRecord(hashAnnotations.sources, hashAnnotations.hash), true),
      [],
    );
  });

  it('says when Pods follow, if not at once', () => {
    const paused = { ...workload(), podsFollow: 'when resumed' as const };
    assert.match(
      decide(paused, readings(now), withoutKey).sentence,
      /paused: Pods restart when it is resumed/,
    );
    const onDelete = { ...workload(), podsFollow: 'when deleted' as const };
    assert.match(decide(onDelete, readings(now), withoutKey).sentence, /OnDelete: Pods restart/);
  });
});

describe('a workload whose hash is current', () => {
  const source = configMap({ used: '1' });
  const template = hashAnnotationsFor(source);
  const behind = (blockers: readonly string[]) => ({
    ...workload(template),
    behind: { progress: '1 of 2 are of the current template', blockers },
  });

  it('is UpToDate, and says whether its template or its record has it', () => {
    const { hash: config } = template;
    const adopted = { template: '', config, sources: {} };
    const of = (it: Workload) => decide(it, readings(source), withoutKey).sentence;
    assert.match(of(workload(template)), /^the template carries/);
    assert.match(of({ ...workload(), adopted }), /^the record of its adoption carries/);
  });

  it('is UpToDate, and says how many of its Pods follow', () => {
    const { reason, sentence, blockers } = decide(behind([]), readings(source), withoutKey);
    assert.deepEqual([reason, blockers], ['UpToDate', undefined]);
    assert.match(sentence, /; its Pods: 1 of 2 are of the current template$/);
  });

  it('is UpToDate, and says why its Pods do not follow', () => {
    const { sentence, blockers } = decide(behind(['it is paused']), readings(source), withoutKey);
    assert.deepEqual(blockers, ['it is paused']);
    assert.match(sentence, /; it is paused$/);
  });
});

describe('sources that are too large for a pass', () => {
  it('leave the workload unchanged in every case', () => {
    const it = workload();
    const all = seen(it, readings(configMap({ used: '1' })), withoutKey);
    const { reason, sentence } = decideAbout(it, { ...all, tooLarge: 'they are too large' });
    assert.deepEqual([reason, sentence], ['TooLarge', 'they are too large']);
  });
});
