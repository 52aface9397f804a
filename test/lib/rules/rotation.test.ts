import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readSource } from '../../../lib/rules/reading.ts';
import {
  adopted,
  agreed,
  decideMounted,
  different,
  type Given,
  keys,
  mounting,
  recorded,
  type Sources,
  seenMounted,
  unknown,
} from './mounting.ts';

const first = recorded({}, { mounted: agreed('a') });
const decided = (given: Given, sources: Sources) => decideMounted(given, sources).reason;
const rotated = { rotatedIn: 'web-1' };

suite('mounted objects', () => {
  test('with the recorded versions change nothing', () => {
    assert.equal(decided(first, { mounted: agreed('a') }), 'UpToDate');
    assert.equal(decided(first, { mounted: agreed('a', rotated) }), 'UpToDate');
    assert.equal(decided(first, { mounted: unknown }), 'UpToDate');
  });

  test('that differ between Pods make the workload wait', () => {
    const proposal = decideMounted(first, { mounted: different });
    assert.equal(proposal.reason, 'Settling');
    assert.equal(proposal.hashAnnotations, undefined);
    assert.match(proposal.sentence, /^Pods web-1 and web-2 have different objects of Secret/);
  });

  test('that the driver has rotated in all Pods restart the Pods', () => {
    const proposal = decideMounted(first, { mounted: agreed('b', rotated) });
    assert.equal(proposal.reason, 'ConfigChanged');
    assert.deepEqual(proposal.changed, ['SecretProviderClass/vault']);
    assert.equal(proposal.sentence, 'mounted objects of SecretProviderClass/vault changed');
  });

  test('with which all Pods started are recorded without a restart', () => {
    const proposal = decideMounted(first, { mounted: agreed('b') });
    assert.equal(proposal.reason, 'AlreadyCurrent');
    const second = adopted(first, proposal);
    assert.equal(decided(second, { mounted: agreed('b') }), 'UpToDate');
    assert.equal(decided(second, { mounted: unknown }), 'UpToDate');
    // The template still has the hash of these versions.
    assert.equal(decided(second, { mounted: agreed('a', rotated) }), 'ConfigChanged');
  });

  test('with which the new Pods of a rollout started make the workload wait for its end', () => {
    const proposal = decideMounted(first, { mounted: agreed('b', { inAllPods: false }) });
    assert.equal(proposal.reason, 'Settling');
    assert.match(proposal.sentence, /every new Pod started with the current objects/);
    const held = adopted(first, proposal);
    assert.equal(decided(held, { mounted: agreed('b') }), 'AlreadyCurrent');
    // The new Pods started with other objects.
    assert.equal(decided(held, { mounted: agreed('a', rotated) }), 'ConfigChanged');
  });

  test('are compared again after the pod template changed', () => {
    const second = adopted(first, decideMounted(first, { mounted: agreed('b') }));
    const deployed = { ...second, image: '2' };
    for (const mounted of [unknown, different, agreed('b', { inAllPods: false })]) {
      assert.equal(decided(deployed, { mounted }), 'Settling');
    }
    const current = decideMounted(deployed, { mounted: agreed('b') });
    assert.equal(current.reason, 'AlreadyCurrent');
    assert.equal(decided(adopted(deployed, current), { mounted: agreed('b') }), 'UpToDate');
    assert.equal(decided(deployed, { mounted: agreed('c') }), 'AlreadyCurrent');
    assert.equal(decided(deployed, { mounted: agreed('b', rotated) }), 'ConfigChanged');
    assert.equal(decided(deployed, { mounted: agreed('c', rotated) }), 'ConfigChanged');
    assert.equal(decided(deployed, { mounted: agreed('b'), a: '2' }), 'ConfigChanged');
  });

  test('with unknown versions do not hold back another change', () => {
    for (const mounted of [unknown, different]) {
      const second = recorded(first, { mounted, a: '2' });
      assert.equal(decided(second, { mounted: agreed('a'), a: '2' }), 'UpToDate');
    }
  });

  test('are part of any other change', () => {
    const proposal = decideMounted(first, { mounted: agreed('b'), a: '2' });
    assert.equal(proposal.reason, 'ConfigChanged');
    assert.deepEqual(proposal.changed, ['ConfigMap/settings', 'SecretProviderClass/vault']);
  });

  test('with versions that were never known are recorded as soon as the versions are known', () => {
    const never = recorded({}, { mounted: unknown });
    assert.equal(decided(never, { mounted: unknown }), 'UpToDate');
    assert.equal(decided(never, { mounted: agreed('a') }), 'AlreadyCurrent');
    assert.equal(decided(never, { mounted: agreed('a', rotated) }), 'ConfigChanged');
  });

  test('of two classes are compared separately', () => {
    const given = { classes: ['vault', 'other'] };
    const both = recorded(given, { mounted: { vault: agreed('a'), other: agreed('a') } });
    const next = (vault: Sources['mounted'], other: Sources['mounted']) =>
      decideMounted(both, {
        mounted: { vault, other } as Record<string, ReturnType<typeof agreed>>,
      });
    assert.equal(next(agreed('a', rotated), agreed('b')).reason, 'AlreadyCurrent');
    assert.equal(next(unknown, agreed('b')).reason, 'AlreadyCurrent');
    const change = next(agreed('a'), agreed('b', rotated));
    assert.deepEqual(change.changed, ['SecretProviderClass/other']);
    assert.equal(next(different, agreed('b', rotated)).reason, 'ConfigChanged');
    assert.equal(next(different, agreed('a')).reason, 'Settling');
  });

  test('make the workload wait if the record is too large for their versions', () => {
    const template = { ...first.onTemplate };
    template[keys.configSources] = JSON.stringify({ sources: '2000' });
    const given = { ...first, onTemplate: template };
    assert.equal(decided(given, { mounted: unknown }), 'Settling');
    assert.match(
      decideMounted(given, { mounted: different }).sentence,
      /Pods web-1 and web-2 have different ones; the template stays/,
    );
    assert.equal(decided(given, { mounted: agreed('a') }), 'UpToDate');
    assert.equal(decided(given, { mounted: agreed('b') }), 'ConfigChanged');
  });

  test('that cannot be read leave the workload unchanged', () => {
    const proposal = decideMounted(first, { mounted: { state: 'unreadable', why: 'denied' } });
    assert.equal(proposal.reason, 'UnreadableSource');
    assert.match(proposal.sentence, /the objects of SecretProviderClass\/vault in its Pods/);
  });
});

suite('a class', () => {
  test('restarts the workload if its spec changed, for any state of the mounted objects', () => {
    const parameters = { objects: 'user' };
    for (const mounted of [agreed('a'), agreed('b'), unknown, different]) {
      const proposal = decideMounted(first, { mounted, parameters });
      assert.equal(proposal.reason, 'ConfigChanged');
      assert.equal(proposal.sentence, 'SecretProviderClass/vault changed');
    }
  });

  test('has the same hash in any order of its members, and with or without empty members', () => {
    const data = (spec: Record<string, unknown>) => {
      const reading = readSource('SecretProviderClass', { spec }, 'all');
      assert.equal(reading.state, 'present');
      return reading.data.get('spec');
    };
    assert.equal(data({ a: 1, b: { c: 2 } }), data({ b: { c: 2, d: null }, a: 1 }));
    assert.notEqual(data({ a: 1 }), data({ a: 2 }));
    const reading = readSource('SecretProviderClass', {}, 'all');
    assert.equal(reading.state === 'present' && reading.data.get('spec'), 'e30=');
  });

  test('that is ignored, or that the setting does not include, is not hashed', () => {
    const annotations = { [keys.ignoreSecretProviderClasses]: 'vault' };
    const { configuration } = mounting({ annotations });
    const names =
      configuration.kind === 'references' ? configuration.references.map(({ name }) => name) : [];
    assert.deepEqual(names, ['settings']);
  });

  test('is in the record with the mounted versions, and older versions of the program ignore these', () => {
    const record = JSON.parse(first.onTemplate?.[keys.configSources] ?? '');
    assert.equal(record['SecretProviderClass/vault:mounted'], 'a'.repeat(32));
    assert.match(record['SecretProviderClass/vault'], /^[0-9a-f]{12}$/);
  });

  test('has the mounted versions in its version on trial', () => {
    const { readings } = seenMounted(mounting(), { mounted: agreed('a') });
    assert.equal(readings.size, 2);
  });
});

suite('with restart: if-stale', () => {
  const stale = { restart: 'if-stale' } as const;
  const started = recorded(stale, { mounted: agreed('a') });
  const pods = (createdAt: string) =>
    ({
      state: 'read',
      readAt: Date.parse('2026-11-30T12:00:00Z'),
      groups: [
        {
          controller: { kind: 'ReplicaSet', name: 'web-1', uid: 'set' },
          ...{ revision: undefined, generation: undefined },
          oldest: { name: 'web-1-a', createdAt },
        },
      ],
      replicaSets: [
        {
          uid: 'set',
          controller: { kind: 'Deployment', name: 'web', uid: 'web' },
          ...{ template: mounting(started).rollout?.template ?? '', wantsPods: true },
        },
      ],
    }) as const;
  const young = pods('2026-11-30T10:00:00Z');
  const old = pods('2026-11-30T08:30:00Z');

  const cases: readonly (readonly [string, Sources, typeof young, string, RegExp])[] = [
    ['started with the objects', { mounted: agreed('b') }, young, 'AlreadyCurrent', /every Pod/],
    [
      'started with other objects',
      { mounted: agreed('b', rotated) },
      young,
      'ConfigChanged',
      /Pod web-1 started with other objects of SecretProviderClass\/vault/,
    ],
    [
      'have different objects',
      { mounted: different, a: '2' },
      young,
      'ConfigChanged',
      /Pods web-1 and web-2 have different objects/,
    ],
    [
      'have unknown objects',
      { mounted: unknown, a: '2' },
      young,
      'ConfigChanged',
      /it is unknown which objects of SecretProviderClass\/vault its Pods have: it has no Pod/,
    ],
    [
      'are younger than a changed class, which may have lost a parameter',
      { mounted: agreed('a'), parameters: { objects: 'user' } },
      young,
      'ConfigChanged',
      /may have lost a parameter/,
    ],
    [
      'are older than the class',
      { mounted: agreed('b') },
      old,
      'ConfigChanged',
      /was created at 2026-11-30T08:30:00Z/,
    ],
  ];
  for (const [what, sources, read, reason, sentence] of cases) {
    test(`Pods that ${what}: ${reason}`, () => {
      const proposal = decideMounted(started, sources, read);
      assert.equal(proposal.reason, reason);
      assert.match(proposal.sentence, sentence);
    });
  }
});
