import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Pending } from '../../../lib/rules/rollout-policy/pending.ts';
import type { StatusFacts } from '../../../lib/status/facts.ts';
import {
  type Circumstances,
  statusOf,
  type WorkloadStatus,
} from '../../../lib/status/workload-status.ts';
import { timeText } from '../../../lib/text/rfc3339.ts';
import { facts, list, minute, now, outcome } from './status-facts.ts';

const known: Circumstances = { now, isCompared: true, isQueueKnown: true };
const ago = (minutes: number) => now - minutes * minute;
const pendingSince = (minutes: number, reason: string): Pending => ({
  ...{ hash: 'a'.repeat(64), keyId: undefined, since: ago(minutes), reason },
});
const rollout = (hasFailed: boolean, ...changed: readonly string[]) => ({
  ...{ hasFailed, since: ago(5), changed: list(...changed) },
});
const source = 'ConfigMap/settings';
const heldUntil = '2026-12-01T06:00:00Z';

type Case = {
  readonly name: string;
  readonly outcome?: Partial<Outcome>;
  readonly facts?: Partial<StatusFacts>;
  readonly given?: Partial<Circumstances>;
  readonly is: Partial<WorkloadStatus>;
};

const paused: Partial<Outcome> = {
  ...{ reason: 'Paused', changed: [source] },
  held: { since: timeText(ago(30)), until: heldUntil },
};
const written: Partial<Outcome> = { reason: 'ConfigChanged', written: true, changed: [source] };
const sources = (...newer: readonly string[]) => ({
  newer: list(...newer),
  newerSince: newer.length === 0 ? undefined : ago(3),
  isComplete: true,
});

const cases: readonly Case[] = [
  {
    name: 'with the current configuration is UpToDate, since its last rollout',
    is: { state: 'UpToDate', since: timeText(ago(2 * 24 * 60)), urgency: 'done', certain: true },
  },
  {
    name: 'that was rolled within the last hour is RolledOut',
    facts: { rolledAt: ago(59) },
    is: { state: 'RolledOut', since: timeText(ago(59)), lastRollout: timeText(ago(59)) },
  },
  {
    name: 'whose last rollout is unknown has no time',
    facts: { rolledAt: undefined },
    is: { state: 'UpToDate', since: null, lastRollout: null },
  },
  {
    name: 'that the next pass restarts has waited since its source was written',
    outcome: written,
    facts: { sources: sources(source) },
    is: {
      ...{ state: 'ConfigChanged', since: timeText(ago(3)), changed: [source] },
      ...{ wouldRestart: true, urgency: 'next' },
    },
  },
  {
    name: 'that is held has waited since the last pass recorded it, with the end of the hold',
    outcome: paused,
    facts: { pending: pendingSince(30, 'Paused') },
    is: { state: 'Paused', since: timeText(ago(30)), heldUntil, changed: [source] },
  },
  {
    name: 'without a hold by a pass has waited since its source was written',
    outcome: paused,
    facts: { sources: sources(source) },
    is: { state: 'Paused', since: timeText(ago(3)), urgency: 'held' },
  },
  {
    name: 'that awaits an approval needs a person',
    outcome: { ...paused, reason: 'AwaitingApproval' },
    is: { state: 'AwaitingApproval', urgency: 'person' },
  },
  {
    name: 'with a warning needs a person, even while a rollout is under way',
    outcome: { reason: 'MissingSource' },
    facts: { rollout: rollout(false) },
    is: { state: 'MissingSource', urgency: 'person', since: null },
  },
  {
    name: 'whose rollout is under way got these sources',
    facts: { rollout: rollout(false, source) },
    is: { state: 'RollingOut', since: timeText(ago(5)), changed: [source] },
  },
  {
    name: 'whose rollout has failed needs a person, and the message has the reason',
    facts: { rollout: rollout(true, source), blockers: ['no Pod starts'] },
    is: {
      ...{ state: 'RolloutFailed', sentence: 'no Pod starts', urgency: 'person' },
      ...{ since: timeText(ago(5)), changed: [source] },
    },
  },
  {
    name: 'whose rollout has failed and whose correction is held says both',
    outcome: paused,
    facts: { rollout: rollout(true, 'Secret/password') },
    is: {
      ...{ state: 'RolloutFailed', heldUntil, changed: [source] },
      sentence: 'its rollout has not finished in time; next: Paused: its message',
    },
  },
  {
    name: 'whose Pods do not follow is PodsOutdated',
    facts: { blockers: ['it is paused'] },
    is: { state: 'PodsOutdated', sentence: 'it is paused', urgency: 'pods' },
  },
  {
    name: 'with a source that the caller may not read is Unknown',
    outcome: { reason: 'UnreadableSource', sentence: 'Secret/password: denied' },
    is: {
      ...{ state: 'Unknown', certain: false, since: null, urgency: 'unknown' },
      sentence:
        'not known, because a source could not be read with your permissions: Secret/password: denied',
    },
  },
  {
    name: 'with a source that the caller may not read is as the last pass recorded it',
    outcome: { reason: 'UnreadableSource' },
    facts: { pending: pendingSince(30, 'OutsideWindow') },
    is: { state: 'OutsideWindow', since: timeText(ago(30)), certain: false },
  },
  {
    name: 'with a record of an invented hold is Unknown',
    outcome: { reason: 'UnreadableSource' },
    facts: { pending: pendingSince(30, 'toString') },
    is: { state: 'Unknown' },
  },
  {
    name: 'in a namespace that the caller may not read is Unknown',
    outcome: { reason: 'PolicyUnreadable', held: { since: timeText(now) } },
    is: { state: 'Unknown', heldUntil: null },
  },
  {
    name: 'with a source that the caller may not read still shows its rollout',
    outcome: { reason: 'UnreadableSource' },
    facts: { rollout: rollout(true) },
    is: { state: 'RolloutFailed', certain: false },
  },
  {
    name: 'without the hash key is up to date if no source was written since its rollout',
    outcome: written,
    facts: { sources: sources() },
    given: { isCompared: false },
    is: { state: 'UpToDate', certain: false, changed: [], wouldRestart: false },
  },
  {
    name: 'without the hash key is changed if a source was written since its rollout',
    outcome: { ...written, changed: ['ConfigMap/every', 'ConfigMap/other'] },
    facts: { sources: sources(source) },
    given: { isCompared: false },
    is: { state: 'ConfigChanged', certain: false, changed: [source], since: timeText(ago(3)) },
  },
  {
    name: 'without the hash key is Unknown if the times are not known',
    outcome: written,
    facts: { sources: { ...sources(), isComplete: false } },
    given: { isCompared: false },
    is: { state: 'Unknown', certain: false },
  },
  {
    name: 'without a record needs no hash key',
    outcome: { reason: 'FirstSeen', written: true },
    facts: { isRecorded: false, rolledAt: undefined },
    given: { isCompared: false },
    is: { state: 'FirstSeen', certain: true, wouldRestart: true },
  },
  {
    name: 'with a missing source needs no hash key',
    outcome: { reason: 'MissingSource' },
    given: { isCompared: false },
    is: { state: 'MissingSource', certain: true },
  },
  {
    name: 'whose Pods decide whether it restarts, and that the caller may not read, is uncertain',
    outcome: { reason: 'FirstSeen', written: true },
    facts: { arePodsUnread: true },
    is: { state: 'FirstSeen', certain: false },
  },
  {
    name: 'that may have to wait for other namespaces is uncertain',
    outcome: written,
    given: { isQueueKnown: false },
    is: { state: 'ConfigChanged', certain: false },
  },
  {
    name: 'that was queued, and may still have to wait for other namespaces, is Queued',
    outcome: written,
    facts: { pending: pendingSince(30, 'Queued') },
    given: { isQueueKnown: false },
    is: { state: 'Queued', certain: false, since: timeText(ago(30)), wouldRestart: false },
  },
];

suite('a workload', () => {
  for (const { name, is, ...each } of cases) {
    test(name, () => {
      const status = statusOf(outcome(each.outcome), facts(each.facts), {
        ...known,
        ...each.given,
      });
      const shown = Object.fromEntries(
        Object.keys(is).map((key) => [key, status[key as keyof WorkloadStatus]]),
      );
      assert.deepEqual(shown, is);
    });
  }

  test('that could not be read has the state of its outcome', () => {
    const status = statusOf(outcome({ reason: 'TooLarge' }), undefined, known);
    assert.deepEqual([status.state, status.lastRollout], ['TooLarge', null]);
  });

  test('has a message of one line with a limited length, with any blockers', () => {
    const blockers = [`\u001b[2Jfirst\nsecond ${'x'.repeat(3000)}`];
    const { sentence } = statusOf(outcome(), facts({ blockers }), known);
    assert.ok(Buffer.byteLength(sentence) <= 1024);
    assert.match(sentence, /^\\u\{1b\}\[2Jfirst\\u\{a\}second/);
  });
});
