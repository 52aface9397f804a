/** Short forms of queue states and of the queue's decisions. */

import type { RolloutState } from '../../../../lib/kubernetes/kinds.ts';
import { askQueue } from '../../../../lib/rules/rollout-policy/queue.ts';
import type {
  Candidate,
  LeftAlone,
  Member,
  QueueState,
} from '../../../../lib/rules/rollout-policy/queue-state.ts';
import { parseAmount } from '../../../../lib/text/amount.ts';
import { minutes, now } from './rules.ts';

const version = 'uid,7,2026-11-30T06:55:00Z';
export const rolling: RolloutState = {
  phase: 'unfinished',
  failure: 'not known',
  ownDeadlineMs: 600_000,
};

/**
 * A candidate such as `shop/web`. By default, it has order 0, has waited for a minute, and gets a new version
 * of one ConfigMap.
 */
export function candidate(
  path: string,
  { order = 0, since = minutes(-1), gets = ['ConfigMap/app'] } = {},
): Candidate {
  return { ...named(path), order, since, gets: new Map(gets.map((source) => [source, version])) };
}

function named(path: string) {
  const [namespace = '', name = ''] = path.split('/');
  return { kind: 'Deployment', namespace, name } as const;
}

export const member = (path: string): Member => ({ ...named(path), order: 0 });

/** A workload with a rollout under way that wave-cron started. */
export function running(
  path: string,
  {
    order = 0,
    at = minutes(-2),
    state = rolling,
    has = version,
  }: { order?: number; at?: number; state?: RolloutState; has?: string } = {},
): Member {
  const given = new Map([['ConfigMap/app', { version: has, at, failed: false }]]);
  return { ...named(path), order, underWay: { startedAt: at, state, given } };
}

export const left = (path: string, order: number, reason: string): LeftAlone => {
  return { ...named(path), order, reason, sources: new Set(['ConfigMap/app']) };
};

export interface Asked extends Partial<Omit<QueueState, 'limits' | 'now'>> {
  readonly all?: string;
  readonly perNamespace?: string;
}

/** The candidates that may start, and for the other candidates the reason why they wait. */
export function ask({ all, perNamespace, ...state }: Asked) {
  const [most, mostOfNamespace] = [all, perNamespace].map((each) => parseAmount(each ?? ''));
  const { starts, waiting, after } = askQueue({
    ...{ now, members: [], candidates: [], left: [], after: undefined, unread: undefined },
    ...state,
    limits: {
      ...(most === undefined ? {} : { all: most }),
      ...(mostOfNamespace === undefined ? {} : { perNamespace: mostOfNamespace }),
      progressDeadlineMs: 600_000,
    },
  });
  const path = ({ namespace, name }: Candidate) => `${namespace}/${name}`;
  return {
    starts: starts.map((each) => path(each.candidate)),
    notes: starts.map(({ note }) => note),
    waiting: Object.fromEntries([...waiting].map(([each, { why }]) => [path(each), why])),
    after,
  };
}
