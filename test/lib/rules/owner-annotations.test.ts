import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { ownerAnnotations } from '../../../lib/rules/owner-annotations.ts';

const keys = annotationKeysOf('wave.pusher.com');
const of = (annotations: Record<string, string>, with_ = keys) =>
  ownerAnnotations({ annotations }, with_);
const optIn = { [keys.updateOnConfigChange]: 'true' };

test('an annotation of the owner makes a difference, in any order', () => {
  assert.notEqual(of(optIn), of({}));
  assert.notEqual(of({ ...optIn, [keys.approvedConfig]: 'a' }), of(optIn));
  const pause = { [keys.rolloutPause]: 'true' };
  assert.equal(of({ ...optIn, ...pause }), of({ ...pause, ...optIn }));
});

test('annotations of wave-cron and of other programs make no difference', () => {
  const own = { [keys.rolloutHistory]: '[]', [keys.pendingConfig]: '{}', [keys.adopted]: '{}' };
  assert.equal(of({ ...optIn, ...own, 'example.com/a': 'b', plain: 'c' }), of(optIn));
  assert.equal(ownerAnnotations({ annotations: null }, keys), '');
});

test("Reloader's annotations only make a difference with its compatibility", () => {
  const auto = { 'reloader.stakater.com/auto': 'true' };
  assert.equal(of(auto), '');
  assert.notEqual(of(auto, annotationKeysOf('wave.pusher.com', ['reloader'])), '');
});
