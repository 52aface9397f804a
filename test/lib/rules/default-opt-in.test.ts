import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import {
  allOptedIn,
  type DefaultOptIn,
  onlyAnnotations,
  optInOfNamespace,
  optInWithin,
} from '../../../lib/rules/default-opt-in.ts';
import { readOptIn } from '../../../lib/rules/opt-in.ts';
import { readWorkload } from '../../../lib/rules/workload.ts';

const keys = annotationKeysOf('wave.pusher.com');
const withReloader = annotationKeysOf('wave.pusher.com', ['reloader']);
const name = keys.updateOnConfigChange;
const auto = 'reloader.stakater.com/auto';

const bySetting: DefaultOptIn = { kind: 'on', by: 'setting' };
const byNamespace: DefaultOptIn = { kind: 'on', by: 'namespace' };

type Annotations = Readonly<Record<string, string>>;

suite('without an annotation', () => {
  test('a workload is not opted in by default', () => {
    assert.deepEqual(onlyAnnotations('shop'), { kind: 'off' });
    assert.deepEqual(readOptIn({}, {}, keys), { kind: 'off' });
  });

  test('optIn: all includes every namespace except kube-system, unless it is named', () => {
    assert.deepEqual(allOptedIn([])('shop'), bySetting);
    assert.deepEqual(allOptedIn([])('kube-system'), { kind: 'off' });
    assert.deepEqual(allOptedIn(['kube-system'])('kube-system'), bySetting);
  });

  test('in kube-system, optIn: all only has an effect if the setting namespaces names it', () => {
    const all = { optIn: 'all', namespaces: [] } as const;
    assert.equal(optInWithin(all, 'shop'), 'all');
    assert.equal(optInWithin(all, 'kube-system'), 'annotation');
    assert.equal(optInWithin({ ...all, namespaces: ['kube-system'] }, 'kube-system'), 'all');
    assert.equal(optInWithin({ optIn: 'namespace', namespaces: [] }, 'shop'), 'namespace');
  });

  test('the annotation of the namespace counts if it is exactly "true"', () => {
    const of = (annotations: Annotations | null) =>
      optInOfNamespace({ name: 'shop', annotations }, keys);
    assert.deepEqual(of({ [name]: 'true' }), byNamespace);
    for (const off of [null, {}, { [name]: 'false' }]) assert.deepEqual(of(off), { kind: 'off' });
    assert.deepEqual(of({ [name]: 'yes' }), {
      kind: 'refused',
      why: `annotation ${name} of namespace shop is "yes": it must be "true" or "false"`,
    });
  });
});

suite('the annotation of a workload takes precedence', () => {
  test('if it opts out, opts in, or is refused', () => {
    assert.deepEqual(readOptIn({ [name]: 'false' }, {}, keys, bySetting), { kind: 'off' });
    const own = { kind: 'on', own: true, reloader: undefined };
    const refused = { kind: 'refused', why: 'why' } as const;
    assert.deepEqual(readOptIn({ [name]: 'true' }, {}, keys, refused), own);
    assert.deepEqual(readOptIn({}, {}, keys, refused), refused);
    assert.deepEqual(readOptIn({}, {}, keys, byNamespace), { ...own, by: 'namespace' });
    assert.equal(readOptIn({ [name]: '' }, {}, keys, bySetting).kind, 'refused');
  });

  test("with Reloader's annotations, like with its flag --auto-reload-all", () => {
    const scopes = (own: Annotations, ofTemplate: Annotations = {}) => {
      const it = readOptIn(own, ofTemplate, withReloader, bySetting);
      if (it.kind !== 'on') return it.kind;
      const { ConfigMap, Secret } = it.reloader ?? {};
      return [ConfigMap?.referenced, Secret?.referenced].join(' ');
    };
    assert.equal(scopes({}), 'all all');
    assert.equal(scopes({ [auto]: '' }), 'all all');
    assert.equal(scopes({ [auto]: 'false' }), 'off');
    assert.equal(scopes({}, { [auto]: 'false' }), 'off');
    assert.equal(scopes({ [`configmap.${auto}`]: 'false' }), 'none all');
    assert.equal(scopes({ [`configmap.${auto}`]: 'false', [`secret.${auto}`]: 'no' }), 'off');
    assert.equal(scopes({ [`configmap.${auto}`]: 'true' }), 'all all');
    assert.equal(scopes({ 'configmap.reloader.stakater.com/reload': 'a' }), 'all all');
    assert.equal(scopes({ [name]: 'false' }), 'off');
    assert.deepEqual(readOptIn({ [auto]: 'false' }, {}, withReloader, bySetting), {
      kind: 'off',
      why: `annotation ${auto} is "false"`,
    });
    const it = readOptIn({ [auto]: 'true' }, {}, withReloader, bySetting);
    assert.equal(it.kind === 'on' && it.by, undefined);
    const inherited = readOptIn({}, {}, withReloader, byNamespace);
    assert.equal(inherited.kind === 'on' && inherited.by, 'namespace');
  });
});

test('a workload that its namespace opted in is opted out when the namespace no longer does', () => {
  const read = (optIn: DefaultOptIn, annotations: Annotations) =>
    readWorkload(
      'Deployment',
      { metadata: { namespace: 'shop', name: 'web', annotations } },
      {
        ...{ annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' },
        defaultOptIn: (namespace) => (namespace === 'shop' ? optIn : { kind: 'off' }),
      },
    )?.configuration;
  assert.equal(read(byNamespace, {})?.kind, 'references');
  assert.equal(read({ kind: 'off' }, {}), undefined);
  const record = { [keys.adopted]: '{}' };
  assert.deepEqual(read({ kind: 'off' }, record), {
    ...{ kind: 'refused', reason: 'OptedOut', why: 'it is no longer opted in' },
  });
});
