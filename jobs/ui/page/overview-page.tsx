import { useMemo, useState } from 'preact/hooks';
import { type Urgency, urgencies } from '../../../lib/status/urgency.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import { ageText } from '../../../lib/text/age.ts';
import type { Overview } from '../overview.ts';
import { keyOf } from './changes.ts';
import { type Filter, filterOf, matching, queryOf } from './filter.ts';
import { useNow, useTitle } from './hooks.ts';
import { PageButtons } from './page-buttons.tsx';
import { Cell, Foreign, Notice, Shape, StateBadge, Table, Time, WorkloadLink } from './parts.tsx';
import { ReportNotices } from './report-notices.tsx';
import { countsOf, urgencyWords } from './urgency-words.ts';

interface OverviewProps {
  readonly overview: Overview;
  /** The keys of the workloads whose state has just changed. */
  readonly fresh: ReadonlySet<string>;
}

export function OverviewPage({ overview, fresh }: OverviewProps) {
  const { workloads, namespace } = overview.report;
  const [filter, setFilter] = useFilter();
  const shown = useMemo(() => matching(workloads, filter), [workloads, filter]);
  const namespaces = useMemo(
    () => [...new Set(workloads.map((each) => each.namespace))].sort(),
    [workloads],
  );
  const found =
    shown.length === workloads.length
      ? `${workloads.length} workloads`
      : `${shown.length} of ${workloads.length} workloads`;
  useTitle('Workloads');
  return (
    <>
      <h1 tabIndex={-1}>
        Workloads{' '}
        <span class="where">
          {namespace === null ? (
            'in all namespaces'
          ) : (
            <>
              in namespace <Foreign>{namespace}</Foreign>
            </>
          )}
        </span>
      </h1>
      <ReportNotices report={overview.report} />
      <Counts workloads={workloads} filter={filter} choose={setFilter} />
      <search class="filters">
        <label>
          Search{' '}
          <input
            type="search"
            value={filter.text}
            onInput={({ currentTarget }) => setFilter({ ...filter, text: currentTarget.value })}
          />
        </label>
        {namespace === null ? (
          <label>
            Namespace{' '}
            <select
              value={filter.namespace}
              onChange={({ currentTarget }) =>
                setFilter({ ...filter, namespace: currentTarget.value })
              }
            >
              <option value="">all</option>
              {namespaces.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        ) : null}
        <p class="muted" role="status">
          {found}
        </p>
      </search>
      <Workloads
        shown={shown}
        total={workloads.length}
        hasNamespace={namespace === null}
        fresh={fresh}
      />
    </>
  );
}

/** The filter, which is stored in the address. */
function useFilter(): [Filter, (filter: Filter) => void] {
  const [filter, setFilter] = useState(() =>
    filterOf(new URLSearchParams(location.search), urgencies),
  );
  const choose = (chosen: Filter): void => {
    // Changes the address immediately, because the user may follow a link next.
    history.replaceState(null, '', `${location.pathname}${queryOf(chosen)}`);
    setFilter(chosen);
  };
  return [filter, choose];
}

interface CountsProps {
  readonly workloads: readonly WorkloadStatus[];
  readonly filter: Filter;
  readonly choose: (filter: Filter) => void;
}

/** The number of workloads by urgency. Each is a button that shows only these workloads. */
function Counts({ workloads, filter, choose }: CountsProps) {
  const counts = countsOf(workloads).filter(
    ({ count, urgency }) => count > 0 || urgency === filter.urgency,
  );
  const button = (urgency: Urgency | undefined, count: number) => (
    <button
      type="button"
      class={`count ${urgency ?? 'all'}`}
      aria-pressed={filter.urgency === urgency}
      onClick={() =>
        choose({ ...filter, urgency: urgency === filter.urgency ? undefined : urgency })
      }
    >
      <strong>{count}</strong>{' '}
      <span>
        {urgency === undefined ? null : <Shape urgency={urgency} />}
        {urgency === undefined ? 'All' : urgencyWords[urgency]}
      </span>
    </button>
  );
  return (
    <fieldset class="counts">
      <legend class="hidden">Show workloads by state</legend>
      {button(undefined, workloads.length)}
      {counts.map(({ urgency, count }) => button(urgency, count))}
    </fieldset>
  );
}

/** With this number of rows, a browser stays fast, and its own search covers most workloads. */
const rowsOfPage = 100;

interface WorkloadsProps {
  readonly shown: readonly WorkloadStatus[];
  readonly total: number;
  readonly hasNamespace: boolean;
  readonly fresh: ReadonlySet<string>;
}

function Workloads({ shown, total, hasNamespace, fresh }: WorkloadsProps) {
  const [wanted, setWanted] = useState(0);
  const last = Math.max(Math.ceil(shown.length / rowsOfPage) - 1, 0);
  const page = Math.min(wanted, last);
  const turnTo = (to: number): void => {
    setWanted(to);
    document.querySelector('.workloads')?.scrollIntoView();
  };
  const rows = shown.slice(page * rowsOfPage, (page + 1) * rowsOfPage);
  if (total === 0) return <Notice>No workload has opted in here.</Notice>;
  const columns = [
    'State',
    'Workload',
    ...(hasNamespace ? ['Namespace'] : []),
    'For',
    'Until',
    'Message',
  ];
  return (
    <>
      {rows.length === 0 ? null : (
        <Table caption="Workloads, the most urgent first" columns={columns} class="workloads">
          {rows.map((each) => (
            <Row
              key={keyOf(each)}
              status={each}
              hasNamespace={hasNamespace}
              isFresh={fresh.has(keyOf(each))}
            />
          ))}
        </Table>
      )}
      {last === 0 ? null : <PageButtons page={page} last={last} turnTo={turnTo} />}
    </>
  );
}

interface RowProps {
  readonly status: WorkloadStatus;
  readonly hasNamespace: boolean;
  readonly isFresh: boolean;
}

function Row({ status, hasNamespace, isFresh }: RowProps) {
  const { kind, namespace, urgency, sentence, since, heldUntil } = status;
  const isCalm = urgency === 'done' || urgency === 'recent';
  return (
    <tr class={isFresh ? 'fresh' : ''}>
      <Cell label="State">
        <StateBadge {...status} />
      </Cell>
      <td data-label="Workload">
        <WorkloadLink {...status} /> <span class="muted kind-of">{kind}</span>
      </td>
      {hasNamespace ? (
        <Cell label="Namespace">
          <Foreign>{namespace}</Foreign>
        </Cell>
      ) : null}
      <Cell label="For" class="number">
        <Age at={since} />
      </Cell>
      <Cell label="Until" class="number">
        {heldUntil === null ? null : <Time at={heldUntil} />}
      </Cell>
      <Cell label="Message" class="message">
        {isCalm ? null : (
          <div class="short">
            <Foreign>{sentence}</Foreign>
          </div>
        )}
      </Cell>
    </tr>
  );
}

function Age({ at }: { readonly at: string | null }) {
  const now = useNow();
  if (at === null) return null;
  return (
    <time dateTime={at} title={at}>
      {ageText(now - Date.parse(at))}
    </time>
  );
}
