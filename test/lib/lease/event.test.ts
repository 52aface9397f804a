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
    'Lease default/wave-cron is held by "other" (for 42.0 s according to the holder): this process takes it over if it stays unchanged for 15.0 s',
  ],
  [
    { lease, kind: 'watching', holder: 'a\nb', heldForMs: undefined, forMs: 15_000 },
    'Lease default/wave-cron is held by "a\\u{a}b": this process takes it over if it stays unchanged for 15.0 s',
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
    'Lease default/wave-cron is held by "other" (for 42.0 s according to the holder), which renewed it while this process watched it for 4.5 s',
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
    'Lease default/wave-cron is held by "other" (for 0.0 s according to the holder), which took it while this process watched it for 0.1 s',
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
    'Lease default/wave-cron was held by "other", which released it while this process watched it for 2.0 s',
  ],
  [
    { lease, kind: 'renewalFailed', error: new Error('connection reset'), validForMs: 4_900 },
    'Lease default/wave-cron could not be renewed; this process still holds it for 4.9 s: connection reset',
  ],
  [
    { lease, kind: 'renewedLate', afterMs: 9_000 },
    'renewed Lease default/wave-cron late: 9.0 s after the previous renewal',
  ],
  [
    lost({ kind: 'takenOver', holder: 'other' }),
    'Lease default/wave-cron was lost: "other" took it over; nothing more is written (held for 61.2 s)',
  ],
  [
    lost({
      kind: 'notRenewed',
      sinceRenewalMs: 3_600_000,
      renewDeadlineMs: 10_000,
      lastFailure: undefined,
    }),
    'Lease default/wave-cron was lost: the last renewal was 3600.0 s ago, and the limit is 10.0 s; nothing more is written (held for 61.2 s)',
  ],
  [{ lease, kind: 'released', heldForMs: 1_500 }, 'released Lease default/wave-cron after 1.5 s'],
  [
    { lease, kind: 'leftToGroup', heldForMs: 1_500, freeAfterMs: 15_000 },
    'left Lease default/wave-cron to the other members of its group after 1.5 s: other processes can take it over once no member has renewed it for 15.0 s',
  ],
  [
    { lease, kind: 'leftHeld', heldForMs: 1_500, freeAfterMs: 300_000 },
    'left Lease default/wave-cron held after 1.5 s: other processes can take it over after 300.0 s',
  ],
  [
    { lease, kind: 'releaseFailed', error: 'forbidden', freeAfterMs: 15_000 },
    'Lease default/wave-cron could not be released; other processes can take it over after 15.0 s: forbidden',
  ],
  [
    { lease, kind: 'notReleased', holder: 'other' },
    'Lease default/wave-cron was held by "other" when this process tried to release it',
  ],
  [
    { lease, kind: 'notReleased', holder: undefined },
    'Lease default/wave-cron no longer existed when this process released it',
  ],
];
for (const [event, sentence] of cases) {
  test(`${event.kind}: ${sentence}`, () => assert.equal(leaseSentence(event), sentence));
}
