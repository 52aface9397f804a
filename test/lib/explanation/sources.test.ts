import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotatedMentions } from '../../../lib/explanation/mentions.ts';
import { explainSources } from '../../../lib/explanation/sources.ts';
import { keyedDigest } from '../../../lib/rules/hash/digest.ts';
import { type HashKeys, withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { writtenRecord } from '../../../lib/rules/hash/source-record.ts';
import type { OptIn } from '../../../lib/rules/opt-in.ts';
import type { SourceReading } from '../../../lib/rules/reading.ts';
import { type Reference, sourceKey } from '../../../lib/rules/references.ts';
import type { SourcesSeen } from '../../../lib/rules/sources-seen.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import { seen } from '../rules/decided.ts';
import { someSource, templateWith, writtenAt } from '../rules/some-compared.ts';
import { names, someReference, someWorkload } from '../rules/some-workload.ts';

const on: OptIn = { kind: 'on', own: true, reloader: undefined };
const now = someSource({ level: 'info' });
const before = someSource({ level: 'debug' });
const [was, is] = [templateWith(before), templateWith(now)];
const bare = { hash: undefined, sources: undefined };
const absent: SourceReading = { state: 'absent' };
const unreadable: SourceReading = { state: 'unreadable', why: '403' };
const key: HashKeys = { current: keyedDigest(Buffer.from('0123456789abcdef')), earlier: [] };

type Given = {
  /** The current reading of `ConfigMap/settings`; default: `now`. */
  source?: SourceReading;
  reference?: Partial<Reference>;
  template?: Workload['template'];
  keys?: HashKeys;
  keysKnown?: boolean;
  annotations?: Readonly<Record<string, string>>;
  /** Whether `ConfigMap/settings` is part of the configuration. */
  counts?: boolean;
  seen?: Partial<SourcesSeen>;
};

/** The current hash of `ConfigMap/settings` under these keys, with its record. */
function templateUnder(keys: HashKeys) {
  const references = [someReference('ConfigMap/settings')];
  const workload = someWorkload({
    configuration: { kind: 'references', references, note: undefined },
  });
  const { hash, keyId, ...record } = seen(
    workload,
    new Map([['ConfigMap/shop/settings', now]]),
    keys,
  ).hashes.now;
  return { hash, keyId, sources: writtenRecord({ ...record, keyId }) };
}

/** Explains the sources of a workload whose container uses `ConfigMap/settings`. */
function explain({
  source = now,
  reference = {},
  template = bare,
  keys = withoutKey,
  keysKnown = true,
  annotations = {},
  counts = true,
  ...more
}: Given = {}) {
  const references = counts ? [someReference('ConfigMap/settings', reference)] : [];
  const configuration = { kind: 'references', references, note: undefined } as const;
  const workload = someWorkload({ template, configuration });
  const readings = new Map(references.map((each) => [sourceKey(each), source]));
  const container = { name: 'main', envFrom: [{ configMapRef: { name: 'settings' } }] };
  const explained = explainSources({
    ...{ workload, references, keysKnown, ignoreAnnotations: [names.ignore] },
    mentions: annotatedMentions({ containers: [container] }, 'shop', annotations, names, on),
    seen: { ...seen(workload, readings, keys), ...more.seen },
  });
  const settings = explained.references.find(({ name }) => name === 'settings');
  assert.ok(settings);
  return { ...explained, settings };
}

suite('a source of a workload', () => {
  const keys = new Set(['level', 'color']);
  const ignored = { ...now, ignored: true } as SourceReading;
  const cases: readonly (readonly [string, string, RegExp, Given])[] = [
    ['is present', 'present', /^$/, {}],
    [
      'is present without an optional key',
      'present',
      /no key "color", which is optional/,
      { reference: { keys } },
    ],
    [
      'is present, and is being deleted',
      'present',
      /^it is being deleted$/,
      { source: { ...now, deleting: true } as SourceReading },
    ],
    ['is absent, and the Pods cannot start', 'absent', /cannot start/, { source: absent }],
    [
      'is absent, and the Pods start',
      'absent',
      /^the Pods start without it$/,
      { source: absent, reference: { required: false } },
    ],
    [
      'is present without a required key',
      'keyAbsent',
      /no key "color"/,
      { reference: { keys, requiredKeys: keys } },
    ],
    ['is unreadable', 'unreadable', /^403$/, { source: unreadable }],
    ['asks to be ignored', 'ignored', /^its own annotation \S+\/ignore /, { source: ignored }],
    [
      'has no annotation that matches for Reloader',
      'ignored',
      /only sources with the annotation reloader/,
      { source: ignored, reference: { ifMatched: true } },
    ],
    [
      'is ignored by an annotation',
      'ignored',
      /^annotation \S+\/ignore-configmaps /,
      { counts: false, annotations: { [names.ignoreConfigMaps]: 'settings' } },
    ],
    [
      'is not included by the annotation that opts the workload in',
      'ignored',
      /opt the workload in exclude it/,
      { counts: false },
    ],
  ];
  for (const [what, state, sentence, given] of cases) {
    test(what, () => {
      const { settings } = explain(given);
      assert.equal(settings.state, state);
      assert.match(settings.sentence, sentence);
    });
  }

  test('in another namespace that is not allowed is denied', () => {
    const { references } = explain({ annotations: { [names.extraConfigMaps]: 'other/a' } });
    const denied = references.find(({ source }) => source === 'ConfigMap/other/a');
    assert.equal(denied?.state, 'denied');
    assert.match(denied?.sentence ?? '', /crossNamespaceReferences does not allow namespace other/);
  });

  test('with an impossible name is quoted', () => {
    const reference = { name: 'No Name' };
    const workload = someWorkload({
      configuration: { kind: 'references', references: [], note: undefined },
    });
    const references = [someReference('ConfigMap/settings', reference)];
    const readings = new Map(references.map((each) => [sourceKey(each), absent]));
    const spec = { volumes: [{ name: 'v', configMap: { name: 'No Name' } }] };
    const {
      references: [only],
    } = explainSources({
      ...{ workload, references, keysKnown: true, ignoreAnnotations: [] },
      mentions: annotatedMentions(spec, 'shop', {}, names, on),
      seen: { ...seen(workload, readings, withoutKey), readings },
    });
    assert.deepEqual([only?.source, only?.state], ['ConfigMap/"No Name"', 'absent']);
    assert.match(only?.sentence ?? '', /^it cannot exist/);
  });

  test('says which places name it, which keys are used, and when it was last written', () => {
    const annotations = { [names.extraConfigMaps]: 'settings' };
    const { settings } = explain({ annotations });
    assert.deepEqual(settings.places, [
      'containers[main].envFrom',
      `annotation ${names.extraConfigMaps}`,
    ]);
    assert.deepEqual(
      [settings.source, settings.keys, settings.required, settings.writtenAt],
      ['ConfigMap/settings', 'all', true, writtenAt],
    );
    const some = explain({ reference: { keys: new Set(['b', 'a']) } }).settings;
    assert.deepEqual(some.keys, ['a', 'b']);
  });
});

suite('the hash of a workload', () => {
  test('is not recorded if the workload is seen for the first time', () => {
    const { hash, settings } = explain();
    assert.deepEqual(hash, {
      ...{ recordedOn: null, recorded: null, template: null, now: is.hash, differences: [] },
    });
    assert.deepEqual([settings.recorded, settings.change], [null, null]);
    assert.match(settings.now ?? '', /^[0-9a-f]{12}$/);
  });

  test('equals the current one, and no source differs', () => {
    const { hash, settings } = explain({ template: is });
    assert.deepEqual([hash.recordedOn, hash.recorded, hash.now], ['template', is.hash, is.hash]);
    assert.deepEqual([hash.differences, settings.change], [[], null]);
    assert.equal(settings.recorded, settings.now);
  });

  test('differs, and the changed source is named', () => {
    const { hash, settings } = explain({ template: was });
    assert.deepEqual([hash.recorded, hash.now], [was.hash, is.hash]);
    assert.deepEqual(hash.differences, [{ source: 'ConfigMap/settings', how: 'changed' }]);
    assert.equal(settings.change, 'changed');
  });

  test('is unknown while a source is missing, which is reported', () => {
    const { hash, settings, missing } = explain({ template: was, source: absent });
    assert.deepEqual([hash.now, settings.now, missing.length], [null, '-', 1]);
    assert.equal(settings.change, 'no longer exists');
  });

  test('is unknown while a source could not be read, and nothing is said about that source', () => {
    const { hash, settings } = explain({ template: was, source: unreadable });
    assert.deepEqual([hash.now, hash.differences, settings.now], [null, [], null]);
  });

  test('is not shown under an unknown key', () => {
    const { hash, settings } = explain({ template: was, keys: key, keysKnown: false });
    assert.deepEqual([hash.now, settings.now], [null, null]);
    const known = explain({ template: was, keys: key });
    assert.notEqual(known.hash.now, is.hash);
    assert.match(known.settings.now ?? '', /^[0-9a-f]{12}$/);
  });

  test('and the digest of a source are only shown without the key if they are recorded', () => {
    const { hash, keyId } = templateUnder(key);
    const sources = JSON.stringify(templateUnder(key).sources);
    assert.ok(keyId !== undefined);
    const recorded = explain({ template: { hash, sources }, keys: key, keysKnown: false });
    assert.equal(recorded.settings.now, recorded.settings.recorded);
    assert.match(recorded.settings.now ?? '', /^[0-9a-f]{12}$/);
    const changed = explain({
      ...{ template: { hash, sources }, keys: key, keysKnown: false, source: before },
    });
    assert.equal(changed.settings.now, null);
    // The same digits under another key do not mean the same data.
    const other = JSON.stringify({ ...JSON.parse(sources), key: '00000000' });
    const foreign = explain({
      template: { hash: 'f'.repeat(64), sources: other },
      keys: key,
      keysKnown: false,
    });
    assert.equal(foreign.settings.now, null);
  });

  test('by upstream Wave counts as current, and a record of wave-cron next to it does not', () => {
    const { hash, settings } = explain({ template: was, seen: { carriesHashOfWave: true } });
    assert.deepEqual([hash.differences, settings.recorded], [[], null]);
  });
});
