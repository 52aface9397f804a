import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LiveStatus } from '../../../jobs/ui/live-status.ts';
import type { Overview } from '../../../jobs/ui/overview.ts';
import { pageData } from '../../../jobs/ui/page-data.ts';
import type { Explanation } from '../../../lib/explanation/explanation.ts';
import type { WorkloadName } from '../../../lib/kubernetes/names.ts';

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const query = (parameters: Readonly<Record<string, string>>) => new URLSearchParams(parameters);

function data() {
  const asked: (WorkloadName | undefined)[] = [];
  const open: LiveStatus['open'] = (viewer) => {
    asked.push(viewer.about);
    viewer.state({ version: 1, readAt: '1', problem: null });
    viewer.touched();
    return () => undefined;
  };
  const { objects, streams } = pageData({
    live: { open },
    overview: () => ({ version: 1 }) as Overview,
    async explain(name) {
      asked.push(name);
      return { workload: name } as Explanation;
    },
    kinds: [],
  });
  return { objects, streams, asked };
}

suite('the data of the page', () => {
  test('has the overview, and the explanation of a workload', async () => {
    const { objects } = data();
    assert.deepEqual(await objects['/api/overview']?.(query({})), { version: 1 });
    assert.deepEqual(await objects['/api/workload']?.(query(web)), { workload: web });
  });

  test('has a stream for all workloads, and a stream for one workload', () => {
    const { streams, asked } = data();
    const sent: object[] = [];
    streams['/api/live']?.(query({}), (message) => sent.push(message));
    streams['/api/live']?.(query(web), () => undefined);
    assert.deepEqual(asked, [undefined, web]);
    assert.deepEqual(sent, [{ version: 1, readAt: '1', problem: null }, { touched: true }]);
  });

  test('rejects names that no workload can have', async () => {
    const { objects } = data();
    const explain = objects['/api/workload'];
    const wrong = [
      {},
      { ...web, name: '' },
      { ...web, name: '../secrets/password' },
      { ...web, namespace: 'a/b' },
      { ...web, kind: 'Secret' },
    ];
    for (const parameters of wrong) {
      await assert.rejects(async () => await explain?.(query(parameters)), { name: 'UsageError' });
    }
  });
});
