import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { renewed } from '../../../lib/status/renewed.ts';
import { workloadStatus } from '../../jobs/output/status-report.ts';

const api = workloadStatus('api', 'UpToDate');
const web = workloadStatus('web', 'UpToDate');
const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

suite('a list with new states of some workloads', () => {
  test('keeps the others, and the order by urgency', () => {
    const failed = workloadStatus('web', 'RolloutFailed');
    assert.deepEqual(renewed([api, web], [web], [failed]), [failed, api]);
    assert.deepEqual(renewed([failed, api], [web], [web]), [api, web]);
  });

  test('has new workloads, and none that were deleted or have not opted in any more', () => {
    const other = workloadStatus('other', 'UpToDate');
    assert.deepEqual(names(renewed([api, web], [web, other], [other])), ['api', 'other']);
    assert.deepEqual(renewed([web], [web], []), []);
  });

  test('tells workloads of the same name apart', () => {
    const elsewhere = { ...web, namespace: 'elsewhere' };
    assert.deepEqual(renewed([elsewhere, web], [elsewhere], []), [web]);
  });
});
