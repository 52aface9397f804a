import { useEffect, useRef, useState } from 'preact/hooks';
import type { ExplainedEvent } from '../../../lib/explanation/explanation.ts';
import type { Revision } from '../../../lib/explanation/revisions.ts';
import { type HistoryPoint, historyPoints, spread } from './history-points.ts';
import { useNow } from './hooks.ts';
import { positionOf } from './time-scale.ts';
import { timeWords } from './times.ts';

const height = 92;
const line = 34;
const [left, right] = [14, 14];
/** The smallest distance between two revisions without an overlap of their circles. */
const leastDistance = 26;

interface PictureProps {
  /** Newest first, at least one. */
  readonly revisions: readonly Revision[];
  readonly events: readonly ExplainedEvent[];
}

/**
 * The revisions as circles on a time line. A filled circle has a new configuration. Between two
 * circles, the color shows which configuration the Pods had. Small lines below are Events. A table
 * contains the same data, so a screen reader gets only one sentence.
 */
export function HistoryPicture({ revisions, events }: PictureProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const now = useNow(60_000);
  const points = historyPoints(revisions, now);
  const scale = { from: points[0]?.time ?? now, to: now, width: width - left - right };
  const places = spread(
    points.map(({ time }) => positionOf(time, scale)),
    leastDistance,
    scale.width,
  ).map((x) => x + left);
  const eventTimes = events.flatMap(({ time }) => (time === null ? [] : [Date.parse(time)]));
  return (
    <div class="picture" ref={frame}>
      <svg width={width} height={height} role="img" aria-label={summaryOf(points, now)}>
        {points.map((point, at) => (
          <Segment
            key={`s${point.revision.revision}`}
            point={point}
            from={places[at] ?? 0}
            to={places[at + 1] ?? width}
            at={at}
            points={points}
          />
        ))}
        {points.map((point, at) => (
          <Circle key={point.revision.revision} point={point} x={places[at] ?? 0} />
        ))}
        {eventTimes
          .filter((time) => time >= scale.from)
          .map((time) => {
            const x = positionOf(time, scale) + left;
            return <line key={time} class="event" x1={x} x2={x} y1={66} y2={76} />;
          })}
        <text x={left} y={height - 2} class="end">
          {timeWords(scale.from, now)}
        </text>
        <text x={width - 2} y={height - 2} class="end" text-anchor="end">
          now
        </text>
      </svg>
    </div>
  );
}

interface SegmentProps {
  readonly point: HistoryPoint;
  readonly points: readonly HistoryPoint[];
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Enough colors that adjacent segments differ. */
const colors = 4;

function Segment({ point, points, at, from, to }: SegmentProps) {
  const { configHash } = point.revision;
  const hashes = [...new Set(points.map(({ revision }) => revision.configHash))];
  const color = configHash === null ? 'none' : `c${hashes.indexOf(configHash) % colors}`;
  return (
    <g>
      <line class={`segment ${color}`} x1={from} x2={to} y1={line} y2={line} />
      {configHash !== null && to - from > 90 && (at === 0 || point.isNewConfiguration) ? (
        <text x={(from + to) / 2} y={line - 14} text-anchor="middle" class="hash">
          {configHash.slice(0, 7)}
        </text>
      ) : null}
    </g>
  );
}

function Circle({ point, x }: { readonly point: HistoryPoint; readonly x: number }) {
  const { revision, isEstimated, isNewConfiguration } = point;
  const looks = [
    'revision',
    ...(isNewConfiguration ? ['changed'] : []),
    ...(isEstimated ? ['estimated'] : []),
    ...(revision.current ? ['current'] : []),
  ];
  return (
    <g class={looks.join(' ')}>
      <title>{`${revision.revision}: ${revision.what}`}</title>
      <circle cx={x} cy={line} r={revision.current ? 9 : 7} />
      <text x={x} y={line + 25} text-anchor="middle">
        {revision.revision}
      </text>
    </g>
  );
}

function summaryOf(points: readonly HistoryPoint[], now: number): string {
  const [first] = points;
  const changed = points.filter(({ isNewConfiguration }) => isNewConfiguration).length;
  const since = first === undefined ? '' : ` since ${timeWords(first.time, now)}`;
  return `${points.length} revisions${since}; ${changed} with a new configuration. The table below lists them.`;
}

/** The width of an element, in CSS pixels. */
function useWidth(ref: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(300);
  useEffect(() => {
    if (ref.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 300));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
