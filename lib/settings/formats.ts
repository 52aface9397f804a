import { cronProblem } from '../schedule/cron.ts';
import { parsePause } from '../schedule/pause.ts';
import { timeZoneProblem } from '../schedule/time-zone.ts';
import { parseAmount } from '../text/amount.ts';
import { secureUrlProblem } from '../text/secure-url.ts';
import { waitProblem } from '../text/wait-duration.ts';
import { toleranceProblem } from './clock-tolerance.ts';
import { labelSelectorProblem } from './label-selector.ts';
import { listenAddress } from './listen-address.ts';
import { intervalProblem } from './resync-interval.ts';

/**
 * For each `format` of the schema, a function that returns why a text is invalid, or undefined if
 * it is valid. `allowed` describes the allowed values, as in the schema.
 */
export const formats: Readonly<
  Record<string, (text: string, allowed: string) => string | undefined>
> = {
  cron: cronProblem,
  interval: intervalProblem,
  tolerance: toleranceProblem,
  wait: waitProblem,
  pause: (text, allowed) => (parsePause(text) === 'invalid' ? `must be ${allowed}` : undefined),
  amount: (text, allowed) => (parseAmount(text) === undefined ? `must be ${allowed}` : undefined),
  'label-selector': labelSelectorProblem,
  'time-zone': timeZoneProblem,
  'host-port': (text, allowed) =>
    listenAddress(text) === undefined ? `must be ${allowed}` : undefined,
  'secure-url': secureUrlProblem,
  'http-url': (text, allowed) =>
    /^https?:\/\//i.test(text) && URL.canParse(text) ? undefined : `must be ${allowed}`,
};
