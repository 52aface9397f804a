import { useState } from 'preact/hooks';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import type { Overview, ShownWindow } from '../overview.ts';
import { keyOf } from './changes.ts';
import { useNow, useTitle } from './hooks.ts';
import { Axis, type Bar, Lane } from './lane.tsx';
import { Cell, Foreign, Notice, StateBadge, Table, Time, WorkloadLink } from './parts.tsx';
import { ReportNotices } from './report-notices.tsx';
import type { TimeScale } from './time-scale.ts';
import { waitingOf } from './waiting.ts';

const hourMs = 3_600_000;
const ranges = [
  { name: '6 hours', ms: 6 * hourMs },
  { name: '24 hours', ms: 24 * hourMs },
  { name: '7 days', ms: 7 * 24 * hourMs },
] as const;

/** The share of the scale that lies in the past. */
const pastPart = 1 / 5;
const mostRows = 100;

export function TimelinePage({ overview }: { readonly overview: Overview }) {
  const [range, setRange] = useState<number>(ranges[1].ms);
  const now = useNow();
  const scale = { from: now - range * pastPart, to: now + range, width: 1 };
  const { windows, pause, maxConcurrent, report } = overview;
  const waiting = waitingOf(report.workloads);
  useTitle('Time line');
  return (
    <>
      <h1 tabIndex={-1}>Time line</h1>
      <ReportNotices report={report} />
      {pause === undefined ? null : <Pause until={pause.until} />}
      <fieldset class="ranges">
        <legend>Show the next</legend>
        {ranges.map(({ name, ms }) => (
          <label key={name}>
            <input type="radio" name="range" checked={range === ms} onChange={() => setRange(ms)} />{' '}
            {name}
          </label>
        ))}
      </fieldset>
      <p class="muted">
        Vertical line: now. Dashed bar: its end is not known. Times are those of your browser.
      </p>
      <section aria-labelledby="windows">
        <h2 id="windows">Change windows</h2>
        <Windows windows={windows} scale={scale} now={now} />
      </section>
      <section aria-labelledby="waiting">
        <h2 id="waiting">Queue</h2>
        {maxConcurrent === null ? null : (
          <p class="muted">At most {maxConcurrent} rollouts at the same time.</p>
        )}
        <Waiting waiting={waiting} scale={scale} now={now} />
      </section>
    </>
  );
}

function Pause({ until }: { readonly until: number | null }) {
  return (
    <Notice>
      All rollouts are paused
      {until === null ? ' until a person ends the pause.' : ' until '}
      {until === null ? null : <Time at={new Date(until).toISOString()} />}
    </Notice>
  );
}

interface LanesProps {
  readonly scale: TimeScale;
  readonly now: number;
}

function Windows({
  windows,
  scale,
  now,
}: LanesProps & { readonly windows: readonly ShownWindow[] }) {
  if (windows.length === 0) {
    return (
      <p class="muted">
        The settings have no windows. Annotations of workloads may define windows.
      </p>
    );
  }
  return (
    <Table
      caption="Change windows of the settings"
      columns={['Window', 'Next', 'Time']}
      scale={<Axis scale={scale} />}
      class="lanes"
    >
      {windows.map((window) => (
        <tr key={`${window.kind} ${window.schedule} ${window.duration}`}>
          <Cell label="Window">
            <span class={`kind ${window.kind}`}>{window.kind}</span> <code>{window.schedule}</code>{' '}
            <span class="muted">
              for {window.duration}, {window.timeZone}
            </span>
          </Cell>
          <Cell label="Next">
            <NextSpan window={window} now={now} />
          </Cell>
          <Cell label="Time" class="time">
            <Axis scale={scale} />
            <Lane scale={scale} now={now} bars={barsOfWindow(window, scale)} />
          </Cell>
        </tr>
      ))}
    </Table>
  );
}

function NextSpan({ window, now }: { readonly window: ShownWindow; readonly now: number }) {
  const next = window.spans.find(({ to }) => to > now);
  if (next === undefined) return <span class="muted">not within a week</span>;
  const isOpen = next.from <= now;
  return (
    <>
      {isOpen ? 'open until ' : 'opens '}
      <Time at={new Date(isOpen ? next.to : next.from).toISOString()} />
    </>
  );
}

function barsOfWindow({ kind, spans }: ShownWindow, scale: TimeScale): readonly Bar[] {
  return spans
    .filter(({ from, to }) => to > scale.from && from < scale.to)
    .map(({ from, to }) => ({ from, to, look: kind }));
}

function Waiting({
  waiting,
  scale,
  now,
}: LanesProps & { readonly waiting: readonly WorkloadStatus[] }) {
  if (waiting.length === 0)
    return <p class="muted">No workload waits, and no rollout is in progress.</p>;
  const left = waiting.length - mostRows;
  return (
    <>
      <Table
        caption="Workloads that wait or roll out, the next one first"
        columns={['Workload', 'State', 'Until', 'Time']}
        scale={<Axis scale={scale} />}
        class="lanes"
      >
        {waiting.slice(0, mostRows).map((each) => (
          <tr key={keyOf(each)}>
            <Cell label="Workload">
              <WorkloadLink {...each} />{' '}
              <span class="muted">
                <Foreign>{each.namespace}</Foreign>
              </span>
            </Cell>
            <Cell label="State">
              <StateBadge {...each} />
            </Cell>
            <Cell label="Until">
              <Until status={each} />
            </Cell>
            <Cell label="Time" class="time">
              <Axis scale={scale} />
              <Lane scale={scale} now={now} bars={barsOf(each, now)} />
            </Cell>
          </tr>
        ))}
      </Table>
      {left > 0 ? <p class="muted">{left} more workloads are waiting.</p> : null}
    </>
  );
}

function Until({ status }: { readonly status: WorkloadStatus }) {
  const { heldUntil, state, urgency } = status;
  if (heldUntil !== null) return <Time at={heldUntil} />;
  if (urgency === 'moving') return <>its Pods are ready</>;
  if (state === 'AwaitingApproval') return <>a person approves it</>;
  return urgency === 'next' ? <>the next pass</> : <span class="muted">not known</span>;
}

/**
 * The bars for the time that the workload has waited or rolled out, and for the time that it still has
 * to wait.
 */
function barsOf({ since, heldUntil, urgency }: WorkloadStatus, now: number): readonly Bar[] {
  const from = since === null ? now : Date.parse(since);
  if (urgency === 'moving') return [{ from, to: now, look: 'rolling' }];
  const waited = { from, to: now, look: 'waited' };
  if (heldUntil !== null) return [waited, { from: now, to: Date.parse(heldUntil), look: 'waits' }];
  if (urgency === 'next') return [waited];
  return [waited, { from: now, to: Number.POSITIVE_INFINITY, look: 'waits' }];
}
