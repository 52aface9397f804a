import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planRelease } from '../../../../lib/rules/ownership/plan-release.ts';
import { referencing, someWorkload } from '../some-workload.ts';

const none = new Set<string>();

function release(
  { finalizer = false, record }: { finalizer?: boolean; record?: string },
  carriers: ReadonlySet<string> = none,
  searched = false,
) {
  const ownership = { finalizer, record, recordIsOurs: true, putBack: 0 };
  const configuration = referencing('ConfigMap/settings');
  const plan = planRelease(someWorkload({ ownership, configuration }), carriers, searched);
  if (plan === undefined) return undefined;
  assert.equal(plan.owned.size, 0);
  return { stale: [...plan.stale].sort(), search: plan.search, complete: plan.complete };
}

const cases: readonly (readonly [
  string,
  Parameters<typeof release>,
  ReturnType<typeof release>,
])[] = [
  ['a workload without finalizer and record is not changed', [{}], undefined],
  [
    'the references in a complete record are removed, without a search',
    [{ finalizer: true, record: '["Secret/a"]' }],
    { stale: ['Secret/a'], search: false, complete: true },
  ],
  [
    'references that were found are removed too',
    [{ record: '["Secret/a"]' }, new Set(['Secret/b'])],
    { stale: ['Secret/a', 'Secret/b'], search: false, complete: true },
  ],
  [
    'a finalizer with an incomplete record waits for a search',
    [{ finalizer: true, record: '["Secret/a","*"]' }],
    { stale: ['ConfigMap/settings', 'Secret/a'], search: true, complete: false },
  ],
  [
    'a finalizer without a record waits for a search too',
    [{ finalizer: true }],
    { stale: ['ConfigMap/settings'], search: true, complete: false },
  ],
  [
    'after a search nothing else is looked for',
    [{ finalizer: true }, new Set(['Secret/b']), true],
    { stale: ['ConfigMap/settings', 'Secret/b'], search: false, complete: true },
  ],
  [
    'without the finalizer nothing waits for a search',
    [{ record: '["*"]' }],
    { stale: ['ConfigMap/settings'], search: false, complete: true },
  ],
  [
    'a record that wave-cron cannot have written is ignored',
    [{ finalizer: true, record: 'no JSON' }],
    { stale: ['ConfigMap/settings'], search: true, complete: false },
  ],
];

for (const [what, args, expected] of cases) {
  test(`in a release ${what}`, () => assert.deepEqual(release(...args), expected));
}
