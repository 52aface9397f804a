/** A number of workloads, or a share of them in percent. */
export type Amount = { readonly count: number } | { readonly percent: number };

const mostWorkloads = 100_000;

/** Parses `5` or `10%`; undefined if the text has another form, or if the number is less than 1. */
export function parseAmount(text: string): Amount | undefined {
  const [, digits, sign] = /^(\d{1,6})(%?)$/.exec(text) ?? [];
  const number = Number(digits);
  if (digits === undefined || number < 1) return undefined;
  if (sign === '%') return number > 100 ? undefined : { percent: number };
  return number > mostWorkloads ? undefined : { count: number };
}

/** A number of workloads. A percentage is rounded up; the result is at least 1. */
export function amountOf(amount: Amount, all: number): number {
  return 'count' in amount ? amount.count : Math.max(1, Math.ceil((amount.percent * all) / 100));
}
