import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { explainLease } from '../../../lib/explanation/lease.ts';

const name = { namespace: 'ops', name: 'wave-cron' };
const nobody = { ...name, holder: null, acquiredAt: null, renewedAt: null };
const times = { acquireTime: '2026-11-30T10:00:00Z', renewTime: '2026-11-30T10:01:00Z' };

suite('the Lease', () => {
  const cases: readonly (readonly [string, Parameters<typeof explainLease>[1], object])[] = [
    ['is unknown if it could not be read', undefined, { ...nobody, state: 'unknown' }],
    ['is absent if it does not exist', { found: undefined }, { ...nobody, state: 'absent' }],
    ['is free without a spec', { found: {} }, { ...nobody, state: 'free' }],
    [
      'is free without a holder, and says when it was last renewed',
      { found: { spec: { ...times, holderIdentity: '' } } },
      { ...nobody, state: 'free', renewedAt: times.renewTime },
    ],
    [
      'is held by its holder',
      { found: { spec: { ...times, holderIdentity: 'pod-1' } } },
      {
        ...{ ...nobody, state: 'held', holder: 'pod-1' },
        ...{ acquiredAt: times.acquireTime, renewedAt: times.renewTime },
      },
    ],
    [
      'is held also without times',
      { found: { spec: { holderIdentity: 'pod-1' } } },
      { ...nobody, state: 'held', holder: 'pod-1' },
    ],
  ];
  for (const [what, read, expected] of cases) {
    test(what, () => assert.deepEqual(explainLease(name, read), expected));
  }
});
