/**
 * The admission policy for Events: the account may write only wave-cron's Events about workloads, in their own
 * form.
 */
import { suite, test } from 'node:test';
import { type Api, type Fields, path } from '../../../tools/control-plane/api.ts';
import { hasKubectl, randomName, testCluster } from '../../../tools/control-plane/testing.ts';
import type { EventObject } from '../../handler/run-pass.ts';
import { accountOfSuite, assertRefused } from './account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

suite('the admission policy for Events', { skip, concurrency: 4 }, () => {
  const own = accountOfSuite();
  const refuses = (attempt: (api: Api) => Promise<unknown>): Promise<void> =>
    assertRefused('events', () => attempt(own.account.api));

  test('lets the account create and continue Events of wave-cron about workloads, and no others', async () => {
    const { account } = own;
    const { namespace } = account;
    const event = eventOf(namespace);
    const here = path('Event', namespace, event.metadata.name);
    await account.api.create(event);
    const series = { series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' } };
    await account.api.patch(here, {}, 'merge');
    await account.api.patch(here, series, 'merge');
    // The older of the two API groups with Events allows updates of an Event.
    const older = here.replace('/apis/events.k8s.io/v1', '/api/v1');
    for (const change of [{ reason: 'Other' }, { message: 'other' }, { type: 'Warning' }])
      await refuses((by) => by.patch(older, change, 'merge'));
    const labels = { metadata: { labels: { a: 'b' } } };
    await refuses((by) => by.patch(here, labels, 'merge'));
    await refuses((by) => by.delete(here));
    for (const count of [-1, 2_000_000_000]) {
      const change = { series: { ...series.series, count } };
      await refuses((by) => by.patch(older, change, 'merge'));
    }

    const foreign = { ...eventOf(namespace), reportingController: 'kubelet' };
    const { regarding } = event;
    const about = {
      ...eventOf(namespace),
      regarding: { ...regarding, apiVersion: 'v1', kind: 'Node' },
    };
    for (const event of [foreign, about]) {
      await refuses((by) => by.create(event));
      await api.create(event);
      await refuses((by) =>
        by.patch(path('Event', namespace, event.metadata.name), series, 'merge'),
      );
    }
  });

  test('denies Events that block the deletion of a namespace, are large, or are about another namespace', async () => {
    const { namespace } = own.account;
    const event = eventOf(namespace);
    const { metadata, regarding } = event;
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: 'u' };
    const wrong: Fields[] = [
      { metadata: { ...metadata, finalizers: ['example.com/hold'] } },
      { metadata: { ...metadata, labels: { a: 'b' } } },
      { metadata: { ...metadata, annotations: { a: 'x'.repeat(100_000) } } },
      { metadata: { ...metadata, ownerReferences: [owner] } },
      { metadata: { namespace, generateName: 'many-' } },
      { regarding: { ...regarding, namespace: 'kube-system' } },
      { regarding: { ...regarding, fieldPath: 'x'.repeat(1000) } },
      { regarding: { ...regarding, name: 'x'.repeat(300) } },
      { related: { kind: 'Pod', namespace, name: 'other' } },
      { note: 'a\u001b[2Jnote' },
      { note: 'two\nlines' },
      { note: 'next\u0085line' },
      { reason: 'not a word' },
      { action: 'x'.repeat(100) },
      { reportingInstance: 'a b' },
    ];
    for (const change of wrong) {
      await refuses((by) => by.create({ ...event, ...change }));
    }

    // The same Event in the core API, which does not limit the size of any field.
    const older = path('Event', namespace).replace('/apis/events.k8s.io/v1', '/api/v1');
    const {
      eventTime: _,
      note: message,
      regarding: involvedObject,
      reportingController,
      ...fields
    } = event;
    const core = {
      ...{ ...fields, apiVersion: 'v1', message, involvedObject },
      ...{ reportingComponent: reportingController },
    };
    for (const change of [
      { message: 'x'.repeat(2000) },
      { source: { component: 'x'.repeat(2000) } },
      { count: 7 },
      { type: 'Other' },
    ]) {
      await refuses((by) => by.post(older, { ...core, ...change }));
    }
  });
});

function eventOf(namespace: string): EventObject {
  return {
    ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event' },
    metadata: { namespace, name: randomName('event') },
    ...{ eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal', reason: 'FirstSeen' },
    ...{
      action: 'WriteHash',
      note: 'a note',
      reportingController: 'wave-cron',
      reportingInstance: 'x',
    },
    regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web', uid: 'u' },
  } as EventObject;
}
