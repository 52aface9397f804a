import { distance } from 'fastest-levenshtein';

/**
 * The known name that `name` most likely means. In this order: a known name that differs only in
 * case or separators (`log-level`), a known name that differs by a typo, or a known name that ends
 * with `name` (`concurrency.reads` for `reads`). Undefined if no known name is similar.
 *
 * @param name of any length. If it is long, it is not compared
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 100) return undefined;
  const given = bare(name);
  const same = known.find((each) => bare(each) === given);
  if (same !== undefined) return same;

  let closest: string | undefined;
  let apart = Math.min(3, Math.max(1, Math.floor(given.length / 3))) + 1;
  for (const each of known) {
    const steps = distance(given, bare(each));
    if (steps < apart) [closest, apart] = [each, steps];
  }
  if (closest !== undefined) return closest;
  return given.length < 4 ? undefined : known.find((each) => bare(each).endsWith(given));
}

function bare(name: string): string {
  return name
    .replace(/^WAVE_/, '')
    .replaceAll(/[-_.]/g, '')
    .toLowerCase();
}
