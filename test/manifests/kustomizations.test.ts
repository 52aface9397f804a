import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { loadSettings } from '../../lib/settings/load.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { hasKubectl, type Rule, testNamespace } from '../../tools/control-plane/testing.ts';
import type { Container, PodSpec } from '../../tools/node-agent/pod.ts';
import { build, manifests, objectOf, overlay, runKubectl, shardsFile } from './kustomize.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const forms = ['cronjob', 'deployment'] as const;
const restricted = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

const files = globSync('**/kustomization.yaml', { cwd: manifests }).sort();
const kindOf = (file: string): string => parse(readFileSync(join(manifests, file), 'utf8')).kind;
const kustomizations = files.filter((file) => kindOf(file) === 'Kustomization').map(dirname);

type Role = KubernetesObject & { rules: Rule[] };
const rolesOf = (objects: readonly KubernetesObject[]): Role[] =>
  objects.filter((it): it is Role => it.kind === 'Role' || it.kind === 'ClusterRole');

type Form = (typeof forms)[number];
type Template = { spec: PodSpec };
type Deployment = KubernetesObject & { spec: { template: Template } };
type CronJob = KubernetesObject & {
  spec: { jobTemplate: { spec: { activeDeadlineSeconds: number; template: Template } } };
};

async function jobOf(): Promise<CronJob['spec']['jobTemplate']['spec']> {
  const { spec } = objectOf<CronJob>(await build(join(manifests, 'cronjob')), 'CronJob');
  return spec.jobTemplate.spec;
}

async function podOf(form: Form): Promise<PodSpec> {
  if (form === 'cronjob') return (await jobOf()).template.spec;
  const { spec } = objectOf<Deployment>(await build(join(manifests, form)), 'Deployment');
  return spec.template.spec;
}

async function containerOf(form: Form): Promise<Container> {
  const [container, ...others] = (await podOf(form)).containers;
  assert.ok(container);
  assert.deepEqual(others, []);
  return container;
}

suite('the shipped manifests', { skip, concurrency: 4 }, () => {
  test('are found by these tests', () => {
    for (const form of forms) assert.ok(kustomizations.includes(form));
  });

  for (const folder of kustomizations) {
    test(`${folder} builds, and is accepted without a warning in a namespace with Pod Security "restricted"`, async (t) => {
      await build(join(manifests, folder));
      const namespace = await testNamespace(t, restricted);
      const { stdout, stderr } = await dryRun(overlay({ resources: [folder], namespace }));
      assert.match(stdout, /serverside-applied \(server dry run\)/);
      assert.equal(stderr, '');
    });
  }

  test('without their security context cause a warning, so the tests above can fail', async (t) => {
    const namespace = await testNamespace(t, restricted);
    const path = '/spec/template/spec/securityContext';
    const patch = JSON.stringify([{ op: 'remove', path }]);
    const patches = [{ target: { kind: 'Deployment' }, patch }];
    const { stderr } = await dryRun(overlay({ resources: ['deployment'], namespace, patches }));
    assert.match(stderr, /Warning: would violate PodSecurity "restricted/);
  });

  test('run the same Pod in both forms, except for arguments, ports and probes', async () => {
    const [once, schedule] = await Promise.all(forms.map(podOf));
    const common = (pod: PodSpec | undefined) => {
      const { containers = [], restartPolicy, ...spec } = pod ?? {};
      const shared = containers.map((container) => {
        const { args, ports, livenessProbe, readinessProbe, ...rest } = { ...container };
        return rest;
      });
      return { ...spec, containers: shared };
    };
    assert.deepEqual(common(schedule), common(once));
  });

  test('do not let a Service of the namespace add environment variables next to the settings', async () => {
    for (const form of forms) assert.equal((await podOf(form))['enableServiceLinks'], false);
  });

  for (const form of forms) {
    test(`${form} has the image of this version, and an overlay can change it`, async () => {
      const { version } = JSON.parse(readFileSync(join(manifests, '../package.json'), 'utf8'));
      assert.equal((await containerOf(form)).image, `wave-cron:${version}`);
      const images = [{ name: 'wave-cron', newName: 'registry.example.com/mine', newTag: '7' }];
      const changed = JSON.stringify(await build(overlay({ resources: [form], images })));
      assert.match(changed, /"image":"registry.example.com\/mine:7"/);
    });

    test(`${form} gives a second installation its own names and namespace in all objects`, async () => {
      const two = { namespace: 'second', nameSuffix: '-two' };
      const objects = await build(overlay({ resources: [form], ...two }));
      const text = JSON.stringify(objects);
      const outside = objects.filter(
        ({ metadata: { namespace = 'second' } }) => namespace !== 'second',
      );
      assert.deepEqual(outside, []);
      const wide = objects.filter(({ kind }) => kind.startsWith('Cluster'));
      assert.deepEqual(new Set(wide.map(({ metadata }) => metadata.name)), wideNames('-two'));
      const subjects = objects.flatMap((it) => (it['subjects'] ?? []) as object[]);
      const subject = { kind: 'ServiceAccount', name: 'wave-cron-two', namespace: 'second' };
      assert.deepEqual(subjects, Array(4).fill(subject));
      assert.deepEqual(boundPolicies(objects), expectedPolicies('second', 'wave-cron-two', '-two'));
      // The name of the Lease is a setting. It does not change with the names of the objects.
      assert.match(text, /"resourceNames":\["wave-cron"\]/);
      assert.match(text, /"serviceAccountName":"wave-cron-two"/);
    });

    test(`${form} uses the settings of an overlay, in a ConfigMap with another name`, async () => {
      const generator = {
        name: 'wave-cron-settings',
        behavior: 'replace',
        files: ['settings.yaml'],
      };
      const own = { resources: [form], configMapGenerator: [generator] };
      const folder = overlay(own, { 'settings.yaml': 'logLevel: debug\n' });
      const nameIn = async (folder: string) => {
        const objects = await build(folder);
        const { name } = objectOf(objects, 'ConfigMap').metadata;
        assert.ok(JSON.stringify(objects).includes(`"configMap":{"name":"${name}"}`));
        return name;
      };
      assert.notEqual(await nameIn(folder), await nameIn(join(manifests, form)));
    });

    test(`${form} with the component namespaced has no permission outside its namespace`, async () => {
      const components = ['components/namespaced'];
      const own = { resources: [form], components, namespace: 'team-a' };
      const objects = await build(overlay(own));
      const kinds = objects.map(({ kind }) => kind);
      assert.ok(!kinds.some((kind) => /^Cluster|^Validating/.test(kind)), kinds.join(', '));
      // The Namespace must not be part of it: otherwise, an uninstallation would delete it.
      assert.ok(!kinds.includes('Namespace'), kinds.join(', '));
      assert.ok(objects.every(({ metadata }) => metadata.namespace === 'team-a'));
      const wide = rolesOf(await build(join(manifests, form))).filter(isIndependentOfPolicies);
      assert.deepEqual(
        rolesOf(objects)
          .map(({ rules }) => rules)
          .sort(bySize),
        wide.map(({ rules }) => rules).sort(bySize),
      );
    });
  }

  for (const others of [
    [],
    ['namespaced'],
    ['ownership', 'namespaced'],
    ['adoption', 'ownership', 'ownership-enforced'],
  ]) {
    const beside = others.length === 0 ? 'alone' : `beside ${others.join(' and ')}`;
    test(`sharded, ${beside}, gives the CronJob the number of shards that the overlay has in one place`, async (t) => {
      const namespace = await testNamespace(t, restricted);
      const files = shardsFile(5);
      const resources = ['cronjob', ...Object.keys(files)];
      const folderOf = (names: readonly string[]) => {
        const components = names.map((name) => `components/${name}`);
        return overlay({ resources, components, namespace }, files);
      };
      const folder = folderOf([...others, 'sharded']);
      const objects = await build(folder);
      const { spec } = objectOf<CronJob>(objects, 'CronJob').spec.jobTemplate;
      const { template, activeDeadlineSeconds: _, ...job } = spec;
      assert.deepEqual(job, {
        ...{ completionMode: 'Indexed', completions: 5, parallelism: 5 },
        backoffLimitPerIndex: 0,
      });
      const [container] = template.spec.containers;
      const count = container?.env?.filter(({ name }) => name === 'WAVE_SHARD_COUNT');
      assert.deepEqual(count, [{ name: 'WAVE_SHARD_COUNT', value: '5' }]);
      assert.ok(!objects.some(({ metadata }) => metadata.name === 'wave-cron-shards'));
      const inOtherOrder = await build(folderOf(['sharded', ...others]));
      const ordered = (all: object[]) => all.map(sorted).sort();
      assert.deepEqual(ordered(inOtherOrder), ordered(objects));

      const { stdout, stderr } = await dryRun(folder);
      assert.match(stdout, /serverside-applied \(server dry run\)/);
      assert.equal(stderr, '');
    });
  }

  for (const form of [...forms, 'admission-policies']) {
    test(`${form} has the admission policies, bound to its own account, in any namespace and with any name`, async () => {
      const shipped = await build(join(manifests, form));
      assert.deepEqual(boundPolicies(shipped), expectedPolicies('wave-cron', 'wave-cron', ''));
      const own = { resources: [form], namespace: 'team-a', namePrefix: 'x-', nameSuffix: '-y' };
      const moved = boundPolicies(await build(overlay(own)));
      assert.deepEqual(moved, expectedPolicies('team-a', 'x-wave-cron-y', '-y', 'x-'));
    });
  }

  for (const form of forms) {
    test(`${form} has no admission policies with no-admission-policies, and has them if they are added after namespaced`, async () => {
      const withComponents = async (...names: string[]) => {
        const components = names.map((name) => `components/${name}`);
        return boundPolicies(
          await build(overlay({ resources: [form], components, namespace: 'team-a' })),
        );
      };
      assert.deepEqual(await withComponents('no-admission-policies'), []);
      assert.deepEqual(await withComponents('namespaced'), []);
      const both = await withComponents('namespaced', 'admission-policies');
      assert.deepEqual(both, expectedPolicies('team-a', 'wave-cron', ''));
    });
  }

  test('give a Job enough time for a pass with the shipped settings', async () => {
    const { activeDeadlineSeconds, template } = await jobOf();
    const { terminationGracePeriodSeconds = 0 } = template.spec;
    const { passTimeoutSeconds, lease } = shippedSettings();
    const needed = passTimeoutSeconds + 2 * lease.durationSeconds + terminationGracePeriodSeconds;
    assert.ok(activeDeadlineSeconds > needed, `${activeDeadlineSeconds} > ${needed}`);
  });

  test('use the port of wave-cron in probes and annotations', async () => {
    const { ports, livenessProbe, readinessProbe } = await containerOf('deployment');
    const [port] = ports ?? [];
    assert.equal(shippedSettings().listen, `:${port?.containerPort}`);
    assert.equal(livenessProbe?.httpGet?.port, port?.name);
    assert.equal(readinessProbe?.httpGet?.port, port?.name);
    const text = JSON.stringify(await build(join(manifests, 'deployment')));
    assert.match(text, new RegExp(`"prometheus.io/port":"${port?.containerPort}"`));
  });

  test('have valid settings, which are the defaults except for the hash key', () => {
    assert.deepEqual(shippedSettings(), { ...defaultSettings, hashKey: 'auto' });
  });

  for (const form of forms) {
    test(`${form} grants permission to create Secrets only in its own namespace, and never without the admission policies`, async () => {
      const creating = async (...names: string[]) => {
        const components = names.map((name) => `components/${name}`);
        const own = { resources: [form], components, namespace: 'team-a' };
        return rolesOf(await build(overlay(own))).filter(({ rules }) =>
          rules.some((it) => it.resources.includes('secrets') && it.verbs.includes('create')),
        );
      };
      for (const components of [[], ['namespaced', 'admission-policies']]) {
        const roles = await creating(...components);
        assert.deepEqual(
          roles.map(({ kind, metadata, rules }) => [kind, metadata.namespace, rules]),
          [['Role', 'team-a', [{ apiGroups: [''], resources: ['secrets'], verbs: ['create'] }]]],
        );
      }
      assert.deepEqual(await creating('no-admission-policies'), []);
      assert.deepEqual(await creating('namespaced'), []);
    });
  }

  for (const [folder, count, verbsOnSources] of [
    ['base', 8, ['get', 'get']],
    ...forms.map((form) => [form, 9, ['create', 'get', 'get']] as const),
  ] as const) {
    test(`in ${folder} give no permission to list, watch or delete sources, and none for all resources or verbs`, async () => {
      const rules = rolesOf(await build(join(manifests, folder))).flatMap((role) => role.rules);
      assert.equal(rules.length, count);
      for (const { apiGroups, resources, verbs } of rules) {
        assert.ok(![...apiGroups, ...resources, ...verbs].some((it) => it.includes('*')));
        assert.ok(!verbs.includes('watch') && !verbs.includes('delete'));
      }
      const onSources = rules.filter(({ resources }) => /configmaps|secrets/.test(`${resources}`));
      assert.deepEqual(onSources.flatMap(({ verbs }) => verbs).sort(), verbsOnSources);
    });
  }
});

type PolicyBinding = KubernetesObject & { spec: { policyName: string; paramRef: object } };

/**
 * The policies, each with the parameter of its binding. For most policies, the parameter is the
 * account.
 */
function boundPolicies(objects: readonly KubernetesObject[]): object[] {
  const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
  const bindings = objects.filter(
    (it): it is PolicyBinding => it.kind === 'ValidatingAdmissionPolicyBinding',
  );
  assert.equal(bindings.length, policies.length);
  return policies
    .map(({ metadata: { name } }) => {
      const binding = bindings.find(({ spec }) => spec.policyName === name);
      return { name, account: binding?.spec.paramRef };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

const expectedPolicies = (namespace: string, name: string, suffix: string, prefix = ''): object[] =>
  ['events', 'leases', 'owners', 'sources', 'workloads'].map((what) => ({
    name: `${prefix}wave-cron-${what}${suffix}`,
    account: {
      ...(what === 'owners' ? { name: 'kube-system' } : { namespace, name }),
      parameterNotFoundAction: 'Allow',
    },
  }));

function shippedSettings() {
  return loadSettings({
    flags: {},
    env: { WAVE_CONFIG: join(manifests, 'base/settings.yaml') },
  });
}

/** Whether the role also exists in an installation without the admission policies. */
const isIndependentOfPolicies = ({ metadata }: KubernetesObject): boolean =>
  metadata.name !== 'wave-cron-create-hash-key';

/** Names of the cluster-wide objects. */
const wideNames = (suffix: string) => new Set([`wave-cron${suffix}`]);

const bySize = (a: object, b: object) => JSON.stringify(a).length - JSON.stringify(b).length;

/** The leaves of an object as texts, in an order that does not depend on the object's order. */
function sorted(object: object): string {
  const leaves: string[] = [];
  JSON.stringify(object, (key, value: unknown) => {
    if (typeof value !== 'object') leaves.push(`${/^\d+$/.test(key) ? '' : key}=${value}`);
    return value;
  });
  return leaves.sort().join('\n');
}

/** The dry run is server-side, because the namespace of the test already exists. */
function dryRun(folder: string) {
  return runKubectl('apply', '--server-side', '--dry-run=server', '-k', folder);
}
