import type { Fate } from './steps.ts';

/** The fate of a process without faults. */
export const noFate: Fate = { faults: [], end: null, wallHours: 0 };
