/** Formats a difference: the fields that differ, and the requests before it. */
import { at, isList, isMap, isSame } from '../server/json.ts';
import type { Found } from './run.ts';

export function inWords({ seed, index, step, real, simulated, recent }: Found): string {
  const lines = [
    `seed ${seed}, request ${index}: ${JSON.stringify(step)}`,
    ...messages(real, simulated),
    ...unequal(real, simulated).slice(0, 12),
    'before it:',
    ...recent.slice(0, -1).map((each) => `  ${cut(JSON.stringify(each), 600)}`),
  ];
  return lines.join('\n');
}

/** The messages of both servers, if one of them rejects the request. */
function messages(...answers: readonly unknown[]): string[] {
  const texts = answers.map((each) => at(each, 'body', 'message') ?? 'no message');
  return texts.every((each) => each === texts[0])
    ? []
    : texts.map((each) => `  says: ${cut(String(each), 400)}`);
}

/** The deepest fields that differ, one per line. */
function unequal(real: unknown, simulated: unknown, path = ''): string[] {
  if (isSame(real, simulated)) return [];
  if (isMap(real) && isMap(simulated)) {
    const keys = new Set([...Object.keys(real), ...Object.keys(simulated)]);
    return [...keys].flatMap((key) => unequal(real[key], simulated[key], `${path}.${key}`));
  }
  if (isList(real) && isList(simulated) && real.length === simulated.length) {
    return real.flatMap((each, i) => unequal(each, simulated[i], `${path}[${i}]`));
  }
  return [
    `  ${path}`,
    `    real:      ${cut(JSON.stringify(real) ?? 'nothing', 900)}`,
    `    simulated: ${cut(JSON.stringify(simulated) ?? 'nothing', 900)}`,
  ];
}

const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}…`;
