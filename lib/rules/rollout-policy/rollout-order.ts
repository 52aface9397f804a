import { quote } from '../../text/quote.ts';

/** As far from 0 as an order may be. */
const most = 1_000_000;

/** The value of the annotation `/rollout-order`, 0 if there is none, or what is wrong with it. */
export function parseOrder(text: string | undefined): number | { readonly problem: string } {
  if (text === undefined) return 0;
  const order = /^-?\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(order) <= most) return order;
  return { problem: `is ${quote(text)}: it must be a whole number from -${most} to ${most}` };
}
