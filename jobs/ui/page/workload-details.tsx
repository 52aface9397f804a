import type { ComponentChildren } from 'preact';
import type { Explanation } from '../../../lib/explanation/explanation.ts';
import { Foreign, Time } from './parts.tsx';

/** The rest of an explanation, as a list of terms. */
export function WorkloadDetails({ explanation }: { readonly explanation: Explanation }) {
  const { optedIn, inScope, shard, hash, ownership, lease } = explanation;
  return (
    <dl>
      <Item term="Opted in">
        <Foreign>{answer(optedIn.yes, optedIn.why)}</Foreign>
      </Item>
      <Item term="In scope of passes">
        <Foreign>{answer(inScope.yes, inScope.why)}</Foreign>
      </Item>
      {shard === null ? null : <Item term="Shard">{shard}</Item>}
      <Item term="Recorded hash">
        <Hash hash={hash.recorded} />
      </Item>
      <Item term="Hash now">
        <Hash hash={hash.now} />
      </Item>
      <Item term="Owner references">
        <Foreign>{[ownership.setting, ...ownership.owned].join(', ')}</Foreign>
      </Item>
      <Item term="Lease">
        <Foreign>{`${lease.namespace}/${lease.name}: ${lease.state}`}</Foreign>
        {lease.holder === null ? null : (
          <>
            {' by '}
            <Foreign>{lease.holder}</Foreign>, renewed <Time at={lease.renewedAt} isAge />
          </>
        )}
      </Item>
    </dl>
  );
}

function answer(yes: boolean | null, why: readonly string[]): string {
  const word = yes === null ? 'not known' : yes ? 'yes' : 'no';
  return why.length === 0 ? word : `${word}: ${why.join('; ')}`;
}

function Item({ term, children }: { readonly term: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Hash({ hash }: { readonly hash: string | null }) {
  if (hash === null) return <span class="muted">none, or not known</span>;
  return <code title={hash}>{hash.slice(0, 12)}</code>;
}
