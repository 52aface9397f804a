import { createTask, parse, validateDetailed } from 'node-cron';

const fields = {
  second: { name: 'second', values: '0-59', size: 60 },
  minute: { name: 'minute', values: '0-59', size: 60 },
  hour: { name: 'hour', values: '0-23', size: 24 },
  dayOfMonth: { name: 'day of month', values: '1-31', size: 31 },
  month: { name: 'month', values: '1-12 or jan-dec', size: 12 },
  dayOfWeek: { name: 'day of week', values: '0-7 or sun-sat', size: 7 },
} as const;
type Field = keyof typeof fields;
const order: readonly Field[] = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'];

/**
 * Why an expression is invalid, with each invalid field; undefined if it is valid. If a step is
 * larger than its field, it is invalid too: node-cron would accept a step of 90 minutes and run
 * once an hour.
 */
export function cronProblem(expression: string): string | undefined {
  const stray = /[^a-zA-Z0-9*/,#?@ -]/.exec(expression);
  if (stray !== null) return `${JSON.stringify(stray[0])} is not allowed in a cron expression`;

  const parts = expression.trim().split(/ +/);
  const isNickname = parts[0]?.startsWith('@') === true;
  if (!isNickname) {
    if (parts.length !== 5 && parts.length !== 6) {
      const count = expression.trim() === '' ? 0 : parts.length;
      return `a cron expression has 5 fields (minute, hour, day of month, month, day of week), or 6 with seconds first; this one has ${count}`;
    }
    // Checked before node-cron parses the fields, because it expands every range: 0-999999999 would
    // use all memory.
    const misfits = order
      .slice(-parts.length)
      .flatMap((field, index) => misfit(field, parts[index] ?? ''));
    if (misfits.length > 0) return misfits.join('; ');
  }

  const { errors } = validateDetailed(expression);
  if (errors.length === 0) return undefined;
  return errors
    .map((error) =>
      isField(error.field)
        ? error.message.includes('impossible')
          ? `none of its months has a day ${error.value}`
          : madeOf(error.field, error.value ?? '')
        : `it must have 5 or 6 fields, or be one of @yearly, @monthly, @weekly, @daily and @hourly`,
    )
    .join('; ');
}

function misfit(field: Field, text: string): string[] {
  if (/\d{3}/.test(text)) return [madeOf(field, text)];
  const step = /\/(\d+)/.exec(text)?.[1];
  const { name, size } = fields[field];
  if (step === undefined || Number(step) <= size) return [];
  return [`the ${name} "${text}" has a step of more than ${size}`];
}

function madeOf(field: Field, text: string): string {
  const { name, values } = fields[field];
  return `the ${name} "${text}" is invalid: use ${values}, * for all, ranges (1-5), steps (*/5) and lists (1,5)`;
}

function isField(name: string): name is Field {
  return Object.hasOwn(fields, name);
}

/** The times of a cron expression in a time zone. */
export interface CronMoments {
  /**
   * The first time after the given time. Both are in milliseconds since 1970. Infinite if there is
   * no such time within 41 years.
   */
  next(after: number): number;
}

const dayMs = 86_400_000;
/** The rarest day is a fifth Saturday in February, which does not occur from 2076 to 2116. */
const horizonMs = 41 * 366 * dayMs;

/**
 * A time is due if the local clock of the time zone matches the expression, as in a CronJob of
 * Kubernetes: if clocks repeat an hour, it counts twice, and if they skip an hour, it does not
 * count. The library parses the expression and matches days. The times of the library are not used,
 * because they omit the second of two equal hours.
 *
 * @param expression one that `cronProblem` accepts
 */
export function cronMoments(expression: string, timeZone: string): CronMoments {
  const { second, minute, hour, month } = parse(expression);
  const hours = hour.toSorted(ascending);
  const minutes = minute.toSorted(ascending);
  const seconds = second.toSorted(ascending);
  const matchesDay = dayMatcher(expression);

  /**
   * The first time on the day at or after `from`, in milliseconds of a local clock without a time
   * zone.
   */
  const timeOfDay = (day: number, from: number): number | undefined => {
    for (const h of hours) {
      const atHour = day + h * 3_600_000;
      if (atHour + 3_600_000 <= from) continue;
      for (const m of minutes) {
        const atMinute = atHour + m * 60_000;
        if (atMinute + 60_000 <= from) continue;
        const s = seconds.find((each) => atMinute + each * 1_000 >= from);
        if (s !== undefined) return atMinute + s * 1_000;
      }
    }
    return undefined;
  };

  const localNext = (from: number, end: number): number | undefined => {
    for (let day = Math.floor(from / dayMs) * dayMs; day < end; day += dayMs) {
      const date = new Date(day);
      if (!month.includes(date.getUTCMonth() + 1) || !matchesDay(date)) continue;
      const at = timeOfDay(day, from);
      if (at !== undefined) return at < end ? at : undefined;
    }
    return undefined;
  };

  return {
    next(after) {
      let from = Math.floor(after / 1_000) * 1_000 + 1_000;
      const horizon = from + horizonMs;
      // Between two clock changes, the offset of the zone is constant.
      while (from < horizon) {
        const zoned = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone);
        const offset = zoned.offsetNanoseconds / 1_000_000;
        const change = zoned.getTimeZoneTransition('next')?.epochMilliseconds;
        const end = Math.min(change ?? horizon, horizon);
        const local = localNext(from + offset, end + offset);
        if (local !== undefined) return local - offset;
        from = end;
      }
      return Number.POSITIVE_INFINITY;
    },
  };
}

/**
 * A function that says whether the expression includes a day. It gets the start of the day in UTC,
 * and ignores months. If both the day of month and the day of week are restricted, a match of
 * either is enough, as in a CronJob of Kubernetes. The library would require both, so each is
 * matched separately.
 */
function dayMatcher(expression: string): (day: Date) => boolean {
  const { dayOfMonth, dayOfWeek } = parse(expression);
  const byMonth = matcher(`0 0 ${dayOfMonth.join(',')} * *`);
  const byWeek = matcher(`0 0 * * ${dayOfWeek.join(',')}`);
  // A nickname, such as @weekly, is only one field. It restricts at most one of the day of month
  // and the day of week.
  const fields = expression.trim().split(/ +/);
  return fields.length === 1 || [fields.at(-3), fields.at(-1)].some(isUnrestricted)
    ? (day) => byMonth(day) && byWeek(day)
    : (day) => byMonth(day) || byWeek(day);
}

/** Whether a field is unrestricted. In a CronJob, `1-31` and `*\/2` restrict a field. */
function isUnrestricted(field = '*'): boolean {
  return field.split(',').some((part) => /^([*?]|[*]\/0?1)$/.test(part));
}

function matcher(expression: string): (day: Date) => boolean {
  const task = createTask(expression, () => {}, { timezone: 'UTC' });
  // Removes the task from the list of the library. Otherwise, the list would keep the task until
  // the process ends.
  void task.destroy();
  return (day) => task.match(day);
}

function ascending(one: number, other: number): number {
  return one - other;
}
