import { type Fields, path } from '../../../tools/control-plane/api.ts';
import { randomName, testCluster } from '../../../tools/control-plane/testing.ts';
import { make } from '../../handler/ownership/stage.ts';
import type { WorkloadKind } from '../../handler/run-pass.ts';
import { assertRefused, type RestrictedAccount } from './account.ts';

const { api } = testCluster();

export const onTemplate = (annotations: Fields): Fields => ({
  spec: { template: { metadata: { annotations } } },
});
export const onWorkload = (annotations: Fields, finalizers?: string[]): Fields => ({
  metadata: { annotations, ...(finalizers === undefined ? {} : { finalizers }) },
});

type Object = Parameters<(typeof make)['Deployment']>[0];

/** Creates a workload with the given annotations, finalizers and Pod. `write` sends a merge patch as the account. */
export async function workload(
  { api: account, namespace }: RestrictedAccount,
  kind: WorkloadKind,
  { finalizers = [], ...more }: Partial<Object> & { finalizers?: string[] } = {},
) {
  const name = randomName('web');
  const object = make[kind]({ namespace, name, ...more });
  await api.create({ ...object, metadata: { ...object.metadata, finalizers } });
  const here = path(kind, namespace, name);
  return {
    write: (change: Fields) => account.patch(here, change, 'merge'),
    refuses: (rule: string, change: Fields) =>
      assertRefused(rule, () => account.patch(here, change, 'merge')),
    admin: (change: Fields) => api.patch(here, change, 'merge'),
    get: () => api.get(here),
  };
}
