/**
 * Values that no output may show. Every Secret that a test makes (`secret` of objects.ts) has one
 * beside its own data, and whatever runs a pass or the program in a test looks for it in all that
 * comes out:
 *
 *     assertNoLeak('the report', JSON.stringify(report));
 *
 * What is looked for is the mark that each such value has at its beginning and at its end, so that
 * a value that was cut is found as well.
 */
import assert from 'node:assert/strict';

/** Only letters and digits, so that no way of escaping a text changes it. */
const mark = 'Pl4nt3dV4lu3';

/** A value, for one Secret, with what escapes differ in: quotes, line ends, percent signs, unicode. */
export const plantedValue = (name: string): string =>
  `${mark} "${name}"\\ \n\t%41/+&=<ä\u2028\u{1F600}> ${mark}`;

const bytes = [...Buffer.from(mark)];

/** The base64 of the mark wherever in a text it begins, but for the digits that its neighbours change. */
function base64Forms(): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.from(`${'\0'.repeat(before)}${mark}`).toString('base64');
    const first = Math.ceil((before * 4) / 3);
    const last = Math.floor(((before + bytes.length) * 4) / 3);
    return text.slice(first, last);
  });
}

/** Bytes in this notation, with whatever may stand between two of them: `\x`, `%`, `, `, a blank. */
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

/** In which forms a text shows a planted value; empty where it does in none. */
export function leaksIn(text: string): string[] {
  return Object.entries(forms).flatMap(([form, pattern]) => (pattern.test(text) ? [form] : []));
}

/** @param what that came out, for the message, such as `the report` */
export function assertNoLeak(what: string, text: string): void {
  for (const [form, pattern] of Object.entries(forms)) {
    const at = text.search(pattern);
    if (at < 0) continue;
    const around = text.slice(Math.max(0, at - 200), at + 100);
    assert.fail(`${what} shows the value of a Secret (${form}): …${around}…`);
  }
}

/** An error with all that a log or a crash could show of it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = JSON.stringify({ ...error });
  return `${error.stack}\n${error.message}\n${own}${error.cause === undefined ? '' : `\n${errorText(error.cause)}`}`;
}

/** What `work` gives, or throws what it throws: in neither case with the value of a Secret. */
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
