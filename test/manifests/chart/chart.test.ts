/** The Helm chart: the objects that it renders, the values that it refuses, and the response of the API server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';
import { hasKubectl, testNamespace } from '../../../tools/control-plane/testing.ts';
import { objectOf, runKubectl } from '../kustomize.ts';
import { cases } from './cases.ts';
import { chart } from './described-values.ts';
import { helms, image, render, runHelm, template, valuesFile } from './helm.ts';

const skipKubectl = hasKubectl() ? false : 'there is no kubectl';
const restricted = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

/** Returns the error output of Helm. Throws if Helm does not refuse the values. */
async function refused(values: Fields, kubeVersion?: string): Promise<string> {
  try {
    await template({ values, ...(kubeVersion === undefined ? {} : { kubeVersion }) });
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  }
  throw new Error('Helm has not refused it');
}

const settingsIn = (objects: readonly KubernetesObject[]): string =>
  objectOf(objects, 'ConfigMap').data?.['settings.yaml'] ?? '';

suite('the chart', { concurrency: 2 }, () => {
  test('has the version of wave-cron', () => {
    const { version } = JSON.parse(readFileSync(join(chart, '../../package.json'), 'utf8'));
    const text = readFileSync(join(chart, 'Chart.yaml'), 'utf8');
    assert.match(text, new RegExp(`^version: ${version}$`, 'm'));
    assert.match(text, new RegExp(`^appVersion: ${version}$`, 'm'));
  });

  for (const helm of helms) {
    test(`passes ${helm} lint --strict, with every set of values`, async () => {
      await runHelm(['lint', '--strict', chart], undefined, helm);
      for (const { values, kinds } of cases) {
        const all = { image, kind: kinds[0], ...values };
        const args = ['lint', '--strict', '--quiet', chart, ...valuesFile(all)];
        await runHelm(args, undefined, helm);
      }
    });
  }

  test('gives the same objects with Helm 3 and Helm 4, with every set of values', async () => {
    const inOrder = (objects: readonly KubernetesObject[]) =>
      objects.toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
    const orderOf = ({ kind, metadata }: KubernetesObject) =>
      `${kind} ${metadata.namespace} ${metadata.name}`;
    for (const { values, kinds } of cases) {
      for (const kind of kinds) {
        const rendering = { values: { kind, ...values } };
        const [four, three] = await Promise.all([
          render(rendering),
          render({ ...rendering, helm: 'helm3' }),
        ]);
        assert.deepEqual(inOrder(three), inOrder(four));
      }
    }
  });

  for (const { what, values, kinds } of cases) {
    test(`is accepted by the API server without a warning: ${what}`, {
      skip: skipKubectl,
    }, async (t) => {
      const namespace = await testNamespace(t, restricted);
      const all = await render({ values: { kind: kinds.at(-1), ...values }, namespace });
      // The control plane does not have the kinds of the Prometheus operator.
      const items = all.filter(
        ({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'),
      );
      const folder = mkdtempSync(join(tmpdir(), 'wave-cron-rendered-'));
      t.after(() => rmSync(folder, { recursive: true }));
      writeFileSync(
        join(folder, 'all.json'),
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      );
      const dryRun = ['apply', '--server-side', '--dry-run=server', '-f', folder];
      const { stdout, stderr } = await runKubectl('-n', namespace, ...dryRun);
      assert.equal(stderr, '');
      assert.equal(stdout.match(/serverside-applied/g)?.length, items.length);
    });
  }

  test('has all its files as a package, except those that only kustomize needs', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-package-'));
    t.after(() => rmSync(folder, { recursive: true }));
    await runHelm(['package', chart, '--destination', folder]);
    const [file = '', ...others] = globSync('*.tgz', { cwd: folder });
    assert.deepEqual(others, []);
    const from = join(folder, file);
    const { stdout: packed } = await promisify(execFile)('tar', ['-tzf', from]);
    const names = packed.trimEnd().split('\n');
    assert.deepEqual(
      names.filter((name) => name.endsWith('kustomization.yaml')),
      [],
    );
    assert.ok(names.includes('wave-cron/admission-policies/workloads.yaml'), packed);
    assert.equal(await template({ from }), await template());
  });

  test('requires an image, and says how to name one', async () => {
    const text = await refused({ image: { repository: '', tag: '1' } });
    assert.match(text, /^ {2}image.repository is required: the image .* registry.example.com/m);
  });

  for (const [what, values, says] of [
    ['a value', { replica: 2 }, /at '': additional properties 'replica' not allowed/],
    [
      'a setting',
      { settings: { ownershp: 'on' } },
      /at '\/settings': additional properties 'ownershp' not allowed/,
    ],
    [
      'a setting of a group',
      { settings: { lease: { nam: 'a' } } },
      /at '\/settings\/lease': additional properties 'nam' not allowed/,
    ],
  ] as const) {
    test(`refuses ${what} with an unknown name`, async () => {
      assert.match(await refused(values), says);
    });
  }

  test('refuses settings that wave-cron would refuse, and names the path of each', async () => {
    const settings = {
      kinds: ['Pod'],
      concurrency: { reads: 0 },
      annotationPrefix: 'Not A Domain',
      adoption: 'never',
    };
    const text = await refused({ settings });
    for (const place of ['kinds/0', 'concurrency/reads', 'annotationPrefix', 'adoption']) {
      assert.ok(text.includes(`at '/settings/${place}': `), text);
    }
  });

  test('accepts every setting, and passes it to wave-cron unchanged', async () => {
    const {
      schedule: _,
      timeZone: __,
      shard: ___,
      namespaces: ____,
      ...settings
    } = defaultSettings;
    const given = {
      ...settings,
      resyncInterval: '30s',
      hashKey: 'key',
      metricsPushUrl: 'http://a',
    };
    const objects = await render({ values: { kind: 'Deployment', settings: given } });
    const text = settingsIn(objects);
    for (const [name, value] of Object.entries(given)) {
      const shown = typeof value === 'object' ? '' : ` ["']?${value}["']?$`;
      assert.match(text, new RegExp(`^${name}:${shown}`, 'm'));
    }
  });

  test('uses a hash key by default, and with hashKey: null has neither the setting nor a permission for it', async () => {
    const shipped = await render({});
    assert.match(settingsIn(shipped), /^hashKey: auto$/m);
    const off = await render({ values: { settings: { hashKey: null } } });
    assert.doesNotMatch(settingsIn(off), /hashKey/);
    // The policies name the Secret even if the settings do not use it.
    const others = off.filter(({ kind }) => kind !== 'ValidatingAdmissionPolicy');
    assert.doesNotMatch(JSON.stringify(others), /hash-key/);
  });

  test('understands off without quotes', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-values-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'values.yaml');
    writeFileSync(file, 'image: {repository: a}\nsettings: {ownership: off}\n');
    const { stdout } = await runHelm(['template', 'wave-cron', chart, '--values', file]);
    assert.match(stdout, /^ {4}ownership: "off"$/m);
    assert.doesNotMatch(stdout, /-ownership$/m);
  });

  test('reports all contradictions at once, each with a remedy', async () => {
    const cronJob = await refused({
      ...{ schedule: '*/10 * * * * *', image: { repository: '' }, namespaced: true },
      settings: {
        ...{ schedule: '* * * * *', timeZone: 'UTC', shard: { count: 2 }, context: 'a' },
        ...{ resyncInterval: '30s', listen: ':1', kubeconfig: 'b', jitterSeconds: 3 },
        ...{ namespaceSelector: 'a=b', crossNamespaceReferences: ['*'] },
      },
      extraEnv: [{ name: 'WAVE_OWNERSHIP', value: 'off' }],
    });
    for (const told of [
      /^ {2}image.repository is required: /m,
      /^ {2}settings.schedule is not supported in this chart: set schedule$/m,
      /^ {2}settings.timeZone is not supported .*: set timeZone$/m,
      /^ {2}settings.shard is not supported .*: set shards$/m,
      /^ {2}settings.kubeconfig is not supported .*: remove it, because a Pod uses its ServiceAccount$/m,
      /^ {2}settings.context is not supported .*: remove it/m,
      /^ {2}settings.resyncInterval is not supported with kind: CronJob: set schedule instead, /m,
      /^ {2}settings.jitterSeconds has no effect /m,
      /^ {2}settings.listen has no effect /m,
      /^ {2}schedule is "\*\/10 \* \* \* \* \*", but with kind: CronJob it must have 5 fields: /m,
      /^ {2}settings.namespaceSelector needs a .*, but namespaced is true: use settings.namespaces instead$/m,
      /^ {2}settings.crossNamespaceReferences is \*, which needs .*, but namespaced is true: name the namespaces$/m,
      /^ {2}extraEnv contains WAVE_OWNERSHIP, .*: use settings instead$/m,
    ]) {
      assert.match(cronJob, told);
    }
    const monitored = await refused({ metrics: { podMonitor: { create: true } } });
    assert.match(monitored, /^ {2}metrics.podMonitor.create is true, .*: set settings.metrics/m);
    const tokenFile = { settings: { triggers: { http: { tokenFile: '/a' } } } };
    const triggered = await refused({ triggers: { http: { tokenSecret: 'a' } }, ...tokenFile });
    assert.match(triggered, /^ {2}triggers.http.tokenSecret has no effect with kind: CronJob/m);
    assert.match(triggered, /^ {2}settings.triggers.http.tokenFile is not .*: set triggers.http/m);
    const urlFile = '/etc/wave-cron-notifications/slack';
    const notifications = [{ format: 'slack', urlFile }];
    const unmounted = await refused({ settings: { notifications } });
    assert.match(unmounted, /^ {2}settings.notifications\[0\].urlFile is \S+\/slack, but notif/m);
    assert.match(
      await refused({ kind: 'Deployment', shards: 2 }),
      /^ {2}shards is 2, but a Deploy/m,
    );
  });

  test('refuses values that need a newer cluster, and no others', async () => {
    assert.match(
      await refused({}, 'v1.29.9'),
      /the admission policies need Kubernetes 1.30 or newer, and this is v1.29.9: set admissionPolicies.enabled: false/,
    );
    const values = { admissionPolicies: { enabled: false } };
    assert.ok((await template({ values, kubeVersion: 'v1.29.9' })).includes('kind: CronJob'));
    const old = await refused({ ...values, shards: 2 }, 'v1.28.0');
    assert.match(old, /shards is 2, but that needs Kubernetes 1.29 or newer, and this is v1.28.0/);
    assert.match(await refused(values, 'v1.26.0'), /chart requires kubeVersion: >=1.27.0/);
  });

  test('restarts the Deployment for changed settings, and for nothing else', async () => {
    const podOf = async (settings: Fields, more: Fields = {}) => {
      const objects = await render({ values: { kind: 'Deployment', settings, ...more } });
      return objectOf(objects, 'Deployment').spec?.['template'];
    };
    const before = await podOf({});
    assert.notDeepEqual(await podOf({ logLevel: 'debug' }), before);
    assert.deepEqual(await podOf({}, { rbac: { adoption: true } }), before);
  });

  test('leaves out the fields of the security context that are set to null', async () => {
    const values = { podSecurityContext: { runAsUser: null, runAsGroup: null } };
    const [pod] = JSON.stringify(await render({ values })).match(/"securityContext":{[^}]*}/) ?? [];
    assert.equal(
      pod,
      '"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}',
    );
  });

  test('lets no client reach its Pods if its network policy names no client', async () => {
    const objects = await render({ values: { networkPolicy: { enabled: true, from: [] } } });
    assert.deepEqual(objectOf(objects, 'NetworkPolicy').spec?.['ingress'], []);
  });

  test('has a Job that runs release on uninstall, unless releaseOnUninstall is false', async () => {
    const jobs = async (values: Fields) =>
      (await render({ values })).filter(({ kind }) => kind === 'Job').length;
    assert.deepEqual([await jobs({}), await jobs({ releaseOnUninstall: false })], [1, 0]);
  });

  test('keeps the Lease on uninstall for half of passTimeoutSeconds at most, because passes ignore it after that', async () => {
    const keptFor = async (settings: Fields): Promise<string | undefined> => {
      const job = objectOf(await render({ values: { settings } }), 'Job');
      const [, seconds] = /"--keep-lease","([^"]*)"/.exec(JSON.stringify(job)) ?? [];
      return seconds;
    };
    assert.equal(await keptFor({}), '150');
    assert.equal(await keptFor({ passTimeoutSeconds: 61 }), '30');
    assert.equal(await keptFor({ passTimeoutSeconds: 900 }), '150');
  });

  test('accepts a registry with a port, and refuses a tag in the repository', async () => {
    const repository = 'registry.example.com:5000/team/wave-cron';
    assert.match(
      await template({ values: { image: { repository, tag: '1' } } }),
      /:5000\/team\/wave-cron:1"/,
    );
    const text = await refused({ image: { repository: 'example.com/wave-cron:1' } });
    assert.match(
      text,
      /at '\/image\/repository': 'example.com\/wave-cron:1' does not match pattern/,
    );
  });

  for (const [what, values, says, without] of [
    ['a CronJob', {}, /create job now --from=cronjob\/mine-wave-cron$/m, /no admission policies/],
    [
      'a Deployment of one namespace',
      { kind: 'Deployment', namespaced: true, settings: { annotationPrefix: 'a.example.com' } },
      /annotate deployment NAME a\.example\.com\/update-on-config-change=true$[\s\S]*logs -f deployment\/mine-wave-cron$[\s\S]*There are no admission policies/m,
      /create job/,
    ],
  ] as const) {
    test(`prints the next steps, for ${what}`, async () => {
      const args = ['install', 'mine', chart, '--dry-run=client'];
      const { stdout } = await runHelm([...args, ...valuesFile({ image, ...values })]);
      const notes = stdout.slice(stdout.indexOf('\nNOTES:'));
      assert.match(notes, says);
      assert.doesNotMatch(notes, without);
    });
  }

  test('uses a digest rather than a tag', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const objects = await render({ values: { image: { ...image, digest } } });
    assert.match(JSON.stringify(objects), new RegExp(`"image":"${image.repository}@${digest}"`));
    const { version } = JSON.parse(readFileSync(join(chart, '../../package.json'), 'utf8'));
    const plain = await render({ values: { image: { repository: image.repository } } });
    assert.match(JSON.stringify(plain), new RegExp(`"image":"${image.repository}:${version}"`));
  });

  test('shares only the Lease between two releases in one namespace', async () => {
    const names = async (release: string) => {
      const objects = await render({ release });
      return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    };
    const [one, other] = await Promise.all([names('one'), names('other')]);
    // Two releases share the Lease unless each names its own. So only one of them works at a time.
    assert.deepEqual(
      one.filter((name) => other.includes(name)),
      ['Lease wave-cron'],
    );
  });
});
