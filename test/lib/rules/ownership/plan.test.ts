import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { maxOwners } from '../../../../lib/rules/ownership/owner-references.ts';
import { mentionedBy, planOwnership, recordAfter } from '../../../../lib/rules/ownership/plan.ts';
import { recordBounds } from '../../../../lib/rules/ownership/record.ts';
import type { Reading } from '../../../../lib/rules/reading.ts';
import { type Reason, reasons } from '../../../../lib/rules/reason.ts';
import type { Workload } from '../../../../lib/rules/workload.ts';
import type { OwnershipSetting } from '../../../../lib/settings/schema.ts';
import {
  present,
  readingsOf,
  referencing,
  refused,
  someProposal,
  someWorkload,
} from '../some-workload.ts';

type Owners = Extract<Reading, { state: 'present' }>['owners'];

const owned = (owners: Partial<Owners>): Reading =>
  present({ owners: { ...present().owners, ...owners } });
/** A source with both owner references of Deployment `web`, written by wave-cron. */
const done = owned({ uids: 'web lasting', ours: 'web lasting', count: 2, lasting: true });
const bare = owned({});

type Given = {
  setting?: OwnershipSetting;
  reason?: Reason;
  record?: string;
  ownership?: Partial<Workload['ownership']>;
  workload?: Partial<Workload>;
  sources?: Readonly<Record<string, Reading>>;
};

function plan({
  setting = 'references',
  reason = 'UpToDate',
  record,
  ownership = {},
  workload = {},
  sources = { 'ConfigMap/settings': bare },
}: Given = {}) {
  const it = someWorkload({
    configuration: referencing(...Object.keys(sources)),
    ...workload,
    ownership: { ...someWorkload().ownership, recordIsOurs: true, record, ...ownership },
  });
  return planOwnership(it, someProposal(reason), readingsOf(sources), setting);
}

/** The parts of a plan that the tables below compare. Empty parts are left out. */
function inShort(given: Given) {
  const made = plan(given);
  if (made === undefined) return 'leaves all as it is';
  return Object.fromEntries(
    Object.entries({
      adds: [...made.owned].filter(([, { hasReferences }]) => !hasReferences).map(([name]) => name),
      keeps: [...made.owned].filter(([, { hasReferences }]) => hasReferences).map(([name]) => name),
      removes: [...made.stale],
      putsBack: [...made.lost],
      givesUp: [...made.givenUp],
      searches: made.search ? ['everywhere'] : [],
    }).filter(([, list]) => list.length > 0),
  );
}

suite('the ownership plan of a workload', () => {
  const settings = '["ConfigMap/settings"]';
  const web = { 'ConfigMap/settings': done };
  const cases: readonly (readonly [string, Given, unknown])[] = [
    ['a source without owner references gets them', {}, { adds: ['ConfigMap/settings'] }],
    [
      'a source that has them keeps them',
      { sources: web },
      { keeps: ['ConfigMap/settings'], searches: ['everywhere'] },
    ],
    [
      'one that has them and is recorded keeps them, and nothing is searched',
      { sources: web, record: settings },
      { keeps: ['ConfigMap/settings'] },
    ],
    [
      'a source that it no longer uses loses them',
      { sources: web, record: '["ConfigMap/settings","Secret/old"]' },
      { keeps: ['ConfigMap/settings'], removes: ['Secret/old'] },
    ],
    [
      'a source of another namespace gets none, because an owner must be in the same namespace',
      { sources: { 'Secret/other/login': bare } },
      'leaves all as it is',
    ],
    [
      'an ignored source gets none',
      { sources: { 'ConfigMap/settings': present({ ignored: true }) } },
      'leaves all as it is',
    ],
    [
      'a source that is being deleted gets none',
      { sources: { 'ConfigMap/settings': present({ deleting: true }) } },
      'leaves all as it is',
    ],
    [
      'an ignored source loses those that wave-cron added',
      {
        sources: { 'ConfigMap/settings': { ...done, ignored: true } as Reading },
        record: settings,
      },
      { removes: ['ConfigMap/settings'] },
    ],
    [
      'an absent source gets none',
      { sources: { 'ConfigMap/settings': { state: 'absent' } } },
      'leaves all as it is',
    ],
    [
      'a source whose recorded references were removed gets them again',
      { record: settings },
      { adds: ['ConfigMap/settings'], putsBack: ['ConfigMap/settings'] },
    ],
    [
      'a source whose references were restored three times gets no more',
      { record: settings, ownership: { putBack: 3 } },
      { givesUp: ['ConfigMap/settings'] },
    ],
    [
      'one whose references were put back twice gets them a third time',
      { record: settings, ownership: { putBack: 2 } },
      { adds: ['ConfigMap/settings'], putsBack: ['ConfigMap/settings'] },
    ],
    [
      'a source that is given up and only refers to the workload loses this reference, because both would be deleted together',
      {
        record: settings,
        ownership: { putBack: 3 },
        sources: { 'ConfigMap/settings': owned({ uids: 'web', ours: 'web', count: 1 }) },
      },
      { givesUp: ['ConfigMap/settings'], removes: ['ConfigMap/settings'] },
    ],
    [
      'one with the reference of an earlier version is exchanged, which is not putting back',
      {
        record: settings,
        sources: {
          'ConfigMap/settings': owned({ uids: 'web ns', ours: 'web ns', count: 2, former: 'ns' }),
        },
      },
      { adds: ['ConfigMap/settings'] },
    ],
    [
      'a record with names that are not known is left incomplete',
      { record: '["ConfigMap/settings","*"]', sources: web },
      { keeps: ['ConfigMap/settings'] },
    ],
    [
      'a record with names that are not known is searched for when nothing is to be owned any more',
      { record: '["*"]', sources: {} },
      { searches: ['everywhere'] },
    ],
    [
      'a finalizer without a record belongs to upstream Wave, which has no record',
      { ownership: { finalizer: true }, sources: web },
      { keeps: ['ConfigMap/settings'], searches: ['everywhere'] },
    ],
    [
      'before a finalizer is removed, there is a search if the record is incomplete',
      { ownership: { finalizer: true }, record: '["ConfigMap/settings","*"]', sources: web },
      { keeps: ['ConfigMap/settings'], searches: ['everywhere'] },
    ],
    [
      'a workload without sources and without records is not changed',
      { sources: {} },
      'leaves all as it is',
    ],
    [
      'with off, all recorded references are removed',
      { setting: 'off', sources: web, record: settings },
      { removes: ['ConfigMap/settings'] },
    ],
    [
      'with off, a workload without records is not changed',
      { setting: 'off' },
      'leaves all as it is',
    ],
    [
      'with off, references by wave-cron that no record names are removed',
      { setting: 'off', sources: web },
      { removes: ['ConfigMap/settings'] },
    ],
    [
      'one that is being deleted lets all go',
      { workload: { deleting: true }, record: '["Secret/old"]' },
      { removes: ['Secret/old'] },
    ],
    [
      'one that opted out lets all go',
      {
        reason: 'OptedOut',
        workload: { configuration: refused('OptedOut') },
        record: '["Secret/old"]',
      },
      { removes: ['Secret/old'] },
    ],
    [
      'one that opted out and whose record somebody else wrote has no say in what is searched',
      {
        reason: 'OptedOut',
        workload: { configuration: refused('OptedOut') },
        ownership: {
          ...{ finalizer: true, recordIsOurs: false },
          mentioned: new Set(['ConfigMap/settings']),
        },
        record: '["Secret/of-somebody-else"]',
      },
      { removes: ['ConfigMap/settings'] },
    ],
    [
      'with off, a finalizer without a record causes a search',
      { setting: 'off', ownership: { finalizer: true } },
      { removes: ['ConfigMap/settings'], searches: ['everywhere'] },
    ],
    [
      'one that is Reverted and has no record is left alone: whoever replaces it removes the record too',
      { reason: 'Reverted' },
      'leaves all as it is',
    ],
    [
      'one that is Reverted and has a record is handled as usual',
      { reason: 'Reverted', record: settings, sources: web },
      { keeps: ['ConfigMap/settings'] },
    ],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => assert.deepEqual(inShort(given), expected));
  }

  test('is only made if all references of the workload are known', () => {
    const deciding = (Object.keys(reasons) as Reason[]).filter(
      (reason) => plan({ reason, record: '["ConfigMap/settings"]' }) !== undefined,
    );
    assert.deepEqual(deciding.sort(), [
      ...['Adopted', 'AwaitingApproval', 'ConfigChanged', 'CoolingDown', 'FirstSeen'],
      ...['LimitExceeded', 'OptedOut', 'OutsideWindow', 'Paused', 'PolicyUnreadable', 'Queued'],
      ...['Reverted', 'Settling', 'StoppedByFailure', 'UpToDate'],
    ]);
  });

  test('is also made for a workload that is held because its rollout policy is invalid', () => {
    const held = someProposal('InvalidAnnotation', { held: { since: 0 } });
    const other = someProposal('InvalidAnnotation');
    const configuration = referencing('ConfigMap/settings');
    const readings = readingsOf({ 'ConfigMap/settings': bare });
    const planOf = (proposal: typeof held) =>
      planOwnership(someWorkload({ configuration }), proposal, readings, 'references');
    assert.deepEqual([...(planOf(held)?.owned.keys() ?? [])], ['ConfigMap/settings']);
    assert.equal(planOf(other), undefined);
  });

  test('only includes the finalizer with ownership: finalizer, and while anything is owned', () => {
    assert.equal(plan({ setting: 'finalizer' })?.finalizer, 'while owning');
    assert.equal(plan({ setting: 'references' })?.finalizer, 'until settled');
    assert.equal(plan({ setting: 'off', record: '["Secret/a"]' })?.finalizer, 'until settled');
  });

  test('keeps the count of restored references while any are missing', () => {
    const counts = (given: Given) => plan(given)?.keepsPutBack;
    assert.equal(counts({ record: settings }), true);
    assert.equal(counts({ record: settings, ownership: { putBack: 3 } }), true);
    assert.equal(counts({ record: settings, sources: web, ownership: { putBack: 2 } }), false);
    assert.equal(counts({ setting: 'off', record: settings, ownership: { putBack: 2 } }), false);
  });

  test('knows all owned sources by a complete record, or without one if the workload never owned any', () => {
    const complete = (given: Given) => plan(given)?.complete;
    assert.equal(complete({}), true);
    assert.equal(complete({ record: '["ConfigMap/settings"]', sources: web }), true);
    assert.equal(complete({ record: '["ConfigMap/settings","*"]', sources: web }), false);
    assert.equal(complete({ sources: web }), false);
    assert.equal(complete({ setting: 'off', record: '["*"]' }), true);
    assert.equal(
      complete({ setting: 'off', record: '["*"]', ownership: { finalizer: true } }),
      false,
    );
  });

  test('releases a workload that is being deleted, even if the search is refused', () => {
    const record = '["*"]';
    assert.equal(plan({ workload: { deleting: true }, record })?.letGo, true);
    assert.equal(plan({ setting: 'off', record })?.letGo, false);
  });

  test('leaves out a source that has the maximum number of owners, and says so', () => {
    const crowd = (count: number) => ({ 'ConfigMap/settings': owned({ count }) });
    assert.deepEqual(inShort({ sources: crowd(maxOwners - 1) }), { adds: ['ConfigMap/settings'] });
    const made = plan({ sources: crowd(maxOwners) });
    assert.equal(made?.owned.size, 0);
    assert.match(made?.notes.join() ?? '', /^ConfigMap\/settings got no owner reference/);
    // The source already has the references, so no references are added.
    const owners = owned({ uids: 'web lasting', count: maxOwners + 5, lasting: true });
    assert.deepEqual(inShort({ sources: { 'ConfigMap/settings': owners } }), {
      keeps: ['ConfigMap/settings'],
    });
  });

  test('leaves out sources without references that have no room in the record', () => {
    const some = Array.from({ length: recordBounds.names + 1 }, (_, i) => `ConfigMap/c${i}`);
    const last = some.at(-1) ?? '';
    const made = plan({
      sources: Object.fromEntries(some.map((name) => [name, name === last ? done : bare])),
    });
    assert.equal(made?.owned.size, recordBounds.names);
    assert.ok(made.owned.has(last));
    assert.match(made.notes.join(), /^ConfigMap\/c999 got no owner reference/);
  });
});

test('the sources of a workload are those of its own namespace, or for a refused workload those in its template', () => {
  const configuration = referencing('ConfigMap/settings', 'Secret/other/login', 'Secret/No_Name');
  assert.deepEqual([...mentionedBy(someWorkload({ configuration }))], ['ConfigMap/settings']);
  const ownership = { ...someWorkload().ownership, mentioned: new Set(['Secret/a']) };
  const optedOut = { configuration: refused('OptedOut'), ownership };
  assert.deepEqual([...mentionedBy(someWorkload(optedOut))], ['Secret/a']);
  assert.equal(mentionedBy(someWorkload({ configuration: refused('TooLarge') })).size, 0);
});

suite('the record after all writes', () => {
  const some = plan({ sources: { 'ConfigMap/a': done, 'ConfigMap/b': bare } })?.owned ?? new Map();

  test('names the owned sources and those whose references could not be removed', () => {
    const { record, beyond } = recordAfter(some, ['Secret/stuck'], true);
    assert.deepEqual([...record.names].sort(), ['ConfigMap/a', 'ConfigMap/b', 'Secret/stuck']);
    assert.deepEqual([record.complete, beyond.size], [true, 0]);
    assert.equal(recordAfter(some, [], false).record.complete, false);
  });

  test('is incomplete if it has no room for a source with references, and complete if it only lacks new ones', () => {
    const full = Array.from({ length: recordBounds.names }, (_, i) => `Secret/s${i}`);
    const all = recordAfter(some, full, true);
    assert.deepEqual([...all.beyond], ['ConfigMap/a', 'ConfigMap/b']);
    assert.equal(all.record.complete, false);
    const most = recordAfter(some, full.slice(1), true);
    assert.deepEqual([[...most.beyond], most.record.complete], [['ConfigMap/b'], true]);
  });
});
