import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { annotationKeysOf, ignoreAnnotations } from '../../../lib/rules/annotations.ts';
import { withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { readSource, type SourceReading } from '../../../lib/rules/reading.ts';
import { sourceKey } from '../../../lib/rules/references.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';
import { decide } from './decided.ts';

const annotationKeys = annotationKeysOf('wave.pusher.com', ['reloader']);
const optIn = annotationKeys.updateOnConfigChange;

const auto = 'reloader.stakater.com/auto';
const search = 'reloader.stakater.com/search';
const [autoMaps, autoSecrets] = ['configmap', 'secret'].map((kind) => `${kind}.${auto}`) as [
  string,
  string,
];
const maps = 'configmap.reloader.stakater.com/reload';
const secrets = 'secret.reloader.stakater.com/reload';
const excludeMaps = 'configmaps.exclude.reloader.stakater.com/reload';
const excludeSecrets = 'secrets.exclude.reloader.stakater.com/reload';

const withClasses = annotationKeysOf(
  'wave.pusher.com',
  ['reloader'],
  ['ConfigMap', 'Secret', 'SecretProviderClass'],
);

type Annotations = Record<string, string>;

/** A workload whose Pods use ConfigMap `m1`, one key of ConfigMap `m2`, and Secret `s1`. */
function workload(
  annotations: Annotations,
  ofTemplate: Annotations = {},
  known = annotationKeys,
): Workload | undefined {
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'm2', key: 'used' } } }];
  const envFrom = [{ configMapRef: { name: 'm1' } }, { secretRef: { name: 's1' } }];
  return readWorkload(
    'Deployment',
    {
      metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '7', annotations },
      spec: {
        template: {
          metadata: { annotations: ofTemplate },
          spec: { containers: [{ name: 'main', env, envFrom }] },
        },
      },
    },
    { annotations: known, crossNamespaceReferences: [], adoption: 'stamp' as const },
  );
}

/** The references in short: `ConfigMap/a`, with `?` if it is optional, and with the keys if only some are used. */
function watched(annotations: Annotations, ofTemplate: Annotations = {}): string[] | undefined {
  const found = workload(annotations, ofTemplate);
  if (found === undefined) return undefined;
  assert.equal(found.configuration.kind, 'references', JSON.stringify(found.configuration));
  return found.configuration.references
    .map(({ kind, name, keys, required, ifMatched }) =>
      [
        `${kind}/${name}`,
        required ? '' : '?',
        keys === 'all' ? '' : `[${[...keys].join()}]`,
        ifMatched ? ' if matched' : '',
      ].join(''),
    )
    .sort();
}

function refusal(annotations: Annotations): string {
  const found = workload(annotations);
  assert.equal(found?.configuration.kind, 'refused');
  assert.equal(found.configuration.reason, 'InvalidAnnotation');
  return found.configuration.why;
}

const everything = ['ConfigMap/m1', 'ConfigMap/m2[used]', 'Secret/s1'];
const mapsOnly = ['ConfigMap/m1', 'ConfigMap/m2[used]'];

describe('annotations of Reloader', () => {
  it('have no effect without the setting', () => {
    const ours = annotationKeysOf('wave.pusher.com');
    for (const annotations of [{ [auto]: 'true' }, { [maps]: 'm1' }, { [maps]: '[' }]) {
      assert.equal(workload(annotations, annotations, ours), undefined);
    }
    const both = workload({ [optIn]: 'true', [auto]: 'false', [maps]: 'other' }, {}, ours);
    assert.equal(both?.configuration.kind, 'references');
    assert.equal(both.configuration.references.length, 3);
    assert.equal(both.configuration.note, undefined);
    assert.deepEqual(ignoreAnnotations(ours), ['wave.pusher.com/ignore']);
  });

  const cases: readonly [string, Annotations, string[] | undefined][] = [
    ['auto watches everything that is referenced', { [auto]: 'true' }, everything],
    ['auto of ConfigMaps leaves Secrets out', { [autoMaps]: 'true' }, mapsOnly],
    ['auto of Secrets leaves ConfigMaps out', { [autoSecrets]: 'true' }, ['Secret/s1']],
    [
      'both typed ones are together auto',
      { [autoMaps]: 'true', [autoSecrets]: 'true' },
      everything,
    ],
    [
      'only one of auto and a typed one needs to be true',
      { [auto]: 'false', [autoMaps]: 'true' },
      mapsOnly,
    ],
    ['auto is true as Go reads it', { [auto]: 'T' }, everything],
    ['auto "false" does not opt in', { [auto]: 'false' }, undefined],
    ['auto with another value does not opt in', { [auto]: 'yes' }, undefined],
    [
      'reload only watches the named sources, with all keys',
      { [maps]: ' m2 , other ' },
      ['ConfigMap/m2', 'ConfigMap/other?'],
    ],
    ['reload of both kinds', { [maps]: 'm1', [secrets]: 's9' }, ['ConfigMap/m1', 'Secret/s9?']],
    ['reload adds to auto', { [auto]: 'true', [secrets]: 's9' }, [...everything, 'Secret/s9?']],
    [
      'reload of one kind adds to auto of the other',
      { [autoMaps]: 'true', [secrets]: 's1' },
      everything,
    ],
    ['reload counts beside auto "false"', { [auto]: 'false', [maps]: 'm1' }, ['ConfigMap/m1']],
    ['an empty reload has no effect', { [maps]: ' , ' }, undefined],
    [
      'exclude leaves out of auto',
      { [auto]: 'true', [excludeMaps]: 'm1, m9' },
      ['ConfigMap/m2[used]', 'Secret/s1'],
    ],
    [
      'exclude leaves out of reload, too',
      { [secrets]: 's1,s2', [excludeSecrets]: 's1' },
      ['Secret/s2?'],
    ],
    ['exclude alone does not opt in', { [excludeMaps]: 'm1' }, undefined],
    [
      'search watches referenced sources whose annotations match',
      { [search]: 'true' },
      everything.map((it) => `${it} if matched`),
    ],
    ['search is exactly "true"', { [search]: 'True' }, undefined],
    ['auto goes before search', { [auto]: 'true', [search]: 'true' }, everything],
    [
      'search beside reload',
      { [search]: 'true', [maps]: 'm1' },
      ['ConfigMap/m1', 'ConfigMap/m2[used] if matched', 'Secret/s1 if matched'],
    ],
    [
      'ignore on a workload means nothing, as in Reloader',
      { [auto]: 'true', 'reloader.stakater.com/ignore': 'true' },
      everything,
    ],
    [
      'our own lists count as well',
      {
        [auto]: 'true',
        [annotationKeys.ignoreConfigMaps]: 'm1',
        [annotationKeys.extraSecrets]: 's9',
      },
      ['ConfigMap/m2[used]', 'Secret/s1', 'Secret/s9?'],
    ],
  ];
  for (const [what, annotations, expected] of cases) {
    it(`mean: ${what}`, () => {
      assert.deepEqual(watched(annotations), expected);
    });
  }

  it('count on the pod template if the workload has none for the kind', () => {
    assert.deepEqual(watched({}, { [auto]: 'true' }), everything);
    assert.deepEqual(watched({}, { [maps]: 'm1' }), ['ConfigMap/m1']);
    assert.deepEqual(watched({ [auto]: 'false' }, { [auto]: 'true' }), undefined);
    // The workload's list of ConfigMaps has no effect on Secrets.
    assert.deepEqual(watched({ [maps]: 'm1' }, { [auto]: 'true' }), ['ConfigMap/m1', 'Secret/s1']);
    // Reloader only reads exclusions from the workload.
    assert.deepEqual(watched({}, { [auto]: 'true', [excludeMaps]: 'm1' }), everything);
    assert.deepEqual(watched({ [excludeMaps]: 'm1' }, { [auto]: 'true' }), [
      'ConfigMap/m2[used]',
      'Secret/s1',
    ]);
  });

  it('are refused if a list has another regular expression or another namespace, which is not supported', () => {
    for (const value of ['app-[0-9]*', 'm1,[', 'other/m1', 'M1', '(a|b).*']) {
      const why = refusal({ [maps]: value });
      assert.match(why, /^annotation configmap\.reloader\.stakater\.com\/reload contains "/);
      assert.match(why, /of patterns, only \.\* and \.\+ between parts of a name are supported$/);
    }
  });

  it('are refused if a list has a pattern that the setting namePatterns does not allow', () => {
    assert.equal(
      refusal({ [maps]: 'app-.*' }),
      'annotation configmap.reloader.stakater.com/reload contains the pattern "app-.*", but the setting namePatterns does not include ConfigMap: list names, or change the setting',
    );
  });
});

describe('the documentation', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/migration.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+) \| `([^:`]+): "([^"]+)"` \|/gm)];

  it('lists exactly the annotations that count, with values that count', () => {
    const onSource = ['reloader.stakater.com/ignore'];
    const autoClasses = 'secretproviderclass.reloader.stakater.com/auto';
    const classes = 'secretproviderclass.reloader.stakater.com/reload';
    const excludeClasses = 'secretproviderclasses.exclude.reloader.stakater.com/reload';
    const lists = [maps, secrets, classes, search, excludeMaps, excludeSecrets, excludeClasses];
    const onWorkload = [auto, autoMaps, autoSecrets, autoClasses, ...lists];
    assert.deepEqual(
      rows.map(([, , name]) => name),
      [...onWorkload, ...onSource],
    );
    for (const [, where, name = '', value = ''] of rows) {
      if (where !== 'workload') assert.ok(ignoreAnnotations(annotationKeys).includes(name));
      else if (!name.includes('.exclude.')) {
        assert.ok(workload({ [name]: value }, {}, withClasses), name);
      }
    }
  });
});

describe('annotations of both families', () => {
  it('both count if both opt in, and the message says so', () => {
    const found = workload({ [optIn]: 'true', [maps]: 'other', [excludeSecrets]: 's1' });
    assert.ok(found?.configuration.kind === 'references');
    assert.deepEqual(found.configuration.references.map(({ name }) => name).sort(), [
      'm1',
      'm2',
      'other',
    ]);
    const readings = new Map(
      found.configuration.references.map((each): [string, SourceReading] => [
        sourceKey(each),
        readSource(each.kind, { data: { used: '1' } }, 'all'),
      ]),
    );
    assert.match(
      decide(found, readings, withoutKey).notes.join(),
      /wave-cron and of Reloader both opt it in/,
    );
  });

  it('are refused if they contradict each other, and both are named', () => {
    const no = refusal({ [optIn]: 'false', [autoSecrets]: 'true' });
    assert.equal(
      no,
      `annotation ${optIn} is "false", but ${autoSecrets} opts in: remove one of them`,
    );
    const yes = refusal({ [optIn]: 'true', [auto]: 'false' });
    assert.equal(yes, `annotation ${optIn} is "true", but ${auto} is "false": remove one of them`);
    assert.match(refusal({ [optIn]: 'false', [maps]: 'a.*' }), /opts in: remove one of them$/);
  });

  it("are refused if wave-cron's is invalid, with any annotation of Reloader", () => {
    const why = refusal({ [optIn]: 'yes', [auto]: 'true' });
    assert.ok(why.startsWith(`annotation ${optIn} is "yes": it must be "true" or "false"`));
    assert.ok(why.includes(auto));
    assert.ok(!refusal({ [optIn]: 'yes' }).includes('reloader'));
  });

  it('agree if both opt out', () => {
    assert.equal(workload({ [optIn]: 'false', [auto]: 'false' }), undefined);
  });
});

describe('a source that only counts if its annotation matches', () => {
  const searching = workload({ [search]: 'true' });
  assert.ok(searching?.configuration.kind === 'references');
  const { references } = searching.configuration;

  it('is missing if the Pods need it and it does not exist', () => {
    const readings = new Map(
      references.map((each): [string, SourceReading] => [sourceKey(each), { state: 'absent' }]),
    );
    assert.equal(decide(searching, readings, withoutKey).reason, 'MissingSource');
  });
});
