import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseIdentity, type ProcessName } from '../../../lib/lease/identity.ts';

const cases: readonly { name: string; process: ProcessName; random: number; identity: string }[] = [
  {
    name: 'in a Pod it is the name and the uid of the Pod and a random part',
    process: { podName: 'wave-cron-29', podUid: '6a-7b', hostName: 'node' },
    random: 0.5,
    identity: 'wave-cron-29_6a-7b_8000000080000000',
  },
  {
    name: 'an unknown uid is left out',
    process: { podName: 'wave-cron-29', podUid: '', hostName: 'node' },
    random: 0,
    identity: 'wave-cron-29_0000000000000000',
  },
  {
    name: 'without a Pod the host name stands in',
    process: { podName: undefined, podUid: undefined, hostName: 'laptop' },
    random: 1 - 2 ** -53,
    identity: 'laptop_ffffffffffffffff',
  },
];
for (const { name, process, random, identity } of cases) {
  test(name, () => {
    assert.equal(
      leaseIdentity(process, () => random),
      identity,
    );
  });
}

test('two calls of one process give two identities', () => {
  const process = { podName: 'a', podUid: 'b', hostName: 'c' };
  assert.notEqual(leaseIdentity(process, Math.random), leaseIdentity(process, Math.random));
});
