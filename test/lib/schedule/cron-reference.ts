/**
 * A second implementation of cron expressions, without node-cron and without Temporal. Each expression is
 * generated together with the values of its fields. Intl.DateTimeFormat gives the local time of each minute in
 * a time zone.
 */
import fc from 'fast-check';

/** A cron expression of five fields, with a function that says which minutes it matches. */
export interface KnownExpression {
  readonly text: string;
  readonly matches: (minute: LocalMinute) => boolean;
}

/** The local time in a time zone. */
export interface LocalMinute {
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** Sunday is 0. */
  readonly weekday: number;
}

interface KnownField {
  readonly text: string;
  readonly values: ReadonlySet<number>;
  /**
   * Whether the field is restricted in the sense of a CronJob: if day and weekday are both restricted, one
   * match is enough.
   */
  readonly isRestricted: boolean;
}

interface Bounds {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const weekdays = 'sun mon tue wed thu fri sat'.split(' ');

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);

function field({ from, to, names }: Bounds): fc.Arbitrary<KnownField> {
  const value = fc.integer({ min: from, max: to });
  const word = (each: number) =>
    names === undefined ? fc.constant(`${each}`) : fc.constantFrom(`${each}`, names[each - from]);
  const single = value.chain((each) => word(each).map((text) => ({ text, values: [each] })));
  const between = fc
    .tuple(value, value, fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }))
    .chain(([one, other, step]) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      return fc.tuple(word(low), word(high)).map(([first, last]) => ({
        text: `${first}-${last}${step === undefined ? '' : `/${step}`}`,
        values: range(low, high, step),
      }));
    });
  const list = fc.array(fc.oneof(single, between), { minLength: 1, maxLength: 3 }).map(
    (parts): KnownField => ({
      text: parts.map(({ text }) => text).join(','),
      values: new Set(parts.flatMap(({ values }) => values)),
      isRestricted: true,
    }),
  );
  const steps = fc.integer({ min: 1, max: to - from + 1 }).map(
    (step): KnownField => ({
      text: `*/${step}`,
      values: new Set(range(from, to, step)),
      isRestricted: step > 1,
    }),
  );
  return fc.oneof(list, steps);
}

const any = ({ from, to }: Bounds): fc.Arbitrary<KnownField> =>
  fc.constant({ text: '*', values: new Set(range(from, to)), isRestricted: false });

/** @param percent the share of expressions in which the field is not just `*`, in percent */
export function expressions(percent: {
  readonly hour: number;
  readonly day: number;
}): fc.Arbitrary<KnownExpression> {
  const either = (bounds: Bounds, weight: number) =>
    fc.oneof(
      { weight: 100 - weight, arbitrary: any(bounds) },
      { weight, arbitrary: field(bounds) },
    );
  return fc
    .tuple(
      either({ from: 0, to: 59 }, 90),
      either({ from: 0, to: 23 }, percent.hour),
      either({ from: 1, to: 31 }, percent.day),
      either({ from: 1, to: 12, names: months }, 20),
      either({ from: 0, to: 6, names: weekdays }, percent.day),
    )
    .map(([minute, hour, day, month, weekday]) => ({
      text: [minute, hour, day, month, weekday].map(({ text }) => text).join(' '),
      matches: (at) => {
        const byMonth = day.values.has(at.day);
        const byWeek = weekday.values.has(at.weekday);
        return (
          minute.values.has(at.minute) &&
          hour.values.has(at.hour) &&
          month.values.has(at.month) &&
          (day.isRestricted && weekday.isRestricted ? byMonth || byWeek : byMonth && byWeek)
        );
      },
    }));
}

/** Returns a function that gives the local time in a time zone. */
function wallClock(timeZone: string): (at: number) => LocalMinute & { readonly utc: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (at) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] =
      format.format(at).match(/\d+/g)?.map(Number) ?? [];
    const utc = Date.UTC(year, month - 1, day, hour, minute);
    return { month, day, hour, minute, weekday: new Date(utc).getUTCDay(), utc };
  };
}

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
const dayMs = 86_400_000;

/** The first moment after each change of the zone's offset. */
export function clockChanges(timeZone: string, from: number, to: number): number[] {
  const read = wallClock(timeZone);
  const offset = (at: number) => read(at).utc - at;
  const changes: number[] = [];
  let offsetBefore = offset(from);
  for (let day = from; day < to; day += dayMs) {
    const offsetAfter = offset(day + dayMs);
    if (offsetAfter === offsetBefore) continue;
    let [before, after] = [day, day + dayMs];
    while (after - before > minuteMs) {
      const middle = before + Math.floor((after - before) / 2 / minuteMs) * minuteMs;
      if (offset(middle) === offsetBefore) before = middle;
      else after = middle;
    }
    changes.push(after);
    offsetBefore = offsetAfter;
  }
  return changes;
}

/**
 * Each minute from `from` up to but not including `to`, with its local time. No time zone changes its offset
 * within a quarter of an hour, so the first minute of each quarter is enough.
 */
export function everyMinute(timeZone: string, from: number, to: number): [number, LocalMinute][] {
  const read = wallClock(timeZone);
  return range(from, to - quarterMs, quarterMs).flatMap((quarter) => {
    const first = read(quarter);
    return range(0, 14).map((more): [number, LocalMinute] => [
      quarter + more * minuteMs,
      { ...first, minute: first.minute + more },
    ]);
  });
}

/** The local time of each minute, in milliseconds since the epoch as if the local time were UTC. */
export function shownMinutes(timeZone: string, from: number, to: number): number[] {
  const read = wallClock(timeZone);
  return range(from, to - quarterMs, quarterMs).flatMap((quarter) => {
    const { utc } = read(quarter);
    return range(0, 14).map((more) => utc + more * minuteMs);
  });
}
