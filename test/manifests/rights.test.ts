/** What the shipped manifests allow is what the settings need: nothing less, and nothing more. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { neededRights, rightsWhereEnforced } from '../../lib/rights.ts';
import { defaultSettings, type Settings } from '../../lib/settings/schema.ts';
import type { KubernetesObject } from '../control-plane/api.ts';
import { hasKubectl, type Rule } from '../control-plane/testing.ts';
import { build, objectOf, overlay, shardsFile } from './kustomize.ts';

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
  const bindings = objects.filter((it): it is Binding => /^(Cluster)?RoleBinding$/.test(it.kind));
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

type Needs = Partial<Settings> & { enforced?: boolean };

/** What settings need whose Lease is in `namespace`. */
function needed(namespace: string, { enforced = false, ...own }: Needs = {}): string[] {
  const settings = { ...defaultSettings, ...own };
  const lease = { namespace, name: defaultSettings.lease.name };
  const rights = neededRights(settings, lease);
  return [...rights, ...(enforced ? rightsWhereEnforced(settings) : [])].map((right) =>
    inWords(right.verb, right.apiGroup, right.resource, right.resourceName, right.namespace),
  );
}

const skip = hasKubectl() ? false : 'there is no kubectl';

/** Components, what of the settings they stand for, and what that is called. */
const choices = [
  { components: [], needs: {}, what: 'the default settings need' },
  { components: ['no-ownership'], needs: { ownership: 'off' }, what: 'ownership: off needs' },
  { components: ['adoption'], needs: { adoption: 'if-changed' }, what: 'if-changed needs' },
  {
    components: ['ownership-enforced'],
    needs: { enforced: true },
    what: 'a cluster that enforces owner references asks for',
  },
  { components: ['sharded'], needs: { shard: { count: 32 } }, what: '32 shards need' },
] as const satisfies readonly { components: readonly string[]; needs: Needs; what: string }[];

suite('the rights that are shipped', { skip, concurrency: 4 }, () => {
  const rightsOf = async (form: string, names: readonly string[], namespace: string) => {
    const components = names.map((name) => `components/${name}`);
    const files = names.includes('sharded') ? shardsFile(32) : {};
    const resources = [form, ...Object.keys(files)];
    return granted(await build(overlay({ resources, components, namespace }, files))).sort();
  };
  for (const form of ['cronjob', 'deployment']) {
    for (const { components, needs, what } of choices) {
      const named = ['the form alone', ...components].at(-1);
      test(`with ${form} and ${named} are just those that ${what}`, async () => {
        const rights = await rightsOf(form, components, 'wave-cron');
        assert.deepEqual(rights, needed('wave-cron', needs).sort());
      });

      test(`with ${form}, ${named} and namespaced are just those that it needs in one namespace, in any order`, async () => {
        const wanted = needed('team-a', { ...needs, namespaces: ['team-a'] }).sort();
        const all = [...components, 'namespaced'];
        assert.deepEqual(await rightsOf(form, all, 'team-a'), wanted);
        assert.deepEqual(await rightsOf(form, all.toReversed(), 'team-a'), wanted);
      });
    }
  }
});
