/**
 * Values that no output may contain. Every Secret that a test creates (`secret` of objects.ts) contains
 * such a value in addition to its own data. The helpers that run a pass or the program search all output
 * for it:
 *
 *     assertNoLeak('the report', JSON.stringify(report));
 *
 * They search for the marker at the beginning and the end of each such value. So they also find a value
 * that was truncated.
 */
import assert from 'node:assert/strict';

/**
 * The beginning of each planted value. It has only letters and digits, because no escaping changes
 * them.
 */
const mark = 'Pl4nt3dV4lu3';

/**
 * A value for one Secret. The value contains everything that escapings treat differently: quotes,
 * line ends, percent signs and Unicode.
 */
export const plantedValue = (name: string): string =>
  `${mark} "${name}"\\ \n\t%41/+&=<ä\u2028\u{1F600}> ${mark}`;

const bytes = [...Buffer.from(mark)];

/**
 * The base64 forms of the marker for each offset in a text, without the digits that also depend on the
 * bytes next to the marker.
 */
function base64Forms(): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.from(`${'\0'.repeat(before)}${mark}`).toString('base64');
    const first = Math.ceil((before * 4) / 3);
    const last = Math.floor(((before + bytes.length) * 4) / 3);
    return text.slice(first, last);
  });
}

/**
 * Matches the marker as a list of bytes in this notation, with any separator between the bytes: `\x`, `%`,
 * `, ` or a blank.
 */
function listed(digits: (byte: number) => string): RegExp {
  const between = String.raw`(?:%|\\+x|\\+u00|\\+u\{|&#x?|0x|[,;:}\s])*`;
  return new RegExp(bytes.map(digits).join(between), 'i');
}

const forms: Readonly<Record<string, RegExp>> = {
  plain: new RegExp(mark, 'i'),
  base64: new RegExp(base64Forms().join('|')),
  'base64 of base64': new RegExp(
    base64Forms()
      .map((form) => Buffer.from(form.slice(0, 12)).toString('base64'))
      .join('|'),
  ),
  hex: listed((byte) => byte.toString(16).padStart(2, '0')),
  'a list of bytes': listed(String),
  backwards: new RegExp([...mark].reverse().join('')),
};

/** The forms in which a text contains a planted value; empty if it contains none. */
export function leaksIn(text: string): string[] {
  return Object.entries(forms).flatMap(([form, pattern]) => (pattern.test(text) ? [form] : []));
}

/** @param what the name of the text for the message, such as `the report` */
export function assertNoLeak(what: string, text: string): void {
  for (const [form, pattern] of Object.entries(forms)) {
    const at = text.search(pattern);
    if (at < 0) continue;
    const around = text.slice(Math.max(0, at - 200), at + 100);
    assert.fail(`${what} shows the value of a Secret (${form}): …${around}…`);
  }
}

/** Everything that a log or a crash could show of an error. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = JSON.stringify({ ...error });
  return `${error.stack}\n${error.message}\n${own}${error.cause === undefined ? '' : `\n${errorText(error.cause)}`}`;
}

/**
 * Returns the result of `work`, or throws its error. Fails if the result or the error contains the
 * value of a Secret.
 */
export async function withoutLeak<T>(what: string, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    assertNoLeak(`the error of ${what}`, errorText(error));
    throw error;
  }
  assertNoLeak(what, JSON.stringify(result) ?? '');
  return result;
}
