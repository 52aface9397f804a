import { quote } from '../../text/quote.ts';

/** The maximum distance of an order from 0. */
const most = 1_000_000;

/**
 * Parses the annotation `/rollout-order`. Without it, the order is 0. A problem is a clause that follows the
 * name of the annotation.
 */
export function parseOrder(text: string | undefined): number | { readonly problem: string } {
  if (text === undefined) return 0;
  const order = /^-?\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(order) <= most) return order;
  return { problem: `is ${quote(text)}: it must be a whole number from -${most} to ${most}` };
}

/**
 * The order of a workload in the queue. If the annotation is invalid, the workload is held, so its
 * order makes no difference.
 */
export function orderOf(text: string | undefined): number {
  const order = parseOrder(text);
  return typeof order === 'number' ? order : 0;
}
