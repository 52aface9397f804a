import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBePartial, partialScope } from '../../../handler/triggers/partial-scope.ts';
import { ReferenceIndex } from '../../../handler/triggers/reference-index.ts';
import type { NamedScope } from '../../../lib/schedule/early-passes.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { names, referencing, someWorkload } from '../../lib/rules/some-workload.ts';

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;

function scope(parts: {
  sources?: string[];
  namespaces?: string[];
  workloads?: string[];
}): NamedScope {
  const { sources = [], namespaces = [], workloads = [] } = parts;
  return {
    sources: new Set(sources),
    namespaces: new Set(namespaces),
    workloads: new Set(workloads),
  };
}

function indexed(order?: string): ReferenceIndex {
  const index = new ReferenceIndex(names);
  const configuration = referencing('ConfigMap/a');
  index.note(web, { generation: 1 }, someWorkload({ ...web, configuration }));
  const other = { ...web, name: 'other' };
  const rollouts = order === undefined ? {} : { order };
  index.note(other, { generation: 1 }, someWorkload({ ...other, rollouts }));
  index.noteWritten(other, { generation: 2 }, true);
  return index;
}

const parse = () => web;

test('known sources and workloads make a partial pass, each workload once', () => {
  const both = scope({ sources: ['ConfigMap/shop/a'], workloads: ['Deployment/shop/web'] });
  const partial = partialScope(both, indexed(), parse);
  assert.deepEqual(partial?.workloads, [web]);
  assert.deepEqual(
    partial?.underWay('shop').map(({ name }) => name),
    ['other'],
  );
  assert.deepEqual(partial?.underWay('else'), []);
});

test('anything else needs a full pass', () => {
  const source = scope({ sources: ['ConfigMap/shop/a'] });
  assert.equal(partialScope('all', indexed(), parse), undefined);
  assert.equal(partialScope(scope({ namespaces: ['shop'] }), indexed(), parse), undefined);
  assert.equal(partialScope(scope({ sources: ['Secret/shop/b'] }), indexed(), parse), undefined);
  assert.equal(partialScope(source, indexed('5'), parse), undefined);
});

test('selectors and limits on concurrent rollouts need full passes', () => {
  const { rollouts } = defaultSettings;
  assert.equal(mayBePartial(defaultSettings), true);
  assert.equal(mayBePartial({ ...defaultSettings, namespaceSelector: 'a=b' }), false);
  assert.equal(mayBePartial({ ...defaultSettings, workloadSelector: 'a=b' }), false);
  for (const limit of ['maxConcurrent', 'maxConcurrentPerNamespace']) {
    assert.equal(
      mayBePartial({ ...defaultSettings, rollouts: { ...rollouts, [limit]: 3 } }),
      false,
    );
  }
});
