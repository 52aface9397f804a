import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { awaitingApproval } from '../../../../lib/rules/rollout-policy/awaiting-approval.ts';
import { change, hashOf } from './rules.ts';

const approval = { required: true, from: 'setting rollouts.approval' };
const held = (approved?: string) => awaitingApproval(change, { approval }, { approved });

suite('an approval', () => {
  test('that is required holds until somebody gives it, and the message has the command', () => {
    assert.deepEqual(held(), {
      reason: 'AwaitingApproval',
      sentence:
        'its configuration changed (ConfigMap/app), but setting rollouts.approval asks for an approval: nothing is written until wave-cron approve Deployment/web -n shop approves aaaaaaaaaaaa, then it restarts once with the current configuration',
    });
  });

  test('of the current configuration ends the hold, also under an earlier key', () => {
    assert.equal(held(hashOf('a')), undefined);
    assert.equal(held(hashOf('b')), undefined);
  });

  test('of another configuration has no effect, and neither has any other text', () => {
    for (const other of [
      hashOf('c'),
      '',
      'true',
      hashOf('a').slice(1),
      `${hashOf('a')} `,
      'aaaaaaaaaaaa',
    ]) {
      assert.match(
        held(other)?.sentence ?? '',
        /asks for an approval, and what is approved is another configuration: nothing/,
      );
    }
  });

  test('that is not required holds nothing', () => {
    assert.equal(awaitingApproval(change, {}, {}), undefined);
  });
});
