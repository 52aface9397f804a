/**
 * The admission policy for workloads: the changes that an opt-in allows, the form and size of values, and the
 * conditions for adding the finalizer.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { hasKubectl } from '../../../tools/control-plane/testing.ts';
import { finalizer, recordAnnotation } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  optedIn,
  prefix,
  sourcesAnnotation,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { accountOfSuite } from './account.ts';
import { onTemplate, onWorkload, workload } from './workload.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const adopted = `${prefix}/adopted`;
const history = `${prefix}/rollout-history`;
const pending = `${prefix}/pending-config`;
const time = '2026-11-30T07:00:00Z';
const written = `${prefix}/written-hash`;
const hash = 'a'.repeat(64);
const pendingOf = (config: string) => JSON.stringify({ hash: config, since: time });
const names = JSON.stringify(['ConfigMap/settings', 'Secret/login.example']);
const others = JSON.stringify(['ConfigMap/settings', '*']);

suite('the admission policy for workloads', { skip, concurrency: 4 }, () => {
  const shipped = accountOfSuite();
  const withReloader = accountOfSuite({
    overlay: {
      patches: [
        {
          target: { kind: 'ValidatingAdmissionPolicy', name: 'wave-cron-workloads' },
          patch: JSON.stringify([
            {
              op: 'replace',
              path: '/spec/variables/1',
              value: { name: 'compatibility', expression: '["reloader"]' },
            },
          ]),
        },
      ],
    },
  });

  for (const kind of workloadKinds) {
    test(`denies rolling a ${kind} that did not opt in, and blocking its deletion`, async () => {
      for (const annotations of [{}, { [`${prefix}/update-on-config-change`]: 'false' }]) {
        const it = await workload(shipped.account, kind, { annotations });
        await it.refuses('opt-in', onTemplate({ [hashAnnotation]: hash }));
        await it.refuses('opt-in', onTemplate({ [sourcesAnnotation]: '{}' }));
        await it.refuses('opt-in', onWorkload({ [adopted]: '{}' }));
        await it.refuses('opt-in', onWorkload({ [history]: JSON.stringify([time]) }));
        await it.refuses('opt-in', onWorkload({ [pending]: pendingOf(hash) }));
        await it.refuses('opt-in', onWorkload({ [written]: hash }));
        await it.refuses('opt-in', onWorkload({ [recordAnnotation]: names }));
        await it.refuses('opt-in', onWorkload({ [recordAnnotation]: names }, [finalizer]));
        await it.refuses('opt-in', onWorkload({}, [finalizer]));
        const optIn = { [`${prefix}/update-on-config-change`]: 'true' };
        await it.refuses('annotations', onWorkload({ ...optIn, [adopted]: '{}' }));
      }
    });

    test(`lets the account remove everything of wave-cron from a ${kind} that opted out`, async () => {
      const it = await workload(shipped.account, kind, {
        annotations: {
          [adopted]: '{}',
          [recordAnnotation]: names,
          [history]: `["${time}"]`,
          [pending]: pendingOf(hash),
          [written]: hash,
        },
        podAnnotations: { [hashAnnotation]: hash, [sourcesAnnotation]: '{}' },
        finalizers: ['example.com/keep', finalizer],
      });
      await it.refuses('opt-in', onTemplate({ [hashAnnotation]: 'b'.repeat(64) }));
      // Sources that still have an owner reference stay recorded.
      await it.write(onWorkload({ [recordAnnotation]: '["Secret/login.example"]' }));
      await it.write(
        onWorkload(
          {
            [adopted]: null,
            [recordAnnotation]: null,
            [history]: null,
            [pending]: null,
            [written]: null,
          },
          ['example.com/keep'],
        ),
      );
      await it.write(onTemplate({ [hashAnnotation]: null, [sourcesAnnotation]: null }));
      const { metadata, spec } = await it.get();
      const text = JSON.stringify({ ...metadata, managedFields: [], spec });
      assert.doesNotMatch(text, new RegExp(prefix));
      await it.admin({ metadata: { finalizers: null } });
    });

    test(`allows only short and valid annotations on a ${kind} that opted in`, async () => {
      const it = await workload(shipped.account, kind, { annotations: optedIn });
      for (const wrong of ['x'.repeat(240_000), 'A'.repeat(64), `${hash}0`, `${hash}\n`, '']) {
        await it.refuses('values', onTemplate({ [hashAnnotation]: wrong }));
      }
      const long = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 8) });
      for (const wrong of [long(70_000), 'text', '{}\n', '{"a":\u0007}']) {
        await it.refuses('values', onTemplate({ [sourcesAnnotation]: wrong }));
        await it.refuses('values', onWorkload({ [adopted]: wrong }));
      }
      for (const wrong of [
        '',
        '{}',
        'text',
        hash.slice(1),
        `${hash}a`,
        hash.toUpperCase(),
        `${hash}\n`,
      ]) {
        await it.refuses('values', onWorkload({ [written]: wrong }));
      }
      for (const wrong of [
        ...['text', '{}', '[]', '["*","ConfigMap/a"]', '["ConfigMap/../a"]', '["ConfigMap/A"]'],
        JSON.stringify(Array.from({ length: 6000 }, (_, i) => `ConfigMap/${i}`)),
      ]) {
        await it.refuses('values', onWorkload({ [recordAnnotation]: wrong }));
      }
      if (kind !== 'DaemonSet') {
        const count = { 'deprecated.daemonset.template.generation': '7' };
        await it.refuses('annotations', onWorkload(count));
      }
      // The largest values that wave-cron writes.
      await it.write(onTemplate({ [hashAnnotation]: hash, [sourcesAnnotation]: long(65_536) }));
      const record = { template: hash, config: hash, sources: { a: 'x'.repeat(65_528) } };
      await it.write(onWorkload({ [adopted]: JSON.stringify(record), [written]: hash }));
      await it.write(onWorkload({ [written]: 'b'.repeat(64) }));
      await it.write(onWorkload({ [written]: null }));
      const all = JSON.stringify(Array.from({ length: 3000 }, (_, i) => `ConfigMap/${i}`));
      await it.write(onWorkload({ [recordAnnotation]: all }));
    });

    test(`allows the finalizer on a ${kind} only together with the names of sources`, async () => {
      const it = await workload(shipped.account, kind, { annotations: optedIn });
      await it.refuses('record', onWorkload({}, [finalizer]));
      await it.refuses('record', onWorkload({ [recordAnnotation]: '["*"]' }, [finalizer]));
      await it.refuses('record', onWorkload({ [recordAnnotation]: others }, [finalizer]));
      await it.refuses(
        'finalizers',
        onWorkload({ [recordAnnotation]: names }, [finalizer, finalizer]),
      );
      await it.write(onWorkload({ [recordAnnotation]: names }, [finalizer]));
      await it.refuses('record', onWorkload({ [recordAnnotation]: null }));
      await it.refuses('record', onWorkload({ [recordAnnotation]: others }));
      await it.write(onWorkload({ [recordAnnotation]: '["Secret/login.example"]' }));
      // If another account removed the names, other sources may still have an owner reference.
      await it.admin(onWorkload({ [recordAnnotation]: null }));
      await it.write(onWorkload({ [recordAnnotation]: others }));
      await it.write(onWorkload({ [recordAnnotation]: '["*"]' }));
      await it.write({ metadata: { annotations: { [recordAnnotation]: null }, finalizers: null } });
    });
  }

  test('respects the annotations of Reloader if its variables say so, on the workload or its pod template', async () => {
    const auto = { 'reloader.stakater.com/auto': 'true' };
    const other = await workload(shipped.account, 'Deployment', { annotations: auto });
    const change = onTemplate({ [hashAnnotation]: hash });
    await other.refuses('opt-in', change);
    const { account } = withReloader;
    for (const [name, value] of [
      ['reloader.stakater.com/auto', 'T'],
      ['reloader.stakater.com/search', 'true'],
      ['secret.reloader.stakater.com/auto', '1'],
      ['configmap.reloader.stakater.com/reload', 'settings'],
    ] as const) {
      const annotations = { [name]: value };
      await (await workload(account, 'Deployment', { annotations })).write(change);
      const onPods = { podAnnotations: annotations };
      await (await workload(account, 'Deployment', onPods)).write(change);
    }
    for (const annotations of [
      { 'reloader.stakater.com/auto': 'false' },
      { 'reloader.stakater.com/search': 'yes' },
      { 'configmap.reloader.stakater.com/reload': '' },
      { ...auto, [`${prefix}/update-on-config-change`]: 'false' },
    ]) {
      const it = await workload(account, 'Deployment', { annotations });
      await it.refuses('opt-in', change);
    }
    await (await workload(account, 'Deployment', { annotations: optedIn })).write(change);
  });
});
