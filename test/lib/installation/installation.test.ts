import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configMapKey,
  type InstallationObject,
  installationOf,
} from '../../../lib/installation/installation.ts';

const metadata = { namespace: 'ops', name: 'wave' };
type Container = { command?: string[]; args?: string[]; env?: object[]; volumeMounts?: object[] };
const object = (container: Container, volumes: object[] = []): InstallationObject =>
  ({
    metadata,
    spec: { template: { spec: { containers: [container], volumes } } },
  }) as InstallationObject;

test('an installation is an object with once or schedule among the words of a container', () => {
  const found = (container: Container) => installationOf('Deployment', object(container));
  assert.deepEqual(found({ args: ['schedule', '--adoption', 'stamp'] })?.args, [
    '--adoption',
    'stamp',
  ]);
  assert.deepEqual(found({ command: ['node', 'wave-cron.js', 'once'] })?.args, []);
  assert.equal(found({ args: ['release', '--yes'] }), undefined);
  assert.equal(found({}), undefined);
  assert.equal(installationOf('Deployment', { metadata }), undefined);
  assert.equal(installationOf('CronJob', {}), undefined);
});

test('the schedule of a CronJob is known if it is valid and has a time zone', () => {
  const { spec } = object({ args: ['once'] });
  const scheduleOf = (more: object) =>
    installationOf('CronJob', { metadata, spec: { ...spec, ...more } })?.schedule;
  const known = { schedule: '*/5 * * * *', timeZone: 'Europe/Berlin' };
  assert.deepEqual(scheduleOf(known), known);
  assert.equal(scheduleOf({ schedule: '@hourly', timeZone: 'Nowhere' }), undefined);
  assert.equal(scheduleOf({ schedule: 'x', timeZone: 'UTC' }), undefined);
  assert.equal(scheduleOf({ schedule: '* * * * *', timeZone: null }), undefined);
  assert.equal(scheduleOf({}), undefined);
});

test('its variables are those with known values, with references to other variables replaced', () => {
  const env = [
    { name: 'HERE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    { name: 'WAVE_NAMESPACES', value: '$(HERE),b,$(LATER),$$(HERE)' },
    { name: 'LATER', value: 'c' },
    { name: 'WAVE_HASH_KEY', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
    { name: 'WAVE_LISTEN' },
  ];
  const {
    env: known,
    unknownEnv,
    args,
  } = installationOf('CronJob', object({ args: ['once', '--lease-name=$(LATER)'], env })) ?? {};
  assert.deepEqual(known, {
    HERE: 'ops',
    WAVE_NAMESPACES: 'ops,b,$(LATER),$(HERE)',
    LATER: 'c',
    WAVE_LISTEN: '',
  });
  assert.deepEqual(unknownEnv, ['WAVE_HASH_KEY']);
  assert.deepEqual(args, ['--lease-name=c']);
});

test('a file of its container is a key of a ConfigMap, mounted by name, by items or by subPath', () => {
  const volumes = [
    { name: 'all', configMap: { name: 'settings' } },
    { name: 'some', configMap: { name: 'picked', items: [{ key: 'a.yaml', path: 'in/b.yaml' }] } },
    { name: 'secret', secret: { secretName: 'x' } },
  ];
  const volumeMounts = [
    { name: 'all', mountPath: '/etc/wave' },
    { name: 'some', mountPath: '/etc/wave/more/' },
    { name: 'all', mountPath: '/one.yaml', subPath: 'settings.yaml' },
    { name: 'secret', mountPath: '/secret' },
  ];
  const installation = installationOf('CronJob', object({ args: ['once'], volumeMounts }, volumes));
  assert.ok(installation !== undefined);
  const at = (file: string) => configMapKey(installation, file);
  assert.deepEqual(at('/etc/wave/s.yaml'), { configMap: 'settings', key: 's.yaml' });
  assert.deepEqual(at('/etc/wave/more/in/b.yaml'), { configMap: 'picked', key: 'a.yaml' });
  assert.equal(at('/etc/wave/more/a.yaml'), undefined);
  assert.deepEqual(at('/one.yaml'), { configMap: 'settings', key: 'settings.yaml' });
  assert.equal(at('/secret/s.yaml'), undefined);
  assert.equal(at('/etc/wave-other/s.yaml'), undefined);
});
