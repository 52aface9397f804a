import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchedLists } from '../../../handler/triggers/watched-lists.ts';
import type { KindFinding } from '../../../lib/kubernetes/kind-resources.ts';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

const listsOf = (settings: Partial<Settings>, ...watch: Settings['triggers']['watch']) =>
  watchedLists({ ...defaultSettings, ...settings, triggers: { http: {}, watch } }).map(
    ({ path }) => path,
  );

test('only the chosen kinds are watched', () => {
  assert.deepEqual(listsOf({}), []);
  assert.deepEqual(listsOf({}, 'ConfigMap'), ['/api/v1/configmaps']);
  assert.deepEqual(listsOf({ kinds: ['DaemonSet'] }, 'Workload', 'Secret'), [
    '/api/v1/secrets',
    '/apis/apps/v1/daemonsets',
  ]);
});

test('listed namespaces are watched one by one, and those of a selector together', () => {
  assert.deepEqual(listsOf({ namespaces: ['a', 'b'] }, 'ConfigMap'), [
    '/api/v1/namespaces/a/configmaps',
    '/api/v1/namespaces/b/configmaps',
  ]);
  assert.deepEqual(listsOf({ namespaceSelector: 'a=b' }, 'ConfigMap'), ['/api/v1/configmaps']);
});

test('workloads are watched with the selector and without the ignored namespaces', () => {
  const [list] = watchedLists({
    ...defaultSettings,
    ...{ workloadSelector: 'a=b', ignoreNamespaces: ['x', 'y'] },
    triggers: { http: {}, watch: ['Workload'] },
  });
  assert.deepEqual(list?.query, {
    labelSelector: 'a=b',
    fieldSelector: 'metadata.namespace!=x,metadata.namespace!=y',
  });
});

test('kinds of other APIs are watched if the cluster serves them', () => {
  const kinds = ['Rollout.v1alpha1.argoproj.io', 'Bus.v1.example.com'] as const;
  const settings: Settings = {
    ...defaultSettings,
    ...{ kinds, triggers: { http: {}, watch: ['Workload'] } },
  };
  const paths = (found?: ReadonlyMap<WorkloadKind, KindFinding>) =>
    watchedLists(settings, found).map(({ path }) => path);
  assert.deepEqual(paths(), ['/apis/argoproj.io/v1alpha1/rollouts', '/apis/example.com/v1/buses']);
  const resource = { group: 'example.com', version: 'v1', plural: 'busse' };
  const found = new Map<WorkloadKind, KindFinding>([
    [kinds[0], { state: 'notServed', why: 'it is not there' }],
    [kinds[1], { state: 'served', resource }],
  ]);
  assert.deepEqual(paths(found), ['/apis/example.com/v1/busse']);
});
