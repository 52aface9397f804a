/** Flags of Reloader, each with its setting from docs/migration.md. The tests of --enable-csi-integration are in secrets-store/. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, suite, test } from 'node:test';
import { allSettings } from '../../lib/settings/all-settings.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../tools/control-plane/objects.ts';
import { randomName, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { reasonsIn, runPass } from './run-pass.ts';

const { api } = testCluster();
const web = 'Deployment/web';
const auto = { 'reloader.stakater.com/auto': 'true' };

/** Workload web uses a ConfigMap and a Secret with the name settings. Only the ConfigMap has a label. */
async function shop(t: Parameters<typeof testNamespace>[0], team: string, annotations = auto) {
  const namespace = await testNamespace(t, { team });
  const labels = { reload: 'yes' };
  await api.create(configMap({ namespace, name: 'settings', labels, data: { a: '1' } }));
  await api.create(secret({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' }, { secret: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations, pod }));
  return namespace;
}

suite('with the setting for a flag of Reloader', () => {
  let team = '';
  before(() => {
    team = randomName('team');
  });
  const pass = (namespaces: readonly string[], settings: Partial<Settings>) =>
    runPass(namespaces[0] ?? '', {
      settings: { compatibility: ['reloader'], namespaces, ...settings },
    });

  test('--namespace-selector and --namespaces-to-ignore limit the namespaces', async (t) => {
    const [one, other] = [await shop(t, team), await shop(t, team)];
    const third = await shop(t, 'another');
    const namespaceSelector = `team=${team}`;
    const report = await pass([], { namespaceSelector, ignoreNamespaces: [other] });
    assert.deepEqual(
      report.outcomes.map(({ namespace }) => namespace),
      [one],
    );
    assert.ok(third);
  });

  for (const [flag, settings, counts] of [
    ['--resource-label-selector', { sourceSelector: 'reload=yes' }, 'ConfigMap'],
    ['--resources-to-ignore=secrets', { sourceKinds: ['ConfigMap'] }, 'ConfigMap'],
    ['--resources-to-ignore=configMaps', { sourceKinds: ['Secret'] }, 'Secret'],
  ] as const) {
    test(`${flag}, only the ${counts} restarts the workload`, async (t) => {
      const namespace = await shop(t, team);
      assert.deepEqual(reasonsIn(await pass([namespace], settings)), { [web]: 'FirstSeen' });
      const other = counts === 'Secret' ? 'ConfigMap' : 'Secret';
      for (const [kind, reason] of [
        [other, 'UpToDate'],
        [counts, 'ConfigChanged'],
      ] as const) {
        const a = kind === 'Secret' ? Buffer.from('2').toString('base64') : '2';
        await api.patch(path(kind, namespace, 'settings'), { data: { a } });
        assert.deepEqual(reasonsIn(await pass([namespace], settings)), { [web]: reason });
      }
    });
  }

  test('--auto-reload-all handles workloads without an annotation', async (t) => {
    const namespace = await shop(t, team, {} as typeof auto);
    const report = await pass([namespace], { optIn: 'all' });
    assert.deepEqual(reasonsIn(report), { [web]: 'FirstSeen' });
  });
});

test('the settings in the table of flags exist', () => {
  const page = readFileSync('docs/migration.md', 'utf8');
  const table = page.split('### Flags and other features')[1]?.split('\n### ')[0] ?? '';
  const known = new Set(allSettings.map((each) => each.path));
  for (const name of ['optIn', 'ignoreNamespaces', 'namespaceSelector', 'sourceKinds']) {
    assert.ok(known.has(name) && table.includes(`\`${name}`), name);
  }
  for (const name of ['sourceSelector', 'namePatterns', 'kinds']) {
    assert.ok(known.has(name) && table.includes(name), name);
  }
});
