const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

/**
 * An age as kubectl prints it: `45s`, `5m30s`, `3h20m`, `2d4h`, `2y30d`. The larger the age is, the
 * fewer small units are shown.
 *
 * @param ms at least 0; a smaller number counts as 0
 */
export function ageText(ms: number): string {
  const age = Math.max(ms, 0);
  const [large, small] = unitsOf(age);
  const count = Math.floor(age / large.ms);
  const rest = small === undefined ? 0 : Math.floor((age % large.ms) / small.ms);
  return rest === 0 ? `${count}${large.name}` : `${count}${large.name}${rest}${small?.name}`;
}

interface Unit {
  readonly name: string;
  readonly ms: number;
}

const second: Unit = { name: 's', ms: 1_000 };
const minute: Unit = { name: 'm', ms: minuteMs };
const hour: Unit = { name: 'h', ms: hourMs };
const day: Unit = { name: 'd', ms: dayMs };
const year: Unit = { name: 'y', ms: yearMs };

/** The units for ages below a bound, as in HumanDuration of k8s.io/apimachinery. */
const units: readonly (readonly [below: number, large: Unit, small?: Unit])[] = [
  [2 * minuteMs, second],
  [10 * minuteMs, minute, second],
  [3 * hourMs, minute],
  [8 * hourMs, hour, minute],
  [2 * dayMs, hour],
  [8 * dayMs, day, hour],
  [2 * yearMs, day],
  [8 * yearMs, year, day],
];

function unitsOf(age: number): readonly [large: Unit, small?: Unit] {
  for (const [below, ...found] of units) {
    if (age < below) return found;
  }
  return [year];
}
