import type { ComponentChildren } from 'preact';
import type { Urgency } from '../../../lib/status/urgency.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import { useNow } from './hooks.ts';
import { type ShownWorkload, workloadPath } from './route.ts';
import { distanceWords, timeWords } from './times.ts';
import { urgencyWords } from './urgency-words.ts';

/** Text from the cluster. Its direction may differ, and must not affect the text around it. */
export function Foreign({ children }: { readonly children: string }) {
  return <bdi>{children}</bdi>;
}

/** A shape for each urgency, so that color is not the only difference. */
const shapes: Readonly<Record<Urgency, string>> = {
  person: 'M8 1 15 14H1Z',
  pods: 'M8 1 15 8 8 15 1 8Z',
  unknown: 'M2 2H14V14H2Z',
  held: 'M3 2H7V14H3ZM9 2H13V14H9Z',
  next: 'M3 2 14 8 3 14Z',
  moving: 'M8 1A7 7 0 0 1 15 8H8Z M8 15A7 7 0 0 1 1 8H8Z',
  recent: 'M1 8 4 5 7 8 12 2 15 5 7 14Z',
  done: 'M8 4A4 4 0 0 1 8 12 4 4 0 0 1 8 4Z',
};

export function Shape({ urgency }: { readonly urgency: Urgency }) {
  return (
    <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[urgency]} />
    </svg>
  );
}

type Badged = Pick<WorkloadStatus, 'state' | 'urgency' | 'certain'>;

export function StateBadge({ state, urgency, certain }: Badged) {
  return (
    <span class={`badge ${urgency}`} title={urgencyWords[urgency]}>
      <Shape urgency={urgency} />
      {state}
      {certain ? null : <abbr title="as far as your permissions show">?</abbr>}
    </span>
  );
}

/** A time from the cluster; empty if it is unknown. */
export function Time({
  at,
  isAge = false,
}: {
  readonly at: string | null;
  readonly isAge?: boolean;
}) {
  const now = useNow();
  const time = at === null ? Number.NaN : Date.parse(at);
  if (at === null || Number.isNaN(time)) return <span class="muted">not known</span>;
  const [shown, more] = [timeWords(time, now), distanceWords(time, now)];
  return (
    <time dateTime={at} title={at}>
      {isAge ? more : `${shown} (${more})`}
    </time>
  );
}

export function WorkloadLink({ kind, namespace, name }: ShownWorkload) {
  return (
    <a href={workloadPath({ kind, namespace, name })} class="name">
      <Foreign>{name}</Foreign>
    </a>
  );
}

/** The reason why the page may be old or incomplete. */
export function Notice({ children }: { readonly children: ComponentChildren }) {
  return <p class="notice">{children}</p>;
}

interface TableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Shown in the last column, below its name. */
  readonly scale?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A table. On a narrow screen, the style sheet shows it as a list of cards. */
export function Table({ caption, columns, scale, children, class: name = '' }: TableProps) {
  return (
    <table class={name}>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col" key={column}>
              {column}
              {column === columns.at(-1) ? scale : null}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

interface CellProps {
  readonly label: string;
  readonly class?: string;
  readonly children?: ComponentChildren;
}

/** @param label the name of the column, for the cards on narrow screens */
export function Cell({ label, children, class: name = '' }: CellProps) {
  return (
    <td class={name} data-label={label}>
      {children}
    </td>
  );
}
