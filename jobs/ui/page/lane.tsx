import { positionOf, type TimeScale, ticksOf } from './time-scale.ts';
import { localOffset } from './times.ts';

/** A bar in a lane. Times are in milliseconds since 1970. */
export interface Bar {
  readonly from: number;
  /** Infinite if the end is unknown. */
  readonly to: number;
  /** A class of the style sheet. */
  readonly look: string;
}

const width = 1000;
const height = 20;

/**
 * Bars on a time scale. The text next to the bars says the same, so they are hidden from screen
 * readers.
 */
export function Lane({
  scale,
  bars,
  now,
}: {
  scale: TimeScale;
  bars: readonly Bar[];
  now: number;
}) {
  const wide = { ...scale, width };
  const x = (time: number) => positionOf(time, wide);
  return (
    <svg
      class="lane"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {gridOf(scale).map((tick) => (
        <line key={tick} class="grid" x1={x(tick)} x2={x(tick)} y1={0} y2={height} />
      ))}
      {bars.map(({ from, to, look }) => (
        <rect
          key={`${look} ${from}`}
          class={to === Number.POSITIVE_INFINITY ? `${look} open` : look}
          x={x(from)}
          width={Math.max(x(to) - x(from), 3)}
          y={4}
          height={height - 8}
        />
      ))}
      <line class="now" x1={x(now)} x2={x(now)} y1={0} y2={height} />
    </svg>
  );
}

function gridOf(scale: TimeScale): number[] {
  return ticksOf(scale, 6, localOffset(scale.to));
}

/** The labels of the grid lines. */
export function Axis({ scale }: { readonly scale: TimeScale }) {
  const isLong = scale.to - scale.from > 2 * 86_400_000;
  const format = new Intl.DateTimeFormat(
    'en',
    isLong
      ? { weekday: 'short', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  );
  return (
    <div class="axis" aria-hidden="true">
      {gridOf(scale).map((tick) => (
        <span key={tick} style={{ left: `${positionOf(tick, { ...scale, width: 100 })}%` }}>
          {format.format(tick)}
        </span>
      ))}
    </div>
  );
}
