import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Filter, filterOf, matching, queryOf } from '../../../../jobs/ui/page/filter.ts';
import { urgencies } from '../../../../lib/status/urgency.ts';
import { workloadStatus } from '../../output/status-report.ts';

const everything: Filter = { text: '', namespace: '', urgency: undefined };
const workloads = [
  workloadStatus('web', 'MissingSource', { sentence: 'ConfigMap/nowhere does not exist' }),
  workloadStatus('api', 'OutsideWindow', { changed: ['Secret/password'] }),
  workloadStatus('web-db', 'UpToDate', { namespace: 'data' }),
];
const found = (some: Partial<Filter>) =>
  matching(workloads, { ...everything, ...some }).map(({ name }) => name);

suite('the filter', () => {
  test('shows all workloads in their order if nothing is chosen', () => {
    assert.deepEqual(found({}), ['web', 'api', 'web-db']);
  });

  test('finds each word of a text anywhere, in upper or lower case', () => {
    assert.deepEqual(found({ text: 'WEB' }), ['web', 'web-db']);
    assert.deepEqual(found({ text: ' web  data ' }), ['web-db']);
    assert.deepEqual(found({ text: 'deployment/api' }), ['api']);
    assert.deepEqual(found({ text: 'outsidewindow' }), ['api']);
    assert.deepEqual(found({ text: 'nowhere' }), ['web']);
    assert.deepEqual(found({ text: 'secret/password' }), ['api']);
    assert.deepEqual(found({ text: 'web nothing' }), []);
  });

  test('shows one namespace and one group of states', () => {
    assert.deepEqual(found({ namespace: 'data' }), ['web-db']);
    assert.deepEqual(found({ urgency: 'held' }), ['api']);
    assert.deepEqual(found({ urgency: 'held', namespace: 'data' }), []);
  });

  test('stays in the address', () => {
    const filters: Filter[] = [
      everything,
      { text: 'a b&c', namespace: 'shop', urgency: 'person' },
      { ...everything, urgency: 'done' },
    ];
    for (const filter of filters) {
      assert.deepEqual(filterOf(new URLSearchParams(queryOf(filter)), urgencies), filter);
    }
    assert.equal(queryOf(everything), '');
    assert.deepEqual(filterOf(new URLSearchParams('show=other'), urgencies), everything);
  });
});
