import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { UsageError } from '../../../lib/errors.ts';
import { allSettings } from '../../../lib/settings/all-settings.ts';
import {
  loadSettings,
  loadSettingsWithOrigins,
  type SettingsSources,
} from '../../../lib/settings/load.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
after(() => rmSync(folder, { recursive: true }));

const settingsFile = join(folder, 'settings.yaml');
const namespace =
  'the name of a namespace (at most 63 lower-case letters, digits and inner dashes, such as team-a)';

interface Given {
  readonly file?: string | Uint8Array;
  readonly env?: SettingsSources['env'];
  readonly flags?: SettingsSources['flags'];
}

function sourcesOf({ file, env = {}, flags = {} }: Given): SettingsSources {
  if (file === undefined) return { env, flags };
  writeFileSync(settingsFile, file);
  return { env, flags, configFile: settingsFile };
}

function load(given: Given): Settings {
  return loadSettings(sourcesOf(given));
}

/** The lines of the error message, without the folder of the file and the indentation. */
function problems(given: Given | SettingsSources): string[] {
  try {
    loadSettings('configFile' in given ? (given as SettingsSources) : sourcesOf(given));
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.exit, 2);
    const [first = '', ...others] = error.message.replaceAll(`${folder}/`, '').split('\n');
    if (others.length === 0) return [first];
    assert.equal(first, `${others.length} problems in the settings:`);
    return others.map((line) => line.trim());
  }
  return [];
}

describe('the source of settings', () => {
  it('without any, the defaults apply', () => {
    assert.deepEqual(load({}), defaultSettings);
  });

  for (const empty of ['', '\n', '# nothing yet\n', 'null', '~', '---\n', '{}']) {
    it(`with a file of ${JSON.stringify(empty)}, the defaults apply`, () => {
      assert.deepEqual(load({ file: empty }), defaultSettings);
    });
  }

  it('flags take precedence over variables, variables over the file, and the file over the defaults', () => {
    const file = 'lease: {name: file, namespace: file, durationSeconds: 20}\nlogLevel: debug';
    const env = { WAVE_LEASE_NAME: 'env', WAVE_LEASE_NAMESPACE: 'env' };
    const flags = { 'lease.name': 'flag' };
    assert.deepEqual(load({ file, env, flags }).lease, {
      name: 'flag',
      namespace: 'env',
      durationSeconds: 20,
    });
    assert.equal(load({ file, env, flags }).logLevel, 'debug');
    assert.deepEqual(load({ file, env, flags }).concurrency, defaultSettings.concurrency);
  });

  it('a list replaces the list of a lower level completely, even if it is empty', () => {
    const file = 'namespaces: [a, b]';
    assert.deepEqual(load({ file, env: { WAVE_NAMESPACES: 'c' } }).namespaces, ['c']);
    assert.deepEqual(load({ file, env: { WAVE_NAMESPACES: '' } }).namespaces, []);
  });

  it('is known for each value', () => {
    const { origins } = loadSettingsWithOrigins(
      sourcesOf({
        file: 'logLevel: debug\nlease:\n  name: x\n  namespace: y\n',
        env: { WAVE_LEASE_NAMESPACE: 'z', WAVE_CONCURRENCY_READS: '3' },
        flags: { 'concurrency.reads': '4' },
      }),
    );
    assert.deepEqual(
      [...origins.keys()],
      allSettings.map(({ path }) => path),
    );
    assert.deepEqual(origins.get('logLevel'), {
      kind: 'file',
      file: settingsFile,
      line: 1,
      column: 1,
    });
    assert.deepEqual(origins.get('lease.name'), {
      kind: 'file',
      file: settingsFile,
      line: 3,
      column: 3,
    });
    assert.deepEqual(origins.get('lease.namespace'), { kind: 'variable' });
    assert.deepEqual(origins.get('concurrency.reads'), { kind: 'flag' });
    assert.deepEqual(origins.get('concurrency.writes'), { kind: 'default' });
  });

  it('the shard is the index of the Job, unless another source names it', () => {
    const env = { JOB_COMPLETION_INDEX: '2', WAVE_SHARD_COUNT: '4' };
    const { settings, origins } = loadSettingsWithOrigins(sourcesOf({ env }));
    assert.deepEqual(settings.shard, { count: 4, index: 2 });
    assert.deepEqual(origins.get('shard.index'), { kind: 'job' });
    assert.deepEqual(load({ env, file: 'shard: {index: 1}' }).shard, { count: 4, index: 1 });
    // A Job with only one Pod is not divided into shards.
    assert.deepEqual(load({ env: { JOB_COMPLETION_INDEX: '0' } }).shard, { count: 1, index: 0 });
    assert.deepEqual(load({ env: { WAVE_SHARD_COUNT: '4' } }).shard, { count: 4 });
  });

  it('every setting can be given in each of the three places, with the same effect', () => {
    const texts: Record<string, string> = {
      kubeconfig: '/etc/kubeconfig',
      context: 'prod',
      namespaces: 'team-a, team-b',
      ignoreNamespaces: 'kube-system',
      workloadSelector: 'team=a,env in (x,y)',
      kinds: 'Deployment,DaemonSet',
      annotationPrefix: 'wave.example.com',
      crossNamespaceReferences: '*',
      schedule: '*/10 * * * * *',
      timeZone: 'Europe/Berlin',
      jitterSeconds: '5',
      'lease.name': 'mine',
      'lease.namespace': 'ops',
      'lease.durationSeconds': '30',
      'shard.count': '5',
      'shard.index': '2',
      passTimeoutSeconds: '60',
      'concurrency.reads': '4',
      'concurrency.writes': '2',
      logLevel: 'warn',
      listen: '127.0.0.1:0',
      metricsPushUrl: 'http://gateway:9091',
    };
    const file = JSON.stringify({
      ...texts,
      namespaces: ['team-a', 'team-b'],
      ignoreNamespaces: ['kube-system'],
      kinds: ['Deployment', 'DaemonSet'],
      crossNamespaceReferences: ['*'],
      jitterSeconds: 5,
      lease: { name: 'mine', namespace: 'ops', durationSeconds: 30 },
      shard: { count: 5, index: 2 },
      passTimeoutSeconds: 60,
      concurrency: { reads: 4, writes: 2 },
      'lease.name': undefined,
      'lease.namespace': undefined,
      'lease.durationSeconds': undefined,
      'shard.count': undefined,
      'shard.index': undefined,
      'concurrency.reads': undefined,
      'concurrency.writes': undefined,
    });
    const env = Object.fromEntries(
      allSettings.map(({ path, variable }) => [variable, texts[path]]),
    );
    const byFile = load({ file });
    assert.deepEqual(load({ env }), byFile);
    assert.deepEqual(load({ flags: texts }), byFile);

    const selected = { namespaceSelector: 'team', resyncInterval: '30s' };
    const alsoByFile = load({ file: JSON.stringify(selected) });
    assert.deepEqual(load({ flags: selected }), alsoByFile);
    assert.deepEqual(
      load({ env: { WAVE_NAMESPACE_SELECTOR: 'team', WAVE_RESYNC_INTERVAL: '30s' } }),
      alsoByFile,
    );
  });

  it('JSON with tabs and YAML with anchors are read', () => {
    assert.deepEqual(load({ file: '{\n\t"namespaces": ["a"]\n}' }).namespaces, ['a']);
    const { namespaces, crossNamespaceReferences } = load({
      file: 'namespaces: &teams [a, b]\ncrossNamespaceReferences: *teams\n',
    });
    assert.deepEqual(namespaces, crossNamespaceReferences);
  });

  it('WAVE_CONFIG names the file without --config', () => {
    writeFileSync(settingsFile, 'logLevel: debug');
    const env = { WAVE_CONFIG: settingsFile };
    assert.equal(loadSettings({ flags: {}, env }).logLevel, 'debug');
    const other = join(folder, 'other.yaml');
    writeFileSync(other, 'logLevel: trace');
    assert.equal(loadSettings({ flags: {}, env, configFile: other }).logLevel, 'trace');
  });

  it('the result cannot be changed at any depth', () => {
    const settings = load({ file: 'namespaces: [a]', flags: { 'lease.name': 'x' } });
    for (const part of [
      settings,
      settings.namespaces,
      settings.kinds,
      settings.lease,
      settings.concurrency,
    ]) {
      assert.ok(Object.isFrozen(part));
    }
  });

  it('an interval needs no equivalent cron expression, and the schedule keeps its default', () => {
    const { settings, origins } = loadSettingsWithOrigins(
      sourcesOf({ env: { WAVE_RESYNC_INTERVAL: '7m' } }),
    );
    assert.equal(settings.resyncInterval, '7m');
    assert.deepEqual(origins.get('resyncInterval'), { kind: 'variable' });
    assert.equal(settings.schedule, '* * * * *');
    assert.deepEqual(origins.get('schedule'), { kind: 'default' });
  });

  it('variables that Kubernetes creates for Services called wave or wave-cron are not settings', () => {
    const env = {
      WAVE_SERVICE_HOST: '10.0.0.1',
      WAVE_SERVICE_PORT: '8080',
      WAVE_PORT: 'tcp://10.0.0.1:8080',
      WAVE_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      WAVE_PORT_8080_TCP_ADDR: '10.0.0.1',
      WAVE_PORT_8080_TCP_PORT: '8080',
      WAVE_PORT_8080_TCP_PROTO: 'tcp',
      WAVE_CRON_SERVICE_HOST: '10.0.0.2',
      WAVE_CRON_SERVICE_PORT_METRICS: '8080',
      WAVE_CRON_PORT: 'tcp://10.0.0.2:8080',
      WAVELENGTH: 'x',
      PATH: '/bin',
    };
    assert.deepEqual(load({ env }), defaultSettings);
  });
});

describe('a fault is reported with its place, its value and the allowed values', () => {
  const wrong: Record<string, { given: Given; says: readonly string[] }> = {
    'a number in quotes in a file': {
      given: { file: 'concurrency:\n  reads: "16"\n' },
      says: [
        'settings.yaml:2:3: concurrency.reads is "16": must be a whole number from 1 to 256; remove the quotes',
      ],
    },
    'a number out of its range': {
      given: { flags: { 'lease.durationSeconds': '4' }, env: { WAVE_CONCURRENCY_WRITES: '0' } },
      says: [
        'WAVE_CONCURRENCY_WRITES is 0: must be a whole number from 1 to 256',
        '--lease-duration-seconds is 4: must be a whole number from 5 to 3600',
      ],
    },
    'invalid numbers': {
      given: {
        file: 'passTimeoutSeconds: 1.5\njitterSeconds: .nan\n',
        env: { WAVE_CONCURRENCY_READS: '1e1', WAVE_CONCURRENCY_WRITES: '' },
        flags: { 'lease.durationSeconds': '15s' },
      },
      says: [
        'settings.yaml:1:1: passTimeoutSeconds is 1.5: must be a whole number from 10 to 86400',
        'settings.yaml:2:1: jitterSeconds is NaN: must be a whole number from 0 to 3600',
        'WAVE_CONCURRENCY_READS is "1e1": must be a whole number from 1 to 256',
        'WAVE_CONCURRENCY_WRITES is "": must be a whole number from 1 to 256',
        '--lease-duration-seconds is "15s": must be a whole number from 5 to 3600',
      ],
    },
    'names that YAML reads as something else': {
      given: { file: 'namespaces: [123, true]\nlease: {namespace: 1}\n' },
      says: [
        `settings.yaml:1:14: namespaces contains 123: must be ${namespace}; put it in quotes`,
        `settings.yaml:1:19: namespaces contains true: must be ${namespace}; put it in quotes`,
        `settings.yaml:2:9: lease.namespace is 1: must be ${namespace}; put it in quotes`,
      ],
    },
    'keys with nothing behind them': {
      given: { file: 'context:\nlease:\n' },
      says: [
        'settings.yaml:1:1: context is null: must be the name of a context; omit it to use the default',
        'settings.yaml:2:1: lease is null: must be a mapping of name, namespace, durationSeconds',
      ],
    },
    'values of another shape': {
      given: { file: 'namespaces: team-a\nlease: [a]\nlogLevel: {a: 1}\n' },
      says: [
        `settings.yaml:1:1: namespaces is "team-a": must be a list, each entry ${namespace}`,
        'settings.yaml:2:1: lease is ["a"]: must be a mapping of name, namespace, durationSeconds',
        'settings.yaml:3:1: logLevel is {"a":1}: must be one of trace, debug, info, warn, error, fatal, silent',
      ],
    },
    'entries of a list': {
      given: {
        file: 'kinds: [Deployment, Job, Deployment]\n',
        env: { WAVE_NAMESPACES: 'team-a,,Team_B' },
        flags: { kinds: '' },
      },
      says: [
        'settings.yaml:1:1: kinds lists "Deployment" more than once',
        'settings.yaml:1:21: kinds contains "Job": must be Deployment, StatefulSet, DaemonSet, or another kind as Kind.version.group, such as Rollout.v1alpha1.argoproj.io',
        `WAVE_NAMESPACES contains "": must be ${namespace}`,
        `WAVE_NAMESPACES contains "Team_B": must be ${namespace}`,
        '--kinds is []: must not be empty; it must be a list, each entry Deployment, StatefulSet, DaemonSet, or another kind as Kind.version.group, such as Rollout.v1alpha1.argoproj.io',
      ],
    },
    'unknown keys with a near one': {
      given: {
        file: 'namespace: [a]\nlog-level: info\nreads: 4\nlease:\n  nmae: x\nconcurency: {}\n',
        env: { WAVE_LEASE_NAMESPCE: 'x', WAVE_LOGLEVEL: 'info', WAVE_READS: '1' },
      },
      says: [
        'settings.yaml:1:1: namespace is not a setting; did you mean namespaces?',
        'settings.yaml:2:1: log-level is not a setting; did you mean logLevel?',
        'settings.yaml:3:1: reads is not a setting; did you mean concurrency.reads?',
        'settings.yaml:5:3: lease.nmae is not a setting; did you mean lease.name?',
        'settings.yaml:6:1: concurency is not a setting; did you mean concurrency?',
        'WAVE_LEASE_NAMESPCE is not a setting; did you mean WAVE_LEASE_NAMESPACE?',
        'WAVE_LOGLEVEL is not a setting; did you mean WAVE_LOG_LEVEL?',
        'WAVE_READS is not a setting; did you mean WAVE_CONCURRENCY_READS?',
      ],
    },
    'an unknown key in a group without a similar one': {
      given: { file: 'concurrency: {burst: 3}' },
      says: [
        'settings.yaml:1:15: concurrency.burst is not a setting; known settings: concurrency.reads, concurrency.writes',
      ],
    },
    'a schedule': {
      given: { file: "schedule: '61 * * * *'" },
      says: [
        'settings.yaml:1:1: schedule is "61 * * * *": the minute "61" is invalid: use 0-59, * for all, ranges (1-5), steps (*/5) and lists (1,5)',
      ],
    },
    'an interval': {
      given: { flags: { resyncInterval: '8d' } },
      says: [
        '--resync-interval is "8d": the longest interval is 7d; for longer intervals use schedule',
      ],
    },
    'a time zone': {
      given: { env: { WAVE_TIME_ZONE: 'Europe/Berln' }, flags: { timeZone: '+02:00' } },
      says: [
        'WAVE_TIME_ZONE is "Europe/Berln": must be the IANA name of a time zone, such as UTC or Europe/Berlin; did you mean Europe/Berlin?',
        '--time-zone is "+02:00": must be the IANA name of a time zone, such as UTC or Europe/Berlin',
      ],
    },
    'a label selector': {
      given: { env: { WAVE_WORKLOAD_SELECTOR: 'a=b,env in x' } },
      says: [
        'WAVE_WORKLOAD_SELECTOR is "a=b,env in x": "env in x" must be key, !key, key=value, key!=value, key in (a,b) or key notin (a,b)',
      ],
    },
    addresses: {
      given: { flags: { listen: '8080', metricsPushUrl: 'gateway:9091' } },
      says: [
        '--listen is "8080": must be host:port, or :port for every address, such as 127.0.0.1:8080 or [::1]:8080',
        '--metrics-push-url is "gateway:9091": must be an http or https URL',
      ],
    },
    'a URL, without the query of it': {
      given: { flags: { metricsPushUrl: 'htp:gateway?k=secret' } },
      says: ['--metrics-push-url is "htp:gateway?***": must be an http or https URL'],
    },
    'a URL, without the password in it': {
      given: { flags: { metricsPushUrl: 'ftp://me:secret@gateway/' } },
      says: ['--metrics-push-url is "ftp://***@gateway/": must be an http or https URL'],
    },
    'an annotation prefix': {
      given: { flags: { annotationPrefix: 'wave.pusher.com/' } },
      says: [
        '--annotation-prefix is "wave.pusher.com/": must be a DNS name (at most 253 lower-case letters, digits, inner dashes and dots, such as wave.example.com)',
      ],
    },
    'an empty path of the settings file': {
      given: { env: { WAVE_CONFIG: '' } },
      says: ['WAVE_CONFIG is "": must be the path of a settings file'],
    },
    'a value that a higher place overrides': {
      given: { file: 'logLevel: loud', flags: { logLevel: 'info' } },
      says: [
        'settings.yaml:1:1: logLevel is "loud": must be one of trace, debug, info, warn, error, fatal, silent',
      ],
    },
    'namespaces that are both handled and ignored': {
      given: { file: 'namespaces: [a, b, c]', env: { WAVE_IGNORE_NAMESPACES: 'c,b' } },
      says: [
        'namespaces (settings.yaml:1:1) and WAVE_IGNORE_NAMESPACES both name b, c: remove it from one of them',
      ],
    },
    'namespaces that are named and selected at once': {
      given: { file: 'namespaces: [a]', flags: { namespaceSelector: 'team=a' } },
      says: [
        'namespaces (settings.yaml:1:1) and --namespace-selector cannot be combined: list the namespaces, or select them by label',
      ],
    },
    'an interval beside a schedule': {
      given: { file: "schedule: '* * * * *'", env: { WAVE_RESYNC_INTERVAL: '5m' } },
      says: [
        'schedule (settings.yaml:1:1) and WAVE_RESYNC_INTERVAL cannot be combined: both set when passes start',
      ],
    },
    'a pass timeout that is shorter than the wait for a dead holder': {
      given: { file: 'passTimeoutSeconds: 30', flags: { 'lease.durationSeconds': '20' } },
      says: [
        'passTimeoutSeconds (settings.yaml:1:1) is 30, less than twice --lease-duration-seconds (20): a pass that waits for a dead holder would time out before its work; set it to 40 or more',
      ],
    },
    'a shard that is not one of them': {
      given: { file: 'shard: {count: 4}', flags: { 'shard.index': '4' } },
      says: [
        '--shard-index is 4, but shard.count is 4, so the last index is 3: set shard.count to the number of shards; in a Job, to its completions',
      ],
    },
    'a Job with several completions and no shards': {
      given: { env: { JOB_COMPLETION_INDEX: '2' } },
      says: [
        'JOB_COMPLETION_INDEX is 2, but shard.count is 1, so the last index is 0: set shard.count to the number of shards; in a Job, to its completions',
      ],
    },
    'an invalid index of a Job': {
      given: { env: { JOB_COMPLETION_INDEX: 'x', WAVE_SHARD_COUNT: '3' } },
      says: ['JOB_COMPLETION_INDEX is "x": must be a whole number from 0 to 999'],
    },
    'one kind in two versions': {
      given: { flags: { kinds: 'Rollout.v1.argoproj.io,Deployment,Rollout.v1alpha1.argoproj.io' } },
      says: [
        '--kinds names one kind twice, Rollout.v1.argoproj.io and Rollout.v1alpha1.argoproj.io: each workload would be handled twice; keep one version',
      ],
    },
    'a star among other namespaces': {
      given: { flags: { crossNamespaceReferences: '*,a' } },
      says: ['--cross-namespace-references has * (all namespaces) and other entries: set * alone'],
    },
  };
  for (const [what, { given, says }] of Object.entries(wrong)) {
    it(what, () => assert.deepEqual(problems(given), says));
  }

  it('for an unknown name that is similar to none, the known names are listed', () => {
    const names = allSettings.map(({ variable }) => variable).join(', ');
    assert.deepEqual(problems({ env: { WAVE_XYZZYPLUGH: '1' } }), [
      `WAVE_XYZZYPLUGH is not a setting; known settings: ${names}, WAVE_CONFIG, WAVE_INSTALLATION`,
    ]);
    const [line = ''] = problems({ file: 'xyzzyplugh: 1' });
    assert.match(
      line,
      /^settings.yaml:1:1: xyzzyplugh is not a setting; known settings: kubeconfig, /,
    );
    assert.match(line, /, lease, shard, rollouts, concurrency$/);
  });

  it('the value of an unknown variable, which may be a secret, is not repeated', () => {
    assert.doesNotMatch(problems({ env: { WAVE_TOKEN: 'hunter2' } }).join(), /hunter2/);
  });

  it('a long value is shortened', () => {
    const [line = ''] = problems({ flags: { logLevel: 'x'.repeat(5_000) } });
    assert.ok(line.length < 200, line);
  });

  it('settings that are wrong by themselves are not also reported as contradictions', () => {
    assert.equal(problems({ flags: { resyncInterval: '7', schedule: '@daily' } }).length, 1);
  });
});

describe('a settings file that cannot be used', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    const alias = `*a${level - 1}`;
    bomb.push(`a${level}: &a${level} [${Array(9).fill(alias).join(', ')}]`);
  }

  const unusable: Record<string, { file: string | Uint8Array; says: RegExp }> = {
    'of broken YAML': {
      file: 'lease:\n  name: x\n kinds: [\n',
      says: /^settings\.yaml:\d+:\d+: not valid YAML or JSON: /,
    },
    'of broken JSON': {
      file: '{"lease": {"name": "x"}',
      says: /^settings\.yaml:1:24: not valid YAML or JSON: /,
    },
    'with a second document': {
      file: 'logLevel: info\n---\nlogLevel: warn\n',
      says: /^settings\.yaml:2:1: a second document begins here; a settings file must have only one$/,
    },
    'with a key given twice': {
      file: 'logLevel: info\nkinds: [Deployment]\nlogLevel: warn\n',
      says: /^settings\.yaml:3:1: logLevel is set twice$/,
    },
    'with a key given twice in JSON': {
      file: '{"logLevel": "info", "logLevel": "warn"}',
      says: /^settings\.yaml:1:22: logLevel is set twice$/,
    },
    'with anchors that multiply': {
      file: bomb.join('\n'),
      says: /^settings\.yaml:1:1: the aliases expand to more than 100 values$/,
    },
    'with an unknown anchor': { file: 'context: *x', says: /Unresolved alias .*: x$/ },
    'with an unknown tag': { file: 'context: !x y', says: /^settings\.yaml:1:10: .*!x$/ },
    'that contains itself': {
      file: 'lease: &x\n  name: *x\n',
      says: /^settings\.yaml:2:3: lease\.name is a circular structure: must be/,
    },
    'that is nested without end': {
      file: '['.repeat(100_000),
      says: /^settings\.yaml:\d+:\d+: the values are nested too deeply$/,
    },
    'that is a list': {
      file: '# why\n- logLevel: info',
      says: /^settings\.yaml:2:1: the settings must be a mapping of names to values, not a list$/,
    },
    'that is a word': { file: 'info', says: /^settings\.yaml:1:1: .* not a single value$/ },
    'that is not text': {
      file: Uint8Array.from([0xff, 0xfe, 0x00]),
      says: /^the settings file settings\.yaml is not UTF-8 text$/,
    },
    'that is huge': {
      file: `# ${'x'.repeat(1024 * 1024)}`,
      says: /^the settings file settings\.yaml is larger than 256 KiB/,
    },
    'with __proto__': {
      file: '__proto__: {logLevel: warn}',
      says: /1:1: __proto__ is not a setting/,
    },
    'with __proto__ in a group': {
      file: 'lease: {__proto__: {name: x}}',
      says: /^settings\.yaml:1:9: lease\.__proto__ is not a setting/,
    },
    'with constructor': { file: 'constructor: x', says: /1:1: constructor is not a setting/ },
    'with a merge key': { file: '<<: {logLevel: warn}', says: /1:1: << is not a setting/ },
    'with a key that is a number': { file: '1: x', says: /1:1: 1 is not a setting/ },
    'with a key that would write to the terminal': {
      file: '"a\\e[31m\\nb": x',
      says: /^settings\.yaml:1:1: a\u{fffd}\[31m\u{fffd}b is not a setting/u,
    },
  };
  for (const [what, { file, says }] of Object.entries(unusable)) {
    it(`${what} is rejected in one line`, () => {
      const lines = problems({ file });
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0] ?? '', says);
    });
  }

  it('does not change the prototype of all objects', () => {
    problems({ file: '__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}' });
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });

  it('that does not exist, or is a directory, is rejected', () => {
    assert.deepEqual(problems({ flags: {}, env: {}, configFile: join(folder, 'absent.yaml') }), [
      'the settings file absent.yaml does not exist',
    ]);
    assert.deepEqual(problems({ flags: {}, env: {}, configFile: `${folder}/.` }), [
      'the settings file . is a directory; name the file in it',
    ]);
  });

  it('that may not be read is rejected', { skip: process.getuid?.() === 0 }, () => {
    writeFileSync(join(folder, 'locked.yaml'), '', { mode: 0 });
    assert.deepEqual(problems({ flags: {}, env: {}, configFile: join(folder, 'locked.yaml') }), [
      'the settings file locked.yaml cannot be read by this user (EACCES)',
    ]);
  });

  it('does not hide faults in the environment and in flags', () => {
    const lines = problems({
      file: '[',
      env: { WAVE_LOG_LEVEL: 'loud' },
      flags: { listen: 'x' },
    });
    assert.equal(lines.length, 3);
  });
});
