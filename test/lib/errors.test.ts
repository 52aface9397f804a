import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { describeError, expectedError, UsageError, WaveCronError } from '../../lib/errors.ts';

suite('a caught error', () => {
  test('is returned if it has a message for people', () => {
    const error = new UsageError('unknown flag');
    assert.equal(expectedError(error), error);
    assert.equal(expectedError(error, new AbortController().signal), error);
  });

  test('is thrown again if it is unexpected', () => {
    const error = new TypeError('x is not a function');
    assert.throws(() => expectedError(error), error);
  });

  test('is replaced by the reason why the work ends', () => {
    const reason = new Error('received SIGTERM');
    const signal = AbortSignal.abort(reason);
    assert.throws(() => expectedError(new WaveCronError('refused'), signal), reason);
    assert.throws(() => expectedError(new TypeError('x is not a function'), signal), reason);
  });

  test('is described by its message, or only by its class if the message could quote input', () => {
    assert.equal(describeError(new WaveCronError('it is\nrefused')), 'it is\\u{a}refused');
    assert.match(describeError(new TypeError('secret')), /^unexpected TypeError: (?!.*secret)/);
    assert.match(describeError('secret'), /^unexpected string: (?!.*secret)/);
  });
});
