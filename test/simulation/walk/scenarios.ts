/** Sequences of steps that occur too rarely in random walks. */
import { mentions } from '../../faults/walk/references.ts';
import type { SeededRandom } from '../world/random.ts';
import { badValue, namespaces, sources } from './names.ts';
import { noFate } from './no-fate.ts';
import type { Plan, Step } from './steps.ts';

type Untimed = Step extends infer S ? (S extends Step ? Omit<S, 'waitMs'> : never) : never;

export function scenario(
  random: SeededRandom,
  fleet: Plan['fleet'],
  withPolicies: boolean,
): readonly Step[] {
  const namespace = random.below(namespaces.length);
  const source = random.below(sources.length);
  const workload = random.below(5);
  const how = random.of(mentions);
  const adoption = random.of(['stamp', 'if-changed', 'baseline'] as const);
  const write = (x: number): Untimed => ({ do: 'write source', namespace, source, x, y: x });
  const use = (place: number): Untimed => ({
    ...{ do: 'apply workload', namespace, workload: place, optIn: true, adoption },
    mentions: [{ source, how }],
  });
  const run: Untimed =
    fleet === 'jobs' ? { do: 'once', fate: noFate } : { do: 'schedule', replica: 0, fate: noFate };
  const check: Untimed = { do: 'check', lift: false };
  const settled: readonly Untimed[] = [write(0), use(workload), check];
  const operated = (): readonly Untimed[] => [
    ...settled,
    {
      ...{ do: 'operate', namespace, workload, whole: random.isOneIn(2) },
      times: random.within(1, 3),
    },
    ...[write(1), run, check],
  ];
  const recreated = (): readonly Untimed[] => [
    ...settled,
    random.isOneIn(2) ? { do: 'delete source', namespace, source } : write(1),
    { do: 'recreate workload', namespace, workload },
    check,
  ];
  const shared = (): readonly Untimed[] => [
    ...settled,
    use((workload + 1) % 5),
    check,
    {
      do: 'delete workload',
      namespace,
      workload,
      cascade: random.of(['Background', 'Foreground'] as const),
    },
    check,
  ];
  /** One workload stops using a source, and others start in the same pass. */
  const handedOver = (): readonly Untimed[] => [
    { do: 'setting', setting: { key: 'ownership', value: 'finalizer' } },
    ...settled,
    { ...use(workload), mentions: [] } as Untimed,
    use((workload + 1) % 5),
    use((workload + 2) % 5),
    ...[run, check],
  ];
  /** Watches miss a change, and their last version has expired when they open again. */
  const expired = (): readonly Untimed[] => [
    ...settled,
    { do: 'streams', fault: 'silent' },
    ...[write(1), { do: 'compact' } as const, check],
  ];
  const failing = (): readonly Untimed[] => [
    { do: 'check', lift: true },
    write(0),
    ...[0, 1, 2].map((each): Untimed => ({ ...use(each), do: 'apply workload' }) as Untimed),
    check,
    { do: 'setting', setting: { key: 'maxConcurrent', value: 1 } },
    write(badValue),
    ...[
      run,
      { do: 'time', minutes: 2 } as const,
      run,
      { do: 'time', minutes: 12 } as const,
      run,
      check,
    ],
  ];
  const approving = (): readonly Untimed[] => {
    const approve = (which: 'pending' | 'older'): Untimed => ({
      ...{ do: 'approve', namespace, workload, which, now: random.isOneIn(3) },
    });
    return [
      { do: 'check', lift: true },
      ...[write(0), use(workload), check],
      { do: 'policy', namespace, workload, key: 'approval', value: 'required' },
      ...[write(1), run, approve('older'), run, approve('pending'), write(2), run],
      ...[approve('pending'), run, check],
    ];
  };
  const flapping = (): readonly Untimed[] => [
    { do: 'check', lift: true },
    { do: 'setting', setting: { key: 'limit', value: random.within(1, 2) } },
    use(workload),
    ...[0, 1, 2, 3].flatMap((x): Untimed[] => [write(x), run, { do: 'time', minutes: 5 }]),
    check,
  ];
  const all = withPolicies
    ? [operated, recreated, shared, handedOver, failing, failing, approving, flapping]
    : [operated, recreated, shared, handedOver, expired];
  return random
    .of(all)()
    .map((step) => ({ ...step, waitMs: step.do === 'once' ? 30_000 : 2_000 }) as Step);
}
