import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReferenceIndex } from '../../../handler/triggers/reference-index.ts';
import { parseStars } from '../../../lib/rules/name-pattern.ts';
import { names, referencing, someWorkload } from '../../lib/rules/some-workload.ts';

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const api = { ...web, name: 'api' };

function note(index: ReferenceIndex, name: typeof web | typeof api, ...sources: string[]): void {
  const workload = someWorkload({ ...name, configuration: referencing(...sources) });
  index.note(name, { generation: 3 }, workload);
}

test('a source leads to the workloads that reference it now', () => {
  const index = new ReferenceIndex(names);
  note(index, web, 'ConfigMap/a', 'Secret/b');
  note(index, api, 'ConfigMap/a');
  assert.deepEqual(
    index.workloadsOf('ConfigMap/shop/a').map(({ name }) => name),
    ['web', 'api'],
  );
  note(index, web, 'Secret/b');
  assert.deepEqual(
    index.workloadsOf('ConfigMap/shop/a').map(({ name }) => name),
    ['api'],
  );
  index.note(api, {}, undefined);
  assert.equal(index.isReferenced('ConfigMap/shop/a'), false);
  assert.deepEqual([index.workloads, index.sources], [1, 1]);
});

test('a source that a pattern matches leads to its workload, even if it did not exist before', () => {
  const index = new ReferenceIndex(names);
  const pattern = parseStars('app-*');
  assert.ok(pattern);
  const patterns = [{ kind: 'ConfigMap', pattern, annotation: names.extraConfigMaps }] as const;
  const configuration = { kind: 'references', references: [], note: undefined, patterns } as const;
  index.note(web, { generation: 1 }, someWorkload({ ...web, configuration }));
  note(index, api, 'ConfigMap/app-1');
  assert.deepEqual(
    index.workloadsOf('ConfigMap/shop/app-1').map(({ name }) => name),
    ['api', 'web'],
  );
  assert.equal(index.isReferenced('ConfigMap/shop/app-new'), true);
  for (const other of ['ConfigMap/shop/b', 'Secret/shop/app-1', 'ConfigMap/else/app-1']) {
    assert.equal(index.isReferenced(other), false, other);
  }
  note(index, web, 'ConfigMap/a');
  assert.equal(index.isReferenced('ConfigMap/shop/app-new'), false);
});

test('a full pass that listed everything forgets workloads that it did not read', () => {
  const index = new ReferenceIndex(names);
  note(index, web, 'ConfigMap/a');
  note(index, api, 'ConfigMap/a');
  index.begin();
  note(index, web, 'ConfigMap/a');
  index.end(false);
  assert.equal(index.workloads, 2);
  index.begin();
  note(index, web, 'ConfigMap/a');
  index.end(true);
  assert.deepEqual(
    [...index.all].map(({ name }) => name),
    ['web'],
  );
});

test('a write changes the generation, and a new template means a rollout', () => {
  const index = new ReferenceIndex(names);
  note(index, web, 'ConfigMap/a');
  index.noteWritten(web, { generation: 4 }, false);
  assert.equal(index.get(web)?.generation, 4);
  assert.equal(index.get(web)?.isUnderWay, false);
  index.noteWritten(web, { generation: 5 }, true);
  assert.equal(index.get(web)?.generation, 5);
  assert.equal(index.get(web)?.isUnderWay, true);
  index.noteWritten(api, { generation: 4 }, true);
  assert.equal(index.get(api), undefined);
});
