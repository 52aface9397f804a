import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseLostError, type LossCause } from '../../../lib/lease/error.ts';
import { type LeaseEvent, leaseSentence } from '../../../lib/lease/event.ts';

const lease = 'Lease default/wave-cron';
const lost = (why: LossCause): LeaseEvent => ({
  lease,
  kind: 'lost',
  error: new LeaseLostError(lease, why),
  heldForMs: 61_240,
});

const cases: readonly [LeaseEvent, string][] = [
  [{ lease, kind: 'acquired', identity: 'me', created: false }, 'acquired Lease default/wave-cron'],
  [
    { lease, kind: 'acquired', identity: 'me', created: true },
    'created and acquired Lease default/wave-cron',
  ],
  [
    { lease, kind: 'watching', holder: 'other', heldForMs: 42_000, forMs: 15_000 },
    'Lease default/wave-cron is held by "other" (for 42.0 s by its own account): it is taken over if it stays unchanged for 15.0 s',
  ],
  [
    { lease, kind: 'watching', holder: 'a\nb', heldForMs: undefined, forMs: 15_000 },
    'Lease default/wave-cron is held by "a\\u{a}b": it is taken over if it stays unchanged for 15.0 s',
  ],
  [
    { lease, kind: 'tookOver', identity: 'me', from: 'other', unchangedForMs: 15_020 },
    'took over Lease default/wave-cron from "other", unchanged for 15.0 s',
  ],
  [
    {
      lease,
      kind: 'heldByOther',
      holder: 'other',
      heldForMs: 42_000,
      seen: 'renewed',
      watchedForMs: 4_500,
    },
    'Lease default/wave-cron is held by "other" (for 42.0 s by its own account), who renewed it while it was watched for 4.5 s',
  ],
  [
    {
      lease,
      kind: 'heldByOther',
      holder: 'other',
      heldForMs: 0,
      seen: 'changedHands',
      watchedForMs: 100,
    },
    'Lease default/wave-cron is held by "other" (for 0.0 s by its own account), who took it while it was watched for 0.1 s',
  ],
  [
    {
      lease,
      kind: 'heldByOther',
      holder: 'other',
      heldForMs: undefined,
      seen: 'released',
      watchedForMs: 2_000,
    },
    'Lease default/wave-cron was held by "other", who released it while it was watched for 2.0 s',
  ],
  [
    { lease, kind: 'renewalFailed', error: new Error('connection reset'), validForMs: 4_900 },
    'Lease default/wave-cron could not be renewed, it stays ours for 4.9 s: connection reset',
  ],
  [
    { lease, kind: 'renewedLate', afterMs: 9_000 },
    'renewed Lease default/wave-cron late, 9.0 s after the renewal before',
  ],
  [
    lost({ kind: 'takenOver', holder: 'other' }),
    'Lease default/wave-cron is not ours any more: "other" has taken it over; nothing more is written (held for 61.2 s)',
  ],
  [
    lost({
      kind: 'notRenewed',
      sinceRenewalMs: 3_600_000,
      renewDeadlineMs: 10_000,
      lastFailure: undefined,
    }),
    'Lease default/wave-cron is not ours any more: it was last renewed 3600.0 s ago, and 10.0 s are allowed; nothing more is written (held for 61.2 s)',
  ],
  [{ lease, kind: 'released', heldForMs: 1_500 }, 'released Lease default/wave-cron after 1.5 s'],
  [
    { lease, kind: 'leftToGroup', heldForMs: 1_500, freeAfterMs: 15_000 },
    'left Lease default/wave-cron to the rest of the group after 1.5 s: others can take it over when none of them has renewed it for 15.0 s',
  ],
  [
    { lease, kind: 'leftHeld', heldForMs: 1_500, freeAfterMs: 300_000 },
    'left Lease default/wave-cron held after 1.5 s: others can take it over after 300.0 s',
  ],
  [
    { lease, kind: 'releaseFailed', error: 'forbidden', freeAfterMs: 15_000 },
    'Lease default/wave-cron could not be released, others can take it over after 15.0 s: forbidden',
  ],
  [
    { lease, kind: 'notReleased', holder: 'other' },
    'Lease default/wave-cron was held by "other" when it was to be released',
  ],
  [
    { lease, kind: 'notReleased', holder: undefined },
    'Lease default/wave-cron was gone when it was to be released',
  ],
];
for (const [event, sentence] of cases) {
  test(`${event.kind}: ${sentence}`, () => assert.equal(leaseSentence(event), sentence));
}
