import { useEffect, useRef, useState } from 'preact/hooks';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import type { Overview } from '../overview.ts';
import { announcementOf, changedSince, keyOf } from './changes.ts';
import { useNow, useOverview, useTitle } from './hooks.ts';
import { OverviewPage } from './overview-page.tsx';
import { Foreign, Notice } from './parts.tsx';
import { overviewPath, type Route, routeOf, timelinePath } from './route.ts';
import { TimelinePage } from './timeline-page.tsx';
import { distanceWords } from './times.ts';
import { WorkloadPage } from './workload-page.tsx';

export function App() {
  const route = useRoute();
  const { value: overview, problem, readAt } = useOverview();
  const changed = useChanged(overview?.report.workloads);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <a class="brand" href={overviewPath}>
          wave-cron
        </a>
        <nav aria-label="Pages">
          <NavLink path={overviewPath} isHere={route.page === 'overview'} text="Workloads" />
          <NavLink path={timelinePath} isHere={route.page === 'timeline'} text="Time line" />
        </nav>
        <Freshness readAt={readAt} problem={problem} />
      </header>
      <main id="main" tabIndex={-1}>
        {problem === undefined ? null : (
          <div role="alert">
            <Notice>
              <Foreign>{problem}</Foreign>
            </Notice>
          </div>
        )}
        <Page
          route={route}
          overview={overview}
          hasFailed={problem !== undefined}
          fresh={new Set(changed.map(keyOf))}
        />
      </main>
      <div class="hidden" aria-live="polite">
        {announcementOf(changed)}
      </div>
    </>
  );
}

interface PageProps {
  readonly route: Route;
  readonly overview: Overview | undefined;
  readonly hasFailed: boolean;
  readonly fresh: ReadonlySet<string>;
}

function Page({ route, overview, hasFailed, fresh }: PageProps) {
  if (route.page === 'none') return <NoPage />;
  if (overview === undefined) {
    return (
      <>
        <h1 tabIndex={-1}>wave-cron</h1>
        {hasFailed ? null : <p class="muted">Reading …</p>}
      </>
    );
  }
  switch (route.page) {
    case 'overview':
      return <OverviewPage overview={overview} fresh={fresh} />;
    case 'timeline':
      return <TimelinePage overview={overview} />;
    case 'workload': {
      const { kind, namespace, name } = route;
      const key = `${kind}/${namespace}/${name}`;
      const status = overview.report.workloads.find((each) => keyOf(each) === key);
      return <WorkloadPage key={key} workload={{ kind, namespace, name }} status={status} />;
    }
  }
}

function NoPage() {
  useTitle('No such page');
  return (
    <>
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        <a href={overviewPath}>All workloads</a>
      </p>
    </>
  );
}

interface NavLinkProps {
  readonly path: string;
  readonly isHere: boolean;
  readonly text: string;
}

function NavLink({ path, isHere, text }: NavLinkProps) {
  return (
    <a href={path} {...(isHere ? { 'aria-current': 'page' as const } : {})}>
      {text}
    </a>
  );
}

interface FreshnessProps {
  readonly readAt: string | undefined;
  readonly problem: string | undefined;
}

function Freshness({ readAt, problem }: FreshnessProps) {
  const now = useNow(1_000);
  if (readAt === undefined) return <span class="freshness" />;
  const age = now - Date.parse(readAt);
  const isLive = problem === undefined && age < liveMs;
  return (
    <span class={isLive ? 'freshness live' : 'freshness'}>
      {isLive ? 'live' : `read ${distanceWords(Date.parse(readAt), now)}`}
    </span>
  );
}

/**
 * The age up to which the page counts as live. In a large cluster, a read takes seconds, and the next
 * read begins some seconds later.
 */
const liveMs = 30_000;

/** The time for which a change is highlighted. */
const freshMs = 6_000;

/** The workloads whose state has just changed. */
function useChanged(workloads: readonly WorkloadStatus[] | undefined): readonly WorkloadStatus[] {
  const before = useRef(workloads);
  const [changed, setChanged] = useState<readonly WorkloadStatus[]>([]);
  useEffect(() => {
    const known = before.current;
    before.current = workloads;
    if (known === undefined || workloads === undefined) return undefined;
    setChanged(changedSince(known, workloads));
    const timer = setTimeout(() => setChanged([]), freshMs);
    return () => clearTimeout(timer);
  }, [workloads]);
  return changed;
}

/**
 * The page for the current address. Links within the page change the address without a new load of the
 * document.
 */
function useRoute(): Route {
  const [path, setPath] = useState(location.pathname);
  const isFirst = useRef(true);
  useEffect(() => {
    const follow = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (link === null || !isPlainClick(event) || link.origin !== location.origin) return;
      if (link.pathname === location.pathname && link.hash !== '') return;
      event.preventDefault();
      history.pushState(null, '', link.href);
      setPath(link.pathname);
    };
    const goBack = (): void => setPath(location.pathname);
    document.addEventListener('click', follow);
    addEventListener('popstate', goBack);
    return () => {
      document.removeEventListener('click', follow);
      removeEventListener('popstate', goBack);
    };
  }, []);
  useEffect(() => {
    if (!isFirst.current) {
      document.querySelector<HTMLElement>('h1')?.focus();
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [path]);
  return routeOf(path);
}

function isPlainClick({ button, ctrlKey, metaKey, shiftKey, altKey }: MouseEvent): boolean {
  return button === 0 && !ctrlKey && !metaKey && !shiftKey && !altKey;
}
