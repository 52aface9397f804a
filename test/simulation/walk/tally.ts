/** Statistics about a walk. */
export interface Tally {
  steps: number;
  requests: number;
  passes: number;
  partialPasses: number;
  checks: number;
  kills: number;
  stops: number;
  /** The number of written hashes. */
  hashes: number;
  virtualMs: number;
  readonly faults: Map<string, number>;
  /** The number of workloads that passes at quiet points held back, by reason. */
  readonly holds: Map<string, number>;
}

export const newTally = (): Tally => ({
  ...{ steps: 0, requests: 0, passes: 0, partialPasses: 0, checks: 0, kills: 0, stops: 0 },
  ...{ hashes: 0, virtualMs: 0, faults: new Map(), holds: new Map() },
});

export function count(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

/** Adds the numbers of the second argument to the first. */
export function add(sum: Tally, more: Tally): void {
  for (const key of Object.keys(more) as (keyof Tally)[]) {
    const [own, other] = [sum[key], more[key]];
    if (typeof other === 'number') Object.assign(sum, { [key]: Number(own) + other });
    else if (own instanceof Map) for (const [name, times] of other) count(own, name, times);
  }
}

export function inWords(tally: Tally): string {
  const { faults, holds, virtualMs, ...numbers } = tally;
  const days = (virtualMs / 86_400_000).toFixed(1);
  return [
    ...Object.entries(numbers).map(([name, value]) => `${value} ${name}`),
    `${days} days`,
    listed('faults', faults),
    listed('holds', holds),
  ].join(', ');
}

function listed(what: string, counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const total = sorted.reduce((sum, [, each]) => sum + each, 0);
  return `${total} ${what} (${sorted.map(([name, each]) => `${each} ${name}`).join(', ')})`;
}
