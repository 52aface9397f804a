import { UsageError } from '../../lib/errors.ts';
import type { Explanation } from '../../lib/explanation/explanation.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import { parseNamespaceOption, parseWorkloadArgument } from '../cli/workload-argument.ts';
import type { LiveState, LiveStatus } from './live-status.ts';
import type { Overview } from './overview.ts';
import type { PageData } from './page-server.ts';

/** A message of `/api/live`. */
export type LiveMessage = LiveState | { readonly touched: true };

export interface PageDataDeps {
  readonly live: Pick<LiveStatus, 'open'>;
  readonly overview: () => Overview;
  readonly explain: (name: WorkloadName) => Promise<Explanation>;
  /** The kinds of the settings. */
  readonly kinds: readonly WorkloadKind[];
}

/** The data of the page, by path. */
export function pageData({ live, overview, explain, kinds }: PageDataDeps): PageData {
  return {
    objects: {
      '/api/overview': async () => overview(),
      '/api/workload': async (query) => await explain(workloadIn(query, kinds)),
    },
    streams: {
      '/api/live': (query, send: (message: LiveMessage) => void) =>
        live.open({
          about: query.has('kind') ? workloadIn(query, kinds) : undefined,
          state: send,
          touched: () => send({ touched: true }),
        }),
    },
  };
}

/** @throws UsageError */
function workloadIn(query: URLSearchParams, kinds: readonly WorkloadKind[]): WorkloadName {
  const [kind, namespace, name] = ['kind', 'namespace', 'name'].map((key) => query.get(key));
  if (!kind || !namespace || !name) throw new UsageError('kind, namespace and name are required');
  return {
    ...parseWorkloadArgument(`${kind}/${name}`, kinds),
    namespace: parseNamespaceOption(namespace),
  };
}
