/**
 * The admission policy for workloads: the values that the account records about held rollouts, and the
 * decisions that only people may make.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf, annotations } from '../../../lib/rules/annotations.ts';
import { formatHistory } from '../../../lib/rules/rollout-policy/history.ts';
import { formatPending } from '../../../lib/rules/rollout-policy/pending.ts';
import { hasKubectl } from '../../../tools/control-plane/testing.ts';
import { recordAnnotation } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  optedIn,
  prefix,
  sourcesAnnotation,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { accountOfSuite } from './account.ts';
import { onWorkload, workload } from './workload.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const { rolloutHistory: history, pendingConfig: pending, adopted } = annotationKeysOf(prefix);
const time = '2026-11-30T07:00:00Z';
const now = Date.parse(time);
const hash = 'a'.repeat(64);
const uid = '01234567-89ab-cdef-0123-456789abcdef';

/** Annotations that only people set on a workload. */
const decisions = Object.values(annotations)
  .filter(({ on, by }) => on.startsWith('workload') && by === 'owner')
  .map(({ name }) => `${prefix}/${name}`);

/**
 * The history of a workload with this number of versions on trial. The names of their sources have the maximum
 * length.
 */
function historyWith(versions: number): string {
  const names = Array.from({ length: versions }, (_, i) => `${i}`.padStart(253, 'x'));
  const version = `${uid},18446744073709551615,${time}`;
  const given = new Map(
    names.map((name) => [
      `ConfigMap/${'y'.repeat(63)}/${name}`,
      { version, at: now, failed: true },
    ]),
  );
  return formatHistory(Array<number>(100).fill(now), now, 100, { hash, given });
}

const pendingWith = (keyId: string | undefined, reason: string | undefined) =>
  formatPending({ hash, keyId, since: now, reason });

suite('the admission policy for workloads, about rollouts,', { skip, concurrency: 4 }, () => {
  const shipped = accountOfSuite();

  for (const kind of workloadKinds) {
    test(`allows the history of a ${kind} as a pass writes it, and nothing else`, async () => {
      const it = await workload(shipped.account, kind, { annotations: optedIn });
      const times = (count: number) => JSON.stringify(Array.from({ length: count }, () => time));
      const object = (more: object) =>
        JSON.stringify({ times: [time], hash: hash.slice(52), ...more });
      const given = (more: object, name = 'ConfigMap/app') =>
        object({ given: { [name]: { version: `${uid},7,`, at: time, ...more } } });
      for (const wrong of [
        ...['text', '{}', '[]', '["text"]', `["${time}"]\n`, `["${time}",1]`],
        ...['["2026-11-30T07:00:00.5Z"]', times(10_000), 'x'.repeat(240_000)],
        ...[object({ times: [] }), object({ times: ['x'] }), object({ hash }), object({ more: 1 })],
        ...[`${object({})}\n`, `${object({})} `, object({ given: {} }), object({ given: [] })],
        ...[
          given({ more: 1 }),
          given({ version: 7 }),
          given({ version: 'a"b' }),
          given({ at: 'x' }),
        ],
        ...[given({ version: 'a\nb' }), given({ version: 'a\u009bb' }), given({ failed: false })],
        ...[given({}, 'Pod/app'), given({}, 'ConfigMap/A'), given({ version: 'x'.repeat(33_000) })],
      ]) {
        await it.refuses('values', onWorkload({ [history]: wrong }));
      }
      for (const right of [
        // Values of an earlier version of wave-cron.
        ...[times(1), times(100)],
        ...[object({}), given({}), given({ failed: true }), given({}, 'Secret/other/app')],
        // The version of a SecretProviderClass has a digest of the mounted objects.
        given({ version: `${uid},7:${'a'.repeat(32)},` }, 'SecretProviderClass/vault'),
        ...[historyWith(0), historyWith(1), historyWith(50)],
      ]) {
        await it.write(onWorkload({ [history]: right }));
      }
      await it.write(onWorkload({ [history]: null }));
    });

    test(`allows the held configuration of a ${kind} as a pass writes it, and nothing else`, async () => {
      const it = await workload(shipped.account, kind, { annotations: optedIn });
      const since = time;
      for (const wrong of [
        ...['text', '{}', '[]', '', 'x'.repeat(240_000), JSON.stringify({ hash })],
        ...[
          { hash: 'A'.repeat(64), since },
          { hash: `${hash}0`, since },
          { hash, since: 'x' },
        ].map((each) => JSON.stringify(each)),
        ...[`${pendingWith(undefined, undefined)}\n`, ` ${pendingWith(undefined, undefined)}`],
        ...[pendingWith('5F3A0000', 'Paused'), pendingWith('5f3a', 'Paused')],
        ...[pendingWith(undefined, 'a b'), pendingWith(undefined, 'x'.repeat(200))],
        JSON.stringify({ hash, since, reason: 'Paused', more: 1 }),
      ]) {
        await it.refuses('values', onWorkload({ [pending]: wrong }));
      }
      for (const keyId of [undefined, '01234567']) {
        for (const reason of [undefined, 'Paused', 'PolicyUnreadable', 'StoppedByFailure']) {
          await it.write(onWorkload({ [pending]: pendingWith(keyId, reason) }));
        }
      }
      await it.write(onWorkload({ [pending]: null }));
    });

    test(`does not let the account set, change or remove any decision of a person on a ${kind}`, async () => {
      assert.deepEqual(
        decisions.filter((name) => /\/(rollout-|approved-)/.test(name)).sort(),
        [
          ...['approved-config', 'rollout-approval', 'rollout-cooldown', 'rollout-now'],
          ...['rollout-order', 'rollout-pause', 'rollout-settle', 'rollout-strategy'],
          'rollout-windows',
        ].map((name) => `${prefix}/${name}`),
      );
      const bare = await workload(shipped.account, kind, { annotations: optedIn });
      const decided = Object.fromEntries(decisions.map((name) => [name, 'x']));
      const full = await workload(shipped.account, kind, {
        annotations: { ...decided, ...optedIn },
      });
      for (const name of decisions) {
        if (!Object.hasOwn(optedIn, name)) {
          await bare.refuses('annotations', onWorkload({ [name]: hash }));
        }
        await full.refuses('annotations', onWorkload({ [name]: hash }));
        await full.refuses('annotations', onWorkload({ [name]: null }));
      }
      // A decision is denied also in the same request as an allowed change.
      const approval = { [pending]: pendingWith(undefined, 'AwaitingApproval') };
      await bare.write(onWorkload(approval));
      await bare.refuses(
        'annotations',
        onWorkload({ [pending]: null, [`${prefix}/approved-config`]: hash }),
      );
    });

    test(`accepts an update of a ${kind} with all values at their maximum size`, async () => {
      const it = await workload(shipped.account, kind, { annotations: optedIn });
      const long = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 8) });
      const names = Array.from({ length: 3000 }, (_, i) => `ConfigMap/${i}`);
      const all = (i: number) => ({
        metadata: {
          annotations: {
            [adopted]: long(66_560 - i),
            [history]: historyWith(50 - i),
            [pending]: pendingWith('01234567', 'x'.repeat(64 - i)),
            [recordAnnotation]: JSON.stringify([...names, `Secret/${i}`]),
            [`${prefix}/written-hash`]: `${i}`.repeat(64),
          },
        },
        spec: {
          template: {
            metadata: {
              annotations: {
                [hashAnnotation]: `${i}`.repeat(64),
                [sourcesAnnotation]: long(65_536 - i),
              },
            },
          },
        },
      });
      await it.write(all(0));
      await it.write(all(1));
    });
  }
});
