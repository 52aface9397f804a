import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { paused } from '../../../../lib/rules/rollout-policy/paused.ts';
import { change, minutes, now } from './rules.ts';

const by = (from: string, until?: number) => ({ from, until });
const held = (pauses: readonly ReturnType<typeof by>[], timeZone = 'UTC') =>
  paused(change, { pauses, timeZone }, { now });

suite('a pause', () => {
  test('without an end holds until it is removed, and names its place', () => {
    assert.deepEqual(held([by('setting rollouts.paused')]), {
      reason: 'Paused',
      sentence:
        'its configuration changed (ConfigMap/app), but rollouts are paused by setting rollouts.paused: nothing is written until that is lifted, then it restarts once with the current configuration',
    });
  });

  test('with an end holds until then, and also gives the time in the time zone of the settings', () => {
    const hold = held([by('annotation a/rollout-pause', minutes(30))], 'Europe/Berlin');
    assert.equal(hold?.until, minutes(30));
    assert.match(
      hold.sentence,
      /paused by annotation a\/rollout-pause: nothing is written until 2026-11-30T07:30:00Z \(2026-11-30 08:30:00 Europe\/Berlin\), then/,
    );
  });

  test('has no effect after its end', () => {
    assert.notEqual(held([by('x', now + 1)]), undefined);
    assert.equal(held([by('x', now)]), undefined);
    assert.equal(held([by('x', minutes(-1))]), undefined);
    assert.equal(held([]), undefined);
  });

  test('is reported if it is the one of several that lasts longest', () => {
    const some = [
      by('a', minutes(-5)),
      by('b', minutes(5)),
      by('c', minutes(50)),
      by('d', minutes(9)),
    ];
    assert.match(held(some)?.sentence ?? '', /paused by c: .* until 2026-11-30T07:50:00Z,/);
    assert.match(held([...some, by('e')])?.sentence ?? '', /paused by e: .* until that is lifted,/);
  });
});
