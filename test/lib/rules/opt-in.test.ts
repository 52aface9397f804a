import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { readOptIn } from '../../../lib/rules/opt-in.ts';

type Annotations = Readonly<Record<string, string>>;

const name = 'wave.pusher.com/update-on-config-change';
const auto = 'reloader.stakater.com/auto';
const withReloader = annotationKeysOf('wave.pusher.com', ['reloader']);

/** The annotations that opt the workload in, or the kind of the result if it is not opted in. */
function inShort(own: Annotations, ofTemplate: Annotations = {}, keys = withReloader): string {
  const it = readOptIn(own, ofTemplate, keys);
  if (it.kind !== 'on') return it.kind;
  return [...(it.own ? ['ours'] : []), ...(it.reloader ? ["Reloader's"] : [])].join(' and ');
}

suite('a workload is opted in', () => {
  const cases: readonly (readonly [string, Annotations, string])[] = [
    ["by wave-cron's annotation", { [name]: 'true' }, 'ours'],
    ["by Reloader's", { [auto]: 'true' }, "Reloader's"],
    ['by both', { [name]: 'true', [auto]: 'true' }, "ours and Reloader's"],
    ['by neither', {}, 'off'],
    ['by neither if wave-cron\'s is "false"', { [name]: 'false' }, 'off'],
    ['by neither if Reloader\'s is "false"', { [auto]: 'false' }, 'off'],
    ['by neither if both are "false"', { [name]: 'false', [auto]: 'false' }, 'off'],
    ['in vain if our value is another one', { [name]: 'yes' }, 'refused'],
    [
      "not with an invalid value of wave-cron's, with any of Reloader's",
      { [name]: '', [auto]: 'true' },
      'refused',
    ],
    [
      "not if wave-cron's opts out and Reloader's opts in",
      { [name]: 'false', [auto]: 'true' },
      'refused',
    ],
    [
      "not if wave-cron's opts in and Reloader's opts out",
      { [name]: 'true', [auto]: 'false' },
      'refused',
    ],
    [
      "not if Reloader's need an unsupported feature",
      { [name]: 'true', 'configmap.reloader.stakater.com/reload': 'app-*' },
      'refused',
    ],
  ];
  for (const [what, annotations, expected] of cases) {
    test(what, () => assert.equal(inShort(annotations), expected));
  }

  test("by Reloader's annotations on the pod template, but never by wave-cron's there", () => {
    assert.equal(inShort({}, { [auto]: 'true' }), "Reloader's");
    assert.equal(inShort({}, { [name]: 'true' }), 'off');
  });

  test("not by Reloader's annotations if the setting compatibility does not name it", () => {
    const alone = annotationKeysOf('wave.pusher.com');
    assert.equal(inShort({ [auto]: 'true' }, {}, alone), 'off');
    assert.equal(inShort({ [name]: 'true', [auto]: 'false' }, {}, alone), 'ours');
  });

  test('not if annotations contradict each other, with a message that names both', () => {
    const why = (own: Annotations) => {
      const it = readOptIn(own, {}, withReloader);
      return it.kind === 'refused' ? it.why : '';
    };
    assert.match(why({ [name]: 'yes' }), /^annotation \S+change is "yes": it must be "true"/);
    for (const own of [
      { [name]: 'yes', [auto]: 'true' },
      { [name]: 'false', [auto]: 'true' },
      { [name]: 'true', [auto]: 'false' },
    ]) {
      assert.ok(why(own).includes(name) && why(own).includes(auto), why(own));
    }
  });
});
