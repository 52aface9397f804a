/**
 * Changes, rollouts by another tool, undos, scalings and passes in a random order, with `restart: if-stale`.
 * Whenever nothing is left to do, every Pod must run with the current configuration. WAVE_CRON_SEED repeats a
 * walk, and WAVE_CRON_STEPS makes it longer.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { mulberry32 } from '../../mulberry32.ts';
import { workloadKinds } from '../run-pass.ts';
import { type App, nextSecond, startApp } from './app.ts';

const steps = Number(process.env['WAVE_CRON_STEPS'] ?? '12');
const seed = Number(process.env['WAVE_CRON_SEED'] ?? randomInt(2 ** 31));

suite(`a random walk with restart: if-stale (WAVE_CRON_SEED=${seed})`, {
  skip: skipWithoutNodeAgent(),
  concurrency: 3,
}, () => {
  for (const [i, kind] of workloadKinds.entries()) {
    test(`leaves no Pod of a ${kind} with an old configuration`, async (t) => {
      const app = await startApp(t, kind, { subPath: false });
      const next = mulberry32(seed + i);
      const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
      const file = path(kind, app.namespace, 'web');
      const done: string[] = [];
      const checksums = ['start'];
      let isSeen = true;

      const pass = async () => {
        const reason = await app.reason();
        isSeen = true;
        return reason.split(':')[0];
      };
      const actions: Readonly<Record<string, () => Promise<unknown>>> = {
        pass,
        async change() {
          // A value that comes and goes between two passes cannot be seen, so a pass runs between two changes.
          if (!isSeen) await pass();
          const data = {
            level: pick(['A', 'B', 'C']),
            ...pick([{}, { more: '1' }, { more: null }]),
          };
          await app.change(data);
          isSeen = false;
          return JSON.stringify(data);
        },
        async remake() {
          if (!isSeen) await pass();
          const metadata = { namespace: app.namespace, name: 'settings' };
          await app.api.delete(path('ConfigMap', app.namespace, 'settings'));
          await app.api.create({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata,
            data: { level: pick(['A', 'B']) },
          });
          isSeen = false;
        },
        async roll() {
          const checksum = `${checksums.length}`;
          checksums.push(checksum);
          await app.roll(checksum);
        },
        /**
         * An upgrade like the upgrade of a chart with a checksum annotation. The template is
         * written in a later second than the configuration.
         */
        async upgrade() {
          const said = await actions['change']?.();
          await nextSecond();
          await actions['roll']?.();
          return said;
        },
        async done() {
          await rolledOut(app);
          return await pass();
        },
        async undo() {
          await app.roll(pick(checksums));
        },
        async scale() {
          if (kind !== 'DaemonSet')
            await app.api.patch(file, { spec: { replicas: pick([0, 1, 2, 3]) } });
        },
        async kill() {
          const pods = await app.api.list(path('Pod', app.namespace));
          const pod = pods[0];
          if (pod !== undefined)
            await app.api.delete(path('Pod', app.namespace, pod.metadata.name));
        },
        wait: () => pause(pick([50, 300, 1_100])),
      };
      const wanted = [
        'pass',
        'pass',
        'pass',
        'change',
        'change',
        'remake',
        'upgrade',
        'upgrade',
        'upgrade',
        'done',
        'done',
        'done',
        'roll',
        'roll',
        'roll',
        'undo',
        'scale',
        'kill',
        'wait',
        'wait',
        'wait',
      ];

      for (let round = 1; round <= 3; round += 1) {
        for (let step = 0; step < steps; step += 1) {
          const action = pick(wanted);
          done.push(`${action} ${(await actions[action]?.()) ?? ''}`.trim());
        }
        done.push(`quiet ${(await quiet(app)).join(' ')}`);
        const { data = {} } = await app.api.get<
          KubernetesObject & { data?: Record<string, string> }
        >(path('ConfigMap', app.namespace, 'settings'));
        isSeen = true;
        const now = JSON.stringify([data['level'] ?? 'none', data['more'] ?? 'none']);
        for (const running of await app.environments()) {
          const pod = JSON.stringify([
            running['APP_level'] ?? 'none',
            running['APP_more'] ?? 'none',
          ]);
          assert.equal(pod, now, done.join('\n'));
        }
      }
    });
  }
});

/** Runs passes until there is nothing left to do, and waits for each rollout. Returns the reasons. */
async function quiet(app: App): Promise<string[]> {
  const reasons: string[] = [];
  for (let pass = 0; pass < 6; pass += 1) {
    await rolledOut(app);
    const reason = (await app.reason()).split(':')[0] ?? '';
    reasons.push(reason);
    if (reason === 'UpToDate') return reasons;
  }
  throw new Error(`it does not come to rest: ${reasons.join(' ')}`);
}

/**
 * Waits until the rollout has finished. The agent may leave a Pod running that was deleted in the moment of its
 * start, also during this rollout. A StatefulSet waits for such a Pod, so it is deleted by force.
 */
async function rolledOut(app: App): Promise<void> {
  const done = app.done().then(() => true);
  do await endTerminating(app);
  while (!(await Promise.race([done, pause(2_000, false)])));
}

async function endTerminating({ api, namespace }: App): Promise<void> {
  for (const { metadata } of await api.list(path('Pod', namespace))) {
    if (metadata['deletionTimestamp'] == null) continue;
    await api.delete(path('Pod', namespace, metadata.name), { gracePeriodSeconds: 0 });
  }
}
