/** The Helm chart and the kustomize manifests give the same installation. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { loadSettings } from '../../../lib/settings/load.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';
import { hasKubectl } from '../../../tools/control-plane/testing.ts';
import type { PodSpec } from '../../../tools/node-agent/pod.ts';
import { build, overlay } from '../kustomize.ts';
import { type Case, cases } from './cases.ts';
import { image, render } from './helm.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const folder = mkdtempSync(join(tmpdir(), 'wave-cron-settings-'));
after(() => rmSync(folder, { recursive: true }));

type Kind = Case['kinds'][number];
const namespace = 'team-a';

/** An installation: its objects by their names, and the settings in force. */
type Installation = { objects: Record<string, unknown>; settings: Settings };

suite('the chart', { skip, concurrency: 2 }, () => {
  for (const each of cases) {
    for (const kind of each.kinds) {
      test(`gives the same ${kind} as kustomize: ${each.what}`, async () => {
        const values = { kind, ...each.values };
        const [rendered, built] = await Promise.all([
          render({ values, namespace }),
          build(overlayOf(each, kind)),
        ]);
        assert.deepEqual(installationOf(rendered), installationOf(built));
      });
    }
  }
});

function overlayOf(each: Case, kind: Kind): string {
  const { components, files = {}, overlay: more = {} } = each;
  const form = kind.toLowerCase();
  // In the Deployment, the chart turns its values for the schedule into settings. It also sets the time zone,
  // unless an interval is set.
  const hasTimeZone =
    kind === 'Deployment' && !Object.hasOwn(each.settings ?? {}, 'resyncInterval');
  const own = hasTimeZone ? { timeZone: 'Etc/UTC', ...each.settings } : each.settings;
  // The overlay replaces the shipped settings.yaml, so it has to repeat `hashKey`. The chart merges its values
  // instead.
  const settings = own === undefined ? undefined : { hashKey: 'auto', ...own };
  const generator = { name: 'wave-cron-settings', behavior: 'replace', files: ['settings.yaml'] };
  const fields: Fields = {
    ...more,
    namespace,
    images: [{ name: 'wave-cron', newName: image.repository, newTag: image.tag }],
    ...(settings === undefined ? {} : { configMapGenerator: [generator] }),
  };
  const all = settings === undefined ? {} : { 'settings.yaml': JSON.stringify(settings) };
  return overlay(
    {
      ...fields,
      resources: [form, ...Object.keys(files)],
      components: components.map((name) => `components/${name}`),
    },
    { ...files, ...all },
  );
}

const ownToHelm = [
  ...['app.kubernetes.io/instance', 'app.kubernetes.io/version', 'app.kubernetes.io/managed-by'],
  'helm.sh/chart',
  // A changed checksum restarts the Pods. With kustomize, the hash at the end of the ConfigMap's name does
  // that.
  'checksum/settings',
];

function installationOf(all: readonly KubernetesObject[]): Installation {
  // Helm creates the namespace with `--create-namespace`, and deletes the Leases in its hook.
  const kept = all.filter(
    ({ kind, metadata }) =>
      !['Namespace', 'Lease'].includes(kind) &&
      metadata.annotations?.['helm.sh/hook'] === undefined,
  );
  const [configMap, ...more] = kept.filter(isSettings);
  assert.ok(configMap);
  assert.deepEqual(more, []);
  const { name } = configMap.metadata;
  const plain = JSON.parse(
    JSON.stringify(kept).replaceAll(`"${name}"`, '"wave-cron-settings"'),
    withoutOwn,
  );
  const objects = plain as KubernetesObject[];
  const text = Object.values(configMap.data ?? {})[0] ?? '';
  const [pod, ...others] = objects.flatMap((it) => podOf(it) ?? []);
  assert.ok(pod);
  assert.deepEqual(others, []);
  const settings = inForce(text, pod);
  for (const it of objects) {
    if (isSettings(it)) delete it.data;
    // kustomize gives cluster-wide policies a namespace, because it does not know these kinds. kubectl knows
    // that they are cluster-wide.
    if (it.kind.startsWith('ValidatingAdmissionPolicy')) delete it.metadata.namespace;
  }
  const nameOf = ({ kind, metadata }: KubernetesObject) =>
    `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  return { objects: Object.fromEntries(objects.map((it) => [nameOf(it), it])), settings };
}

const isSettings = ({ kind, metadata }: KubernetesObject): boolean =>
  kind === 'ConfigMap' && metadata.name.startsWith('wave-cron-settings');

function withoutOwn(this: unknown, key: string, value: unknown): unknown {
  if (ownToHelm.includes(key)) return undefined;
  return value;
}

function podOf({ kind, spec }: KubernetesObject): PodSpec | undefined {
  type Template = { template: { spec: PodSpec } };
  if (kind === 'Deployment') return (spec as Template).template.spec;
  if (kind === 'CronJob') {
    return (spec as { jobTemplate: { spec: Template } }).jobTemplate.spec.template.spec;
  }
  return undefined;
}

let loads = 0;

/**
 * Removes the settings in the environment from the Pod, and returns the settings that result from them and the
 * file.
 */
function inForce(text: string, pod: PodSpec): Settings {
  const [container] = pod.containers;
  assert.ok(container);
  const all = container.env ?? [];
  loads += 1;
  const file = join(folder, `${loads}.yaml`);
  writeFileSync(file, text);
  const given = all.filter((it) => it.name.startsWith('WAVE_') && it.name !== 'WAVE_CONFIG');
  const env = Object.fromEntries(
    given.map((it) => [it.name, String(it.value).replace('$(POD_NAMESPACE)', namespace)]),
  );
  container.env = all.filter((it) => !given.includes(it));
  return loadSettings({ flags: {}, env: { ...env, WAVE_CONFIG: file } });
}
