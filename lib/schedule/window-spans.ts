import { endOf, isWithin, type Window } from './window.ts';

/** From the opening of a window to its end, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A window that opens every few minutes has thousands of openings in a week. */
const mostSteps = 500;

/**
 * When a window is open between two times, in milliseconds since 1970. The first span may have begun
 * before `after`, and the last span may end later than `before`. If the window opens hundreds of
 * times, the last spans are missing.
 */
export function spansOf(window: Window, after: number, before: number): Span[] {
  const { starts, durationMs } = window;
  const spans: Span[] = [];
  let from = starts.next(after - durationMs);
  let step = 0;
  while (from < before && step < mostSteps) {
    let to = endOf(window, from);
    step += 1;
    // It has opened again before it ended, or at the moment when it ends.
    for (; to < before && step < mostSteps && isWithin(window, to); step += 1) {
      to = endOf(window, to);
    }
    spans.push({ from, to });
    from = starts.next(to);
  }
  return spans;
}
