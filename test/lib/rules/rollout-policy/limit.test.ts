import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { limitExceeded } from '../../../../lib/rules/rollout-policy/limit.ts';
import { someHash, someProposal } from '../some-workload.ts';

const at = (time: string) => Date.parse(`2026-11-30T${time}Z`);
const now = at('10:00:00');

type Given = {
  count?: number;
  period?: string;
  timeZone?: string;
  changed?: readonly string[];
  writes?: readonly string[];
};

function held({
  count = 2,
  period = '1h',
  timeZone = 'UTC',
  changed = ['ConfigMap/a'],
  writes = ['09:10:00', '09:40:00'],
}: Given = {}) {
  const decision = someProposal('ConfigChanged', { changed, hashAnnotations: someHash });
  const policy = { limit: { count, period }, timeZone };
  return limitExceeded(decision, policy, { now, writes: writes.map(at) });
}

suite('a rollout is held by rollouts.limit', () => {
  test('if the maximum number was started within the period, until the first of these rollouts is older', () => {
    const { reason, sentence = '' } = held() ?? {};
    assert.equal(reason, 'LimitExceeded');
    assert.match(sentence, /^its configuration changed \(ConfigMap\/a\), but 2 rollouts /);
    assert.match(sentence, / 2026-11-30T10:10:00Z, then /);
  });

  const free: readonly (readonly [string, Given])[] = [
    ['with fewer', { writes: ['09:40:00'] }],
    ['if one of them is older than the period', { writes: ['09:00:00', '09:40:00'] }],
    ['if the limit is off', { count: 0 }],
    ['if one of them is in the future', { writes: ['09:40:00', '10:01:00'] }],
  ];
  for (const [what, given] of free) {
    test(`but not ${what}`, () => assert.equal(held(given), undefined));
  }

  test('until enough of them are older, if more than the maximum were started', () => {
    const writes = ['09:10:00', '09:20:00', '09:30:00', '09:40:00'];
    assert.match(held({ writes })?.sentence ?? '', /2026-11-30T10:30:00Z/);
  });

  test('with a sentence for one rollout, without sources, and with the local time', () => {
    const { sentence = '' } =
      held({ count: 1, changed: [], timeZone: 'Asia/Tokyo', writes: ['09:40:00'] }) ?? {};
    assert.match(sentence, /^its hash is to be written, but 1 rollout of it /);
    assert.match(sentence, /2026-11-30T10:40:00Z \(2026-11-30 19:40:00 Asia\/Tokyo\)/);
  });
});
