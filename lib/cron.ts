import { createTask, validateDetailed } from 'node-cron';

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
 * Why node-cron cannot run this expression, naming each field at fault; undefined where it can.
 * A step longer than its field is refused too: node-cron takes 90 as a step of minutes and means
 * once an hour.
 */
export function cronProblem(expression: string): string | undefined {
  const stray = /[^a-zA-Z0-9*/,#?@ -]/.exec(expression);
  if (stray !== null) return `${JSON.stringify(stray[0])} has no meaning in a cron expression`;

  const parts = expression.trim().split(/ +/);
  const isNickname = parts[0]?.startsWith('@') === true;
  if (!isNickname) {
    if (parts.length !== 5 && parts.length !== 6) {
      const count = expression.trim() === '' ? 0 : parts.length;
      return `a cron expression has 5 fields (minute, hour, day of month, month, day of week), or 6 with seconds first; this has ${count}`;
    }
    // Before node-cron sees them, since it writes every range out in full: 0-999999999 would
    // take all memory.
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
          ? `no month that it names has a day ${error.value}`
          : madeOf(error.field, error.value ?? '')
        : `it must be 5 or 6 fields, or one of @yearly, @monthly, @weekly, @daily and @hourly`,
    )
    .join('; ');
}

function misfit(field: Field, text: string): string[] {
  if (/\d{3}/.test(text)) return [madeOf(field, text)];
  const step = /\/(\d+)/.exec(text)?.[1];
  const { name, size } = fields[field];
  if (step === undefined || Number(step) <= size) return [];
  return [`the ${name} "${text}" has a step of more than the ${size} that there are`];
}

function madeOf(field: Field, text: string): string {
  const { name, values } = fields[field];
  return `the ${name} "${text}" must be made of ${values}, * for all, ranges (1-5), steps (*/5) and lists (1,5)`;
}

function isField(name: string): name is Field {
  return Object.hasOwn(fields, name);
}

/** A cron expression at work. */
export interface CronTicks {
  start(): void;
  /** The next `count` moments, the soonest first; without the jitter. */
  next(count: number): Date[];
  /** No tick begins after this; one that is under way is the caller's to wait for. */
  stop(): void;
}

/**
 * Once started, calls `onTick` at each moment of the expression, late by a random time of up to `jitterSeconds`.
 * A moment that comes while an earlier tick is under way is skipped, which `onSkipped` is told;
 * one that comes late, since the process was stopped or busy, is made up for, unless the next has
 * come as well: what is done at a tick finds whatever has changed until then.
 *
 * @param onTick must not throw
 */
export function cronTicks(options: {
  /** One that `cronProblem` finds no fault with. */
  readonly expression: string;
  readonly timeZone: string;
  readonly jitterSeconds: number;
  readonly onTick: () => Promise<void>;
  readonly onSkipped: () => void;
}): CronTicks {
  const { expression, timeZone, jitterSeconds, onTick, onSkipped } = options;
  const task = createTask(expression, onTick, {
    timezone: timeZone,
    noOverlap: true,
    // node-cron draws whole milliseconds below this.
    maxRandomDelay: jitterSeconds === 0 ? 0 : jitterSeconds * 1000 + 1,
    missedExecutionTolerance: Number.POSITIVE_INFINITY,
    suppressMissedWarning: true,
    logger: silent,
  });
  task.on('execution:overlap', onSkipped);
  return {
    start: () => void task.start(),
    next: (count) => task.getNextRuns(count),
    stop: () => void task.destroy(),
  };
}

/** node-cron would write to the console, in between log lines. */
const silent = { info() {}, warn() {}, error() {}, debug() {} };
