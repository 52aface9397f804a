import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Report } from '../../lib/rules/report.ts';
import { type Fields, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  optedIn,
  outcomeOf,
  prefix,
  reasonsIn,
  runPass,
  templateAnnotations,
} from './run-pass.ts';

const { api } = testCluster();

const auto = 'reloader.stakater.com/auto';
const ignore = 'reloader.stakater.com/ignore';
const search = 'reloader.stakater.com/search';
const match = 'reloader.stakater.com/match';
const maps = 'configmap.reloader.stakater.com/reload';
const secrets = 'secret.reloader.stakater.com/reload';

const compatible = { settings: { compatibility: ['reloader'] as const } };
const moving = {
  settings: {
    ...compatible.settings,
    adoption: 'if-changed' as const,
    clockTolerance: '0s' as const,
  },
};

/** Pods that use the ConfigMap `used` and the Secret `used`. */
const pod: Fields = using({ configMap: 'used' }, { secret: 'used' });

async function withSources(t: Parameters<typeof testNamespace>[0]): Promise<string> {
  const namespace = await testNamespace(t);
  for (const name of ['used', 'unused']) {
    await api.create(configMap({ namespace, name, data: { a: '1' } }));
    await api.create(secret({ namespace, name, data: { a: '1' } }));
  }
  return namespace;
}

const change = (namespace: string, kind: 'ConfigMap' | 'Secret', name: string, text: string) =>
  api.patch(path(kind, namespace, name), {
    data: { a: kind === 'Secret' ? Buffer.from(text).toString('base64') : text },
  });

const annotate = (object: string, annotations: Record<string, string | null>) =>
  api.patch(object, { metadata: { annotations } }, 'merge');

/** Waits until the next second begins, because times in the API are whole seconds. */
const nextSecond = () => pause(1_050 - (Date.now() % 1_000));

/** Assigns a node to the Pods of a namespace, as the scheduler does. A kubelet would start the Pods now. */
async function placed(namespace: string, count: number): Promise<void> {
  const list = await api.waitFor<{ items: KubernetesObject[] }>(
    path('Pod', namespace),
    (it) => it?.items.length === count,
    { what: `${count} Pods` },
  );
  for (const { metadata } of list?.items ?? []) {
    const { name } = metadata;
    await api.post(`${path('Pod', namespace, name)}/binding`, {
      ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace } },
      target: { apiVersion: 'v1', kind: 'Node', name: 'a-node' },
    });
  }
}

const rolledIn = ({ outcomes }: Report): string[] =>
  outcomes.filter(({ written }) => written).map(({ name }) => name);

test('a cluster moves from Reloader to wave-cron without a changed manifest and without a restart', async (t) => {
  const namespace = await withSources(t);
  await nextSecond();
  await change(namespace, 'ConfigMap', 'used', '1 and the rest');
  await nextSecond();
  // The two kinds of changes that Reloader makes to templates to roll them.
  const left = { env: [{ name: 'STAKATER_USED_CONFIGMAP', value: 'ab2f' }] };
  const [container] = pod['containers'] as [Fields];
  await api.create(
    deployment({
      namespace,
      name: 'd',
      replicas: 1,
      annotations: { [auto]: 'true' },
      pod: { containers: [{ ...container, ...left }] },
    }),
  );
  await api.create(
    statefulSet({
      namespace,
      name: 's',
      replicas: 1,
      podAnnotations: { [auto]: 'true', 'reloader.stakater.com/last-reloaded-from': '{}' },
      pod,
    }),
  );
  await api.create(daemonSet({ namespace, name: 'n', annotations: { [maps]: 'unused' }, pod }));
  const kinds = { d: 'Deployment', s: 'StatefulSet', n: 'DaemonSet' } as const;
  const count = async () =>
    Promise.all(Object.entries(kinds).map(([name, kind]) => rollouts(kind, namespace, name)));
  assert.deepEqual(await count(), [1, 1, 1]);
  await placed(namespace, 2);
  const all = (reason: string) =>
    Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [`${kind}/${name}`, reason]));

  assert.deepEqual(
    (
      await runPass(namespace, {
        settings: { adoption: 'if-changed' as const, clockTolerance: '0s' },
      })
    ).outcomes,
    [],
  );
  const plan = await runPass(namespace, { ...moving, write: false });
  assert.deepEqual(reasonsIn(plan), all('Adopted'));
  assert.deepEqual(reasonsIn(await runPass(namespace, moving)), all('Adopted'));
  assert.deepEqual(reasonsIn(await runPass(namespace, moving)), all('UpToDate'));
  assert.deepEqual(await count(), [1, 1, 1]);

  await change(namespace, 'ConfigMap', 'unused', '2');
  assert.deepEqual(rolledIn(await runPass(namespace, moving)), ['n']);
  await change(namespace, 'Secret', 'used', '2');
  assert.deepEqual(rolledIn(await runPass(namespace, moving)), ['d', 's']);
  assert.deepEqual(await count(), [2, 2, 2]);
});

test('each annotation of Reloader rolls a workload for the changes that Reloader would roll it for', async (t) => {
  const namespace = await withSources(t);
  const workloads: Record<string, Record<string, string>> = {
    all: { [auto]: 'true' },
    'all-but-map': { [auto]: 'true', 'configmaps.exclude.reloader.stakater.com/reload': 'used' },
    'just-maps': { [`configmap.${auto}`]: 'true' },
    'just-secrets': { [`secret.${auto}`]: 'true' },
    'list-of-maps': { [maps]: 'unused' },
    'list-of-secrets': { [secrets]: 'unused,absent' },
    off: { [auto]: 'false' },
    searching: { [search]: 'true' },
  };
  for (const [name, annotations] of Object.entries(workloads)) {
    await api.create(deployment({ namespace, name, annotations, pod }));
    // The same annotations on the template, which Reloader reads if the workload has none. Exclusions only
    // count on the workload itself.
    const excluded = Object.fromEntries(
      Object.entries(annotations).filter(([key]) => key.includes('.exclude.')),
    );
    await api.create(
      deployment({
        namespace,
        name: `t-${name}`,
        annotations: excluded,
        podAnnotations: annotations,
        pod,
      }),
    );
  }
  await annotate(path('Secret', namespace, 'used'), { [match]: 'true' });
  await runPass(namespace, compatible);

  const expected = [
    ['ConfigMap', 'used', ['all', 'just-maps']],
    ['Secret', 'used', ['all', 'all-but-map', 'just-secrets', 'searching']],
    ['ConfigMap', 'unused', ['list-of-maps']],
    ['Secret', 'unused', ['list-of-secrets']],
  ] as const;
  for (const [kind, source, names] of expected) {
    await change(namespace, kind, source, '2');
    const rolled = rolledIn(await runPass(namespace, compatible));
    assert.deepEqual(rolled, [...names, ...names.map((name) => `t-${name}`)], `${kind}/${source}`);
  }
  assert.deepEqual(rolledIn(await runPass(namespace, compatible)), []);
  assert.deepEqual(await templateAnnotations(namespace, 'off'), {});
});

test('a source in a list may appear and disappear, and a source without data is not absent', async (t) => {
  const namespace = await withSources(t);
  await api.create(deployment({ namespace, name: 'web', annotations: { [maps]: 'later' }, pod }));
  const outcome = async () => outcomeOf(await runPass(namespace, compatible), 'web');
  assert.equal((await outcome()).reason, 'FirstSeen');
  await api.create(configMap({ namespace, name: 'later' }));
  assert.equal((await outcome()).sentence, 'ConfigMap/later now exists');
  await api.delete(path('ConfigMap', namespace, 'later'));
  assert.equal((await outcome()).sentence, 'ConfigMap/later no longer exists');
});

test('an optional source that a search finds rolls nothing until its annotation says that it matches', async (t) => {
  const namespace = await withSources(t);
  const pod = using({ configMap: 'later', optional: true });
  await api.create(deployment({ namespace, name: 'web', annotations: { [search]: 'true' }, pod }));
  const reason = async () => outcomeOf(await runPass(namespace, compatible), 'web').reason;
  assert.equal(await reason(), 'UpToDate');
  await api.create(configMap({ namespace, name: 'later', data: { a: '1' } }));
  assert.equal(await reason(), 'UpToDate');
  await annotate(path('ConfigMap', namespace, 'later'), { [match]: 'true' });
  assert.equal(await reason(), 'FirstSeen');
});

test('a source with the ignore annotation of Reloader is ignored everywhere, but only with the setting', async (t) => {
  const namespace = await withSources(t);
  await annotate(path('ConfigMap', namespace, 'used'), { [ignore]: 'true' });
  await api.create(deployment({ namespace, name: 'theirs', annotations: { [auto]: 'true' }, pod }));
  await api.create(deployment({ namespace, name: 'ours', annotations: optedIn, pod }));
  await runPass(namespace, compatible);
  await change(namespace, 'ConfigMap', 'used', '2');
  assert.deepEqual(rolledIn(await runPass(namespace, compatible)), []);
  assert.deepEqual(rolledIn(await runPass(namespace)), ['ours']);
});

test('if the annotations of both families contradict each other, there is a Warning, and nothing rolls', async (t) => {
  const namespace = await withSources(t);
  const optIn = `${prefix}/update-on-config-change`;
  await api.create(
    deployment({ namespace, name: 'a', annotations: { [optIn]: 'false', [auto]: 'true' }, pod }),
  );
  await api.create(
    deployment({ namespace, name: 'b', annotations: { [optIn]: 'true', [auto]: 'false' }, pod }),
  );
  await api.create(deployment({ namespace, name: 'c', annotations: { [maps]: 'shop-.*' }, pod }));
  const report = await runPass(namespace, compatible);
  assert.deepEqual(Object.values(reasonsIn(report)), Array(3).fill('InvalidAnnotation'));
  for (const name of ['a', 'b', 'c']) {
    const [event, ...others] = await eventsAbout(namespace, name);
    assert.deepEqual(others, []);
    assert.deepEqual([event?.type, event?.reason], ['Warning', 'InvalidAnnotation']);
    assert.equal(event?.note, outcomeOf(report, name).sentence);
    assert.deepEqual(await templateAnnotations(namespace, name), {});
  }
});

test('if the annotations of both families agree, both count, and the rollout says so', async (t) => {
  const namespace = await withSources(t);
  await api.create(
    deployment({ namespace, name: 'web', annotations: { ...optedIn, [maps]: 'unused' }, pod }),
  );
  const told =
    'annotations of wave-cron and of Reloader both opt it in: a source counts if one of them includes it and neither excludes it';
  await runPass(namespace, compatible);
  for (const name of ['used', 'unused']) {
    await change(namespace, 'ConfigMap', name, '2');
    const { sentence } = outcomeOf(await runPass(namespace, compatible), 'web');
    assert.equal(sentence, `ConfigMap/${name} changed; ${told}`);
  }
});

test('ownership applies to sources in annotations of Reloader, and removing the annotations undoes it completely', async (t) => {
  const namespace = await withSources(t);
  const owning = { settings: { ...compatible.settings, ownership: 'finalizer' as const } };
  await api.create(
    deployment({ namespace, name: 'web', annotations: { [secrets]: 'unused' }, pod }),
  );
  const web = path('Deployment', namespace, 'web');
  const ownersOf = async (kind: 'Secret', name: string) => {
    const { metadata } = await api.get(path(kind, namespace, name));
    const owners = (metadata['ownerReferences'] ?? []) as { kind: string }[];
    return owners.map((owner) => owner.kind).sort();
  };
  const finalizers = async () => {
    const { metadata } = await api.get<KubernetesObject>(web);
    return metadata['finalizers'] ?? [];
  };
  await runPass(namespace, owning);
  assert.deepEqual(await ownersOf('Secret', 'unused'), ['Deployment', 'Namespace']);
  assert.deepEqual(await ownersOf('Secret', 'used'), []);
  assert.deepEqual(await finalizers(), [`${prefix}/finalizer`]);
  const before = await templateAnnotations(namespace, 'web');

  await annotate(web, { [secrets]: null });
  assert.equal(outcomeOf(await runPass(namespace, owning), 'web').reason, 'OptedOut');
  assert.deepEqual(await ownersOf('Secret', 'unused'), []);
  assert.deepEqual(await finalizers(), []);
  assert.deepEqual(await templateAnnotations(namespace, 'web'), before);
});

test('finding the workloads of Reloader costs no request', async (t) => {
  const namespace = await withSources(t);
  await api.create(deployment({ namespace, name: 'web', annotations: { [auto]: 'false' }, pod }));
  const without = await runPass(namespace);
  const using = await runPass(namespace, compatible);
  assert.deepEqual([using.outcomes, using.requests], [[], without.requests]);
});

test('optIn: all with the annotations of Reloader works like its flag --auto-reload-all', async (t) => {
  const namespace = await withSources(t);
  const all = { settings: { ...compatible.settings, optIn: 'all' } } as const;
  const annotated: Readonly<Record<string, Record<string, string>>> = {
    plain: {},
    out: { [auto]: 'false' },
    'no-maps': { [`configmap.${auto}`]: 'false' },
    ours: { [`${prefix}/update-on-config-change`]: 'false' },
  };
  for (const [name, annotations] of Object.entries(annotated)) {
    await api.create(deployment({ namespace, name, annotations, pod }));
  }
  assert.deepEqual(reasonsIn(await runPass(namespace, all)), {
    'Deployment/no-maps': 'FirstSeen',
    'Deployment/plain': 'FirstSeen',
  });
  await change(namespace, 'ConfigMap', 'used', '2');
  assert.deepEqual(reasonsIn(await runPass(namespace, all)), {
    'Deployment/no-maps': 'UpToDate',
    'Deployment/plain': 'ConfigChanged',
  });
  await change(namespace, 'Secret', 'used', '2');
  assert.deepEqual(reasonsIn(await runPass(namespace, all)), {
    'Deployment/no-maps': 'ConfigChanged',
    'Deployment/plain': 'ConfigChanged',
  });
});

test('within the pause period of Reloader, several changes of a Deployment make one rollout', async (t) => {
  const namespace = await withSources(t);
  const annotations = { [auto]: 'true', 'deployment.reloader.stakater.com/pause-period': '1h' };
  await api.create(deployment({ namespace, name: 'web', annotations, pod }));
  const pass = (wallTime?: () => Date) =>
    runPass(namespace, { ...compatible, ...(wallTime && { wallTime }) });
  assert.equal(outcomeOf(await pass(), 'web').reason, 'Settling');
  await change(namespace, 'ConfigMap', 'used', '2');
  const held = outcomeOf(await pass(), 'web');
  assert.equal(held.reason, 'Settling');
  assert.match(
    held.sentence,
    /less than 1h ago, .*annotation deployment\.reloader\.stakater\.com\/pause-period/,
  );
  const later = () => new Date(Date.now() + 3_601_000);
  assert.equal(outcomeOf(await pass(later), 'web').reason, 'FirstSeen');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
});

test('annotations about SecretProviderClasses do not opt in, and an opted-in workload says that they have no effect', async (t) => {
  const namespace = await withSources(t);
  const classes = { [`secretproviderclass.${auto}`]: 'true' };
  await api.create(deployment({ namespace, name: 'alone', annotations: classes, pod }));
  const annotations = { ...classes, [auto]: 'true' };
  await api.create(deployment({ namespace, name: 'both', annotations, pod }));
  const report = await runPass(namespace, compatible);
  assert.deepEqual(reasonsIn(report), { 'Deployment/both': 'FirstSeen' });
  assert.match(
    outcomeOf(report, 'both').sentence,
    /; annotation secretproviderclass\.reloader\.stakater\.com\/auto has no effect, because the setting sourceKinds does not include SecretProviderClass$/,
  );
});
