import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { rolloutOf } from '../../../lib/rules/adoption/rollout.ts';
import { isOfNow, podsMeanwhile, whyPodsMayBeStale } from '../../../lib/rules/pod-staleness.ts';
import type { AdoptionFacts, Workload } from '../../../lib/rules/workload.ts';
import { podsCreated, seenWith, someSource, templateWith, usingSettings } from './some-compared.ts';

const { hash = '' } = templateWith(someSource({ level: 'info' }));
const rollout = { ...rolloutOf('Deployment', {}), observed: true };
const at = '2026-11-30T09:30:00Z';
const read = (...times: readonly string[]) =>
  podsCreated(rollout.template, ...times) as Extract<PodsReading, { state: 'read' }>;
const young = read('2026-11-30T10:00:00Z');
const unreadable: PodsReading = { state: 'unreadable', why: '403' };
const facts: AdoptionFacts = {
  ...{ adoption: 'if-changed', changedBefore: true, podless: false, wave: undefined },
};

/** Pods without a node. They have not read any source yet. */
const notStarted: PodsReading = {
  ...young,
  groups: young.groups.map((group) => ({ ...group, oldest: undefined })),
};
const rolling: PodsReading = {
  ...young,
  replicaSets: [
    ...young.replicaSets,
    {
      ...{ uid: 'old', template: 'another', wantsPods: true },
      controller: { kind: 'Deployment', name: 'web', uid: 'web' },
    },
  ],
};

function why(more: Partial<AdoptionFacts> | undefined, pods?: PodsReading) {
  const adoptionFacts = more && { ...facts, ...more };
  const it: Workload = usingSettings({ adoptionFacts, rollout });
  const { configuration } = it;
  const references = configuration.kind === 'references' ? configuration.references : [];
  return whyPodsMayBeStale(it, references, seenWith(it), pods) ?? 'they cannot';
}

suite('the reason why the Pods of a workload without a hash may have another configuration', () => {
  const lost = { hash, at };
  const cases: readonly (readonly [string, RegExp, Parameters<typeof why>])[] = [
    ['is not asked if they are younger than their sources', /^they cannot$/, [{}, young]],
    ['is that nothing is known of its adoption', /^a hash was written and removed$/, [undefined]],
    ['is that they were not read', /could not be read: they were not read$/, [{}]],
    ['is that they could not be read', /could not be read: 403$/, [{}, unreadable]],
    ['is that a rollout is in progress', /^its rollout is in progress$/, [{}, rolling]],
    [
      'is that one of them is older than a source',
      /^Pod web-1-0 was created at/,
      [{}, read('2026-11-30T08:30:00Z')],
    ],
    [
      'is that a hash of another configuration was removed',
      /^a hash of another configuration/,
      [{ lost: { ...lost, hash: 'f'.repeat(64) } }, young],
    ],
    [
      'is that a hash was removed that cannot be read any more',
      /^a hash of another configuration/,
      [{ lost: { hash: undefined, at } }, young],
    ],
    [
      'is that a hash was removed, at an unknown time',
      /at an unknown time$/,
      [{ lost: { hash, at: undefined } }, young],
    ],
    ['is that a hash was removed', /^the hash was written at \S+ and removed$/, [{ lost }]],
    [
      'is that a hash was removed, and they could not be read',
      /and removed, and its Pods could not be read: 403$/,
      [{ lost }, unreadable],
    ],
    [
      'is that one of them is older than a hash that was removed',
      /Pod web-1-0 was created at 2026-11-30T09:30:10Z, not later by more than 10 s$/,
      [{ lost }, read('2026-11-30T09:30:10Z')],
    ],
    [
      'is that one of them has no time, and a hash was removed',
      /was created at an unknown time/,
      [{ lost }, read('')],
    ],
    [
      'is nothing if all are younger than a hash that was removed',
      /^they cannot$/,
      [{ lost }, read('2026-11-30T09:30:11Z')],
    ],
    ['does not exist if no Pod has a node yet', /^they cannot$/, [{ lost }, notStarted]],
    ['does not exist if there are no Pods', /^they cannot$/, [{ lost, podless: true }, young]],
  ];
  for (const [what, expected, args] of cases) {
    test(what, () => assert.match(why(...args), expected));
  }
});

test('a hash is that of the current configuration under any known key', () => {
  const { hashes } = seenWith(usingSettings());
  const earlier = [{ ...hashes.now, hash: 'e'.repeat(64) }];
  const isKnown = (of: string | undefined) =>
    isOfNow({ hash: of, at: undefined }, { ...hashes, earlier });
  assert.deepEqual([hash, 'e'.repeat(64), 'f'.repeat(64), undefined].map(isKnown), [
    true,
    true,
    false,
    false,
  ]);
});

test('for a workload whose hash is removed each time, a clause describes the known state of its Pods', () => {
  const it = usingSettings({ adoptionFacts: facts });
  const podless = usingSettings({ adoptionFacts: { ...facts, podless: true } });
  assert.equal(podsMeanwhile(podless, young, 'a doubt'), 'none of its Pods runs');
  assert.match(podsMeanwhile(it, young, undefined), /^its Pods run with the current/);
  assert.match(podsMeanwhile(it, young, 'a doubt'), /an older configuration \(a doubt\)$/);
  assert.match(podsMeanwhile(it, undefined, 'a doubt'), /an older configuration$/);
});
