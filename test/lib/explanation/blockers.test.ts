import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Circumstances, findBlockers } from '../../../lib/explanation/blockers.ts';
import type { ExplainedReference, NextPass } from '../../../lib/explanation/explanation.ts';
import type { ExplainedSources } from '../../../lib/explanation/sources.ts';
import { referencing, refused, someWorkload } from '../rules/some-workload.ts';

const reference = (state: ExplainedReference['state']): ExplainedReference => ({
  ...{ source: 'ConfigMap/settings', kind: 'ConfigMap', namespace: 'shop', name: 'settings' },
  ...{ keys: 'all', required: true, places: [], state, sentence: '' },
  ...{ writtenAt: null, recorded: null, now: null, change: null },
});
const sources = (
  references: readonly ExplainedReference[],
  missing: readonly string[] = [],
): ExplainedSources => ({
  hash: { recordedOn: null, recorded: null, template: null, now: null, differences: [] },
  references,
  missing,
});
const nextPass = (reason: NextPass['reason'] = 'UpToDate'): NextPass => ({
  ...{ reason, sentence: 'what it does', wouldRestart: false, certain: true, changed: [] },
  ...{ queueAsked: true, held: null },
  ownership: { referencesAdded: [], referencesRemoved: [], finalizer: 'kept' },
});
const lease = { namespace: 'ops', name: 'wave-cron', acquiredAt: null, renewedAt: null } as const;

/** The blockers of a workload. By default, it has none. */
function blockers(more: Partial<Circumstances> = {}): string[] {
  return findBlockers({
    workload: someWorkload({ configuration: referencing('ConfigMap/settings') }),
    optedIn: { yes: true, why: ['annotation a is "true"'] },
    inScope: { yes: true, why: [] },
    sources: sources([reference('present')]),
    nextPass: nextPass(),
    namespaceTerminating: false,
    podBlockers: [],
    lease: { ...lease, state: 'free', holder: null },
    ...more,
  });
}

suite('the blocker of a rollout', () => {
  test('does not exist if all is well', () => assert.deepEqual(blockers(), []));

  const held = { schedulerName: 'wave.pusher.com/invalid', original: 'default-scheduler' };
  const cases: readonly (readonly [string, Partial<Circumstances>, RegExp])[] = [
    [
      'that it is not opted in',
      { optedIn: { yes: false, why: ['why', 'a hint'] } },
      /^it is not opted in: why$/,
    ],
    [
      'that it is out of scope',
      { inScope: { yes: false, why: ['out of scope'] } },
      /^out of scope$/,
    ],
    [
      'that it is being deleted',
      {
        workload: someWorkload({
          deleting: true,
          configuration: referencing('ConfigMap/settings'),
        }),
      },
      /^it is being deleted$/,
    ],
    [
      'that its namespace is being deleted',
      { namespaceTerminating: true },
      /^namespace shop is being deleted$/,
    ],
    [
      'why its configuration is refused',
      { workload: someWorkload({ configuration: refused('TooLarge') }) },
      /^why it is refused$/,
    ],
    [
      'that it references nothing',
      { sources: sources([]) },
      /^it references no ConfigMap or Secret$/,
    ],
    [
      'that it references nothing that counts',
      { sources: sources([reference('ignored')]) },
      / other than ignored ones$/,
    ],
    [
      'a source that is missing',
      { sources: sources([reference('absent')], ['it is missing']) },
      /^it is missing$/,
    ],
    [
      'a source that could not be read',
      { sources: sources([reference('unreadable')]) },
      /^ConfigMap\/settings could not be read$/,
    ],
    ['that its hash is removed each time', { nextPass: nextPass('Reverted') }, /^what it does$/],
    [
      'that the rollout policy holds it',
      { nextPass: { ...nextPass('Paused'), held: { since: '2026-11-30T06:55:00Z', until: null } } },
      /^what it does$/,
    ],
    [
      'that Wave keeps its Pods from being scheduled',
      {
        workload: someWorkload({
          heldByWave: held,
          configuration: referencing('ConfigMap/settings'),
        }),
      },
      /schedulerName/,
    ],
    ['the reason why its Pods do not follow', { podBlockers: ['it is paused'] }, /^it is paused$/],
    [
      'that another process holds the Lease',
      { lease: { ...lease, state: 'held', holder: 'pod-1' } },
      /^Lease ops\/wave-cron is held by "pod-1"/,
    ],
  ];
  for (const [what, more, expected] of cases) {
    test(`is ${what}`, () => {
      const [sentence, ...others] = blockers(more);
      assert.match(sentence ?? '', expected);
      assert.deepEqual(others, []);
    });
  }

  test('is not repeated if it is also the reason why the workload is not opted in', () => {
    const it = blockers({
      optedIn: { yes: false, why: ['why it is refused'] },
      workload: someWorkload({ configuration: refused('InvalidAnnotation') }),
    });
    assert.deepEqual(it, ['it is not opted in: why it is refused']);
  });

  test('does not exist if it is only unknown whether the workload is in scope', () => {
    assert.deepEqual(blockers({ inScope: { yes: null, why: [] } }), []);
  });
});
