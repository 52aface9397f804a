import type { ComponentChildren } from 'preact';
import type {
  ExplainedEvent,
  ExplainedReference,
  Explanation,
} from '../../../lib/explanation/explanation.ts';
import type { Revision } from '../../../lib/explanation/revisions.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import { HistoryPicture } from './history-picture.tsx';
import { useExplanation, useTitle } from './hooks.ts';
import { Cell, Foreign, Notice, StateBadge, Table, Time } from './parts.tsx';
import type { ShownWorkload } from './route.ts';
import { WorkloadDetails } from './workload-details.tsx';

interface WorkloadProps {
  readonly workload: ShownWorkload;
  /** Undefined if the workload has not opted in. */
  readonly status: WorkloadStatus | undefined;
}

export function WorkloadPage({ workload, status }: WorkloadProps) {
  const { kind, namespace, name } = workload;
  const { value: explanation, problem } = useExplanation(workload);
  useTitle(name);
  return (
    <>
      <h1 tabIndex={-1}>
        <Foreign>{name}</Foreign>{' '}
        <span class="where">
          <Foreign>{kind}</Foreign> in namespace <Foreign>{namespace}</Foreign>
        </span>
      </h1>
      {problem === undefined ? null : (
        <Notice>
          <Foreign>{problem}</Foreign>
        </Notice>
      )}
      {explanation === undefined ? (
        <p class="muted">{problem === undefined ? 'Reading …' : null}</p>
      ) : (
        <Explained explanation={explanation} status={status} />
      )}
    </>
  );
}

interface ExplainedProps {
  readonly explanation: Explanation;
  readonly status: WorkloadStatus | undefined;
}

function Explained({ explanation, status }: ExplainedProps) {
  const { nextPass, references, revisions, events, pods, notRead } = explanation;
  // The lead above already contains this sentence.
  const blockers = explanation.blockers.filter((each) => each !== nextPass.sentence);
  return (
    <>
      <div class="lead">
        {status === undefined ? null : <StateBadge {...status} />}
        <p>
          <Foreign>{nextPass.sentence}</Foreign>
        </p>
        {nextPass.held === null ? null : (
          <p>
            Held since <Time at={nextPass.held.since} />
            {nextPass.held.until === null ? null : (
              <>
                , until <Time at={nextPass.held.until} />
              </>
            )}
          </p>
        )}
        <p class="muted">
          Pods: <Foreign>{pods.sentence}</Foreign>
        </p>
      </div>
      {nextPass.reason === 'AwaitingApproval' ? <Approve {...explanation.workload} /> : null}
      {blockers.length === 0 ? null : (
        <Section id="blockers" title="What blocks it">
          <ul>
            {blockers.map((blocker) => (
              <li key={blocker}>
                <Foreign>{blocker}</Foreign>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section id="history" title="History">
        <History revisions={revisions} events={events ?? []} />
      </Section>
      <Section id="sources" title="Sources">
        <Sources references={references} />
      </Section>
      <Section id="events" title="Events">
        <Events events={events} />
      </Section>
      <Section id="details" title="Details">
        <WorkloadDetails explanation={explanation} />
      </Section>
      {notRead.length === 0 ? null : (
        <Section id="not-read" title="Not read">
          <ul>
            {notRead.map(({ what, why }) => (
              <li key={what}>
                <Foreign>{`${what}: ${why}`}</Foreign>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

function Section({ id, title, children }: SectionProps) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function Approve({ kind, namespace, name }: ShownWorkload) {
  return (
    <p>
      To approve: <code>{`wave-cron approve ${kind.toLowerCase()}/${name} -n ${namespace}`}</code>
    </p>
  );
}

interface HistoryProps {
  readonly revisions: readonly Revision[] | null;
  readonly events: readonly ExplainedEvent[];
}

function History({ revisions, events }: HistoryProps) {
  if (revisions === null) return <p class="muted">The revisions could not be read.</p>;
  if (revisions.length === 0) return <p class="muted">There are no revisions yet.</p>;
  return (
    <>
      <HistoryPicture revisions={revisions} events={events} />
      <Table
        caption="Revisions, newest first"
        columns={['Revision', 'Created', 'Configuration', 'What changed']}
      >
        {revisions.map(({ revision, createdAt, rolledBack, current, configHash, what }) => (
          <tr key={revision}>
            <Cell label="Revision">
              {revision}
              {current ? <strong class="tag">current</strong> : null}
              {rolledBack ? <span class="tag">rolled back to</span> : null}
            </Cell>
            <Cell label="Created">
              <Time at={createdAt} />
            </Cell>
            <Cell label="Configuration">
              {configHash === null ? (
                <span class="muted">no hash</span>
              ) : (
                <code title={configHash}>{configHash.slice(0, 7)}</code>
              )}
            </Cell>
            <Cell label="What changed" class="message">
              <Foreign>{what}</Foreign>
            </Cell>
          </tr>
        ))}
      </Table>
    </>
  );
}

function Sources({ references }: { readonly references: readonly ExplainedReference[] }) {
  if (references.length === 0) return <p class="muted">This workload uses no sources.</p>;
  return (
    <Table
      caption="Sources of the configuration"
      columns={['Source', 'State', 'Last write', 'Used in']}
    >
      {references.map(({ source, state, keys, sentence, change, writtenAt, places }) => (
        <tr key={source}>
          <Cell label="Source">
            <Foreign>{source}</Foreign>
            {keys === 'all' ? null : (
              <div class="muted">
                keys <Foreign>{keys.join(', ')}</Foreign>
              </div>
            )}
          </Cell>
          <Cell label="State" class="message">
            {state === 'present' ? (change ?? 'unchanged') : `${state} `}
            {sentence === '' ? null : <Foreign>{sentence}</Foreign>}
          </Cell>
          <Cell label="Last write">
            <Time at={writtenAt} />
          </Cell>
          <Cell label="Used in" class="message">
            <Foreign>{places.join(', ')}</Foreign>
          </Cell>
        </tr>
      ))}
    </Table>
  );
}

function Events({ events }: { readonly events: readonly ExplainedEvent[] | null }) {
  if (events === null) return <p class="muted">The Events could not be read.</p>;
  if (events.length === 0) return <p class="muted">wave-cron has recorded no Events recently.</p>;
  return (
    <Table
      caption="Events of wave-cron, newest first"
      columns={['Time', 'Type', 'Reason', 'Message']}
    >
      {events.map(({ time, type, reason, count, note }) => (
        <tr key={`${time} ${reason} ${note}`}>
          <Cell label="Time">
            <Time at={time} />
          </Cell>
          <Cell label="Type">
            <Foreign>{type}</Foreign>
          </Cell>
          <Cell label="Reason">
            <Foreign>{reason}</Foreign>
            {count > 1 ? <span class="muted"> {count} times</span> : null}
          </Cell>
          <Cell label="Message" class="message">
            <Foreign>{note}</Foreign>
          </Cell>
        </tr>
      ))}
    </Table>
  );
}
