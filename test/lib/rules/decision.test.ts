import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decisionOf, leaveAlone, wholeSentence } from '../../../lib/rules/decision.ts';
import {
  present,
  readingsOf,
  referencing,
  someHash,
  someProposal,
  someWorkload,
} from './some-workload.ts';

test('a proposal without changes writes nothing', () => {
  assert.deepEqual(leaveAlone('UpToDate', 'why'), {
    ...{ reason: 'UpToDate', sentence: 'why', notes: [], changed: [] },
    hashAnnotations: undefined,
  });
});

test('the whole sentence ends with the notes', () => {
  assert.equal(wholeSentence({ sentence: 'a', notes: [] }), 'a');
  assert.equal(wholeSentence({ sentence: 'a', notes: ['b', 'c'] }), 'a; b; c');
});

suite('a decision', () => {
  const proposal = someProposal('FirstSeen', {
    ...{ hashAnnotations: someHash, earlierHashes: ['b'], podsMeanwhile: 'they run' },
  });
  const configuration = referencing('ConfigMap/settings');
  const readings = readingsOf({ 'ConfigMap/settings': present() });

  test('keeps the parts of a proposal that are carried out, without those for rules in between', () => {
    const decision = decisionOf(someWorkload({ configuration }), proposal, readings, 'off');
    const { earlierHashes: _, podsMeanwhile: __, ...rest } = proposal;
    assert.deepEqual(decision, { ...rest, schedulingHold: undefined, ownership: undefined });
  });

  test('has a plan of the sources to own', () => {
    const { ownership } = decisionOf(
      someWorkload({ configuration }),
      proposal,
      readings,
      'references',
    );
    assert.deepEqual([...(ownership?.owned.keys() ?? [])], ['ConfigMap/settings']);
  });

  test('has the hold of upstream Wave', () => {
    const heldByWave = { schedulerName: 'wave.pusher.com/invalid', original: 'mine' };
    const { schedulingHold } = decisionOf(someWorkload({ heldByWave }), proposal, readings, 'off');
    assert.match(schedulingHold ?? '', /schedulerName/);
  });
});
