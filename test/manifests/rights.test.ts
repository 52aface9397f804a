/** What the shipped manifests allow is what the settings need: nothing less, and nothing more. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { neededRights } from '../../lib/rights.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import type { KubernetesObject } from '../control-plane/api.ts';
import { hasKubectl, type Rule } from '../control-plane/testing.ts';
import { build, manifests, objectOf, overlay } from './kustomize.ts';

type Role = KubernetesObject & { rules: Rule[] };
type Binding = KubernetesObject & {
  roleRef: { kind: string; name: string };
  subjects: { kind: string; name: string; namespace?: string }[];
};

/** `get core/secrets everywhere`, `patch coordination.k8s.io/leases wave-cron in ops` */
const inWords = (
  verb: string,
  group: string,
  resource: string,
  name: string | undefined,
  namespace: string | undefined,
): string =>
  [verb, `${group || 'core'}/${resource}`, name, namespace ? `in ${namespace}` : 'everywhere']
    .filter((part) => part !== undefined)
    .join(' ');

/** What the only ServiceAccount of these objects is allowed by roles that are bound to it. */
function granted(objects: readonly KubernetesObject[]): string[] {
  const account = objectOf(objects, 'ServiceAccount').metadata;
  const bindings = objects.filter((it): it is Binding => it.kind.endsWith('Binding'));
  return bindings.flatMap(({ kind, metadata, roleRef, subjects }) => {
    assert.deepEqual(subjects, [
      { kind: 'ServiceAccount', name: account.name, namespace: account.namespace },
    ]);
    const role = objectOf<Role>(objects, roleRef.kind, roleRef.name);
    const namespace = kind === 'ClusterRoleBinding' ? undefined : metadata.namespace;
    if (role.kind === 'Role') assert.equal(role.metadata.namespace, namespace);
    return role.rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) =>
            verbs.map((verb) => inWords(verb, group, resource, name, namespace)),
          ),
        ),
      ),
    );
  });
}

/** What settings need whose Lease is in `namespace`. */
function needed(namespace: string, namespaces: readonly string[]): string[] {
  const lease = { namespace, name: defaultSettings.lease.name };
  return neededRights({ ...defaultSettings, namespaces }, lease).map((right) =>
    inWords(right.verb, right.apiGroup, right.resource, right.resourceName, right.namespace),
  );
}

const skip = hasKubectl() ? false : 'there is no kubectl';

suite('the rights that are shipped', { skip }, () => {
  for (const form of ['cronjob', 'deployment']) {
    test(`with ${form} are just those that the default settings need`, async () => {
      const objects = await build(join(manifests, form));
      assert.deepEqual(granted(objects).sort(), needed('wave-cron', []).sort());
    });

    test(`with ${form} and the component namespaced are just those that one namespace needs`, async () => {
      const components = ['components/namespaced'];
      const objects = await build(overlay({ resources: [form], components, namespace: 'team-a' }));
      assert.deepEqual(granted(objects).sort(), needed('team-a', ['team-a']).sort());
    });
  }
});
