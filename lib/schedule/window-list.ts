import { durationMs } from '../text/duration.ts';
import { nearest } from '../text/nearest.ts';
import { parsedYaml } from '../text/parsed-yaml.ts';
import { quote } from '../text/quote.ts';
import { windowDurationProblem } from '../text/wait-duration.ts';
import { cronProblem } from './cron.ts';
import { timeZoneProblem } from './time-zone.ts';
import { startsOf, type Window } from './window.ts';

/** The maximum number of windows in one list. Each window costs time for each workload. */
export const mostWindows = 10;
/** The maximum length of an annotation in characters. */
export const longestWindows = 4096;

/**
 * A list of windows, or its problem as a clause that follows the name of the setting or annotation.
 */
export type WindowList = readonly Window[] | { readonly problem: string };

/**
 * Parses an annotation with windows.
 *
 * @param text a list as YAML or JSON: see `readWindows`
 */
export function parseWindows(text: string, timeZone: string, from: string): WindowList {
  if (text.length > longestWindows) {
    return { problem: `has more than ${longestWindows} characters` };
  }
  const parsed = parsedYaml(text);
  if ('problem' in parsed) {
    const hint = parsed.problem.includes('Alias')
      ? '; a schedule that begins with * needs quotes'
      : '';
    return { problem: `is not YAML or JSON: ${parsed.problem}${hint}` };
  }
  return readWindows(parsed.value, timeZone, from);
}

/**
 * Validates and reads a list of windows.
 *
 * @param value the parsed value of a setting or an annotation
 * @param timeZone the time zone of windows without a time zone of their own
 * @param from the name of the setting or annotation in messages
 */
export function readWindows(value: unknown, timeZone: string, from: string): WindowList {
  if (!Array.isArray(value)) {
    return { problem: 'must be a list of windows, each with kind, schedule and duration' };
  }
  if (value.length > mostWindows) {
    return { problem: `has ${value.length} windows, and at most ${mostWindows} are read` };
  }
  const windows: Window[] = [];
  for (const [index, entry] of value.entries()) {
    const problem = problemOf(entry);
    if (problem !== undefined) return { problem: `has a fault in window ${index + 1}: ${problem}` };
    const { kind, schedule, duration, ...rest } = entry as GivenWindow;
    const zone = rest.timeZone ?? timeZone;
    const starts = startsOf(schedule, zone);
    const lasting = { duration, durationMs: durationMs(duration) };
    windows.push({ kind, schedule, ...lasting, timeZone: zone, from, starts });
  }
  return windows;
}

type GivenWindow = Pick<Window, 'kind' | 'schedule' | 'duration'> & { readonly timeZone?: string };

const members: Readonly<Record<keyof GivenWindow, (text: string) => string | undefined>> = {
  kind: (text) => (text === 'allow' || text === 'deny' ? undefined : 'must be allow or deny'),
  schedule: scheduleProblem,
  duration: windowDurationProblem,
  timeZone: timeZoneProblem,
};
const names = Object.keys(members);

/** Why the entry is not a valid window; undefined if it is a `GivenWindow`. */
function problemOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return `must be a mapping of ${names.join(', ')}`;
  }
  const given = new Map<string, unknown>(Object.entries(entry));
  const unknown = [...given.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, names);
    const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
    return `${quote(unknown)} is not known; ${hint}`;
  }
  for (const [name, problem] of Object.entries(members)) {
    const value = given.get(name);
    if (value === undefined && name === 'timeZone') continue;
    if (value === undefined) return `${name} is required`;
    if (typeof value !== 'string') return `${name} must be a string; put it in quotes`;
    const why = problem(value);
    if (why !== undefined) return `${name} is ${quote(value)}: ${why}`;
  }
  return undefined;
}

/**
 * Why the schedule is invalid; undefined if it is valid. As in a CronJob, a schedule must not have
 * seconds.
 */
function scheduleProblem(text: string): string | undefined {
  const problem = cronProblem(text);
  const withSeconds = text.trim().split(/ +/).length === 6;
  return problem === undefined && withSeconds
    ? 'must have 5 fields (minute, hour, day of month, month, day of week)'
    : problem;
}
