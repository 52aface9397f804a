/** No restart is claimed that does not happen: what each kind has to be asked for. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { CustomKind } from '../../../lib/kubernetes/kinds.ts';
import type { Fields } from '../../../tools/control-plane/api.ts';
import { outcomeOf, reasonsIn } from '../run-pass.ts';
import {
  advancedStatefulSet,
  cloneSet,
  defineAllKinds,
  deploymentConfig,
  knativeService,
  rollout,
  unknown,
} from './definitions.ts';
import { kindStage } from './stage.ts';

before(defineAllKinds);

const refused: readonly [CustomKind, string, Fields, RegExp][] = [
  [
    cloneSet,
    'updates in place',
    { updateStrategy: { type: 'InPlaceIfPossible' } },
    /updateStrategy\.type is InPlaceIfPossible, so OpenKruise changes an annotation of running Pods/,
  ],
  [
    cloneSet,
    'updates in place only',
    { updateStrategy: { type: 'InPlaceOnly' } },
    /restarts none: set it to ReCreate/,
  ],
  [
    advancedStatefulSet,
    'updates in place',
    { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible' } } },
    /podUpdatePolicy is InPlaceIfPossible/,
  ],
  [
    deploymentConfig,
    'has no trigger ConfigChange',
    { triggers: [{ type: 'ImageChange' }] },
    /no trigger ConfigChange, .*: oc -n .* set triggers dc\/web --from-config adds it/,
  ],
  [deploymentConfig, 'has no triggers', { triggers: [] }, /no trigger ConfigChange/],
  [
    rollout,
    'has its template in a Deployment',
    {
      template: undefined,
      selector: undefined,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
    },
    /its pod template is that of Deployment "app", which its workloadRef names/,
  ],
];

for (const [kind, what, spec, why] of refused) {
  test(`${kind} that ${what}: it is told, and no hash is written`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create({ spec });
    const report = await stage.pass();
    assert.deepEqual(reasonsIn(report), { [`${kind}/web`]: 'CannotRestart' });
    assert.match(outcomeOf(report, 'web').sentence, why);
    assert.equal(await stage.hash(), undefined);
  });
}

test('a Service of Knative whose template has a name is told, and no hash is written', async (t) => {
  const stage = await kindStage(t, knativeService);
  await stage.create({ spec: { template: { metadata: { name: 'web-v1' }, spec: {} } } });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [`${knativeService}/web`]: 'CannotRestart' });
  assert.match(outcomeOf(report, 'web').sentence, /remove spec\.template\.metadata\.name/);
  assert.equal(await stage.hash(), undefined);
});

test('a StatefulSet and a CloneSet of OpenKruise that recreate their Pods get a hash', async (t) => {
  const strategies: [CustomKind, Fields][] = [
    [cloneSet, { updateStrategy: { type: 'ReCreate' } }],
    [advancedStatefulSet, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'ReCreate' } } }],
  ];
  for (const [kind, spec] of strategies) {
    const stage = await kindStage(t, kind);
    await stage.create({ spec });
    assert.deepEqual(reasonsIn(await stage.pass()), { [`${kind}/web`]: 'FirstSeen' });
  }
});

test('of a kind that is not known, no restart is claimed', async (t) => {
  const stage = await kindStage(t, unknown);
  await stage.create();
  const { sentence } = outcomeOf(await stage.pass(), 'web');
  assert.match(sentence, /: the hash is written; wave-cron does not know how the controller/);
  assert.doesNotMatch(sentence, /restarts it once/);
});

test('a Rollout that waits for a promotion, or is in its steps, says when the other Pods restart', async (t) => {
  const promoted = await kindStage(t, rollout);
  await promoted.create({ spec: { strategy: { canary: { steps: [{ pause: {} }] } } } });
  assert.match(
    outcomeOf(await promoted.pass(), 'web').sentence,
    /its strategy waits: the last Pods restart when somebody promotes it/,
  );
});
