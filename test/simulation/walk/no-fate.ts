import type { Fate } from './steps.ts';

/** Nothing happens to the process. */
export const noFate: Fate = { faults: [], end: null, wallHours: 0 };
