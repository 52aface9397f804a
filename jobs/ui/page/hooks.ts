import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../../lib/explanation/explanation.ts';
import type { Overview } from '../overview.ts';
import { follow } from './live.ts';
import type { ShownWorkload } from './route.ts';
import { Problem, request } from './session.ts';

/** An object from the server, and the reason why it is not current. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
}

/** The current time in milliseconds since 1970, updated every few seconds. */
export function useNow(everyMs = 5_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Sets the title of the document. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · wave-cron`;
  }, [title]);
}

/** The server's data about all workloads, always current. */
export function useOverview(): Loaded<Overview> & { readonly readAt: string | undefined } {
  const [value, setValue] = useState<Overview>();
  const [problem, setProblem] = useState<string>();
  const [readAt, setReadAt] = useState<string>();
  useEffect(() => {
    let known = 0;
    const load = latest((overview: Overview) => {
      known = overview.version;
      setValue(overview);
    }, setProblem);
    const end = follow('/api/live', {
      message(message) {
        if (!('version' in message)) return;
        setReadAt(message.readAt);
        setProblem(message.problem ?? undefined);
        if (message.version !== known) load.start('/api/overview');
      },
      failed: setProblem,
    });
    return () => {
      end();
      load.stop();
    };
  }, []);
  return { value, problem, readAt };
}

/**
 * No watch reports every change of a workload, such as new Events. So its explanation is also read at
 * this interval.
 */
const rereadMs = 10_000;

/** The explanation of a workload, always current. */
export function useExplanation({ kind, namespace, name }: ShownWorkload): Loaded<Explanation> {
  const [value, setValue] = useState<Explanation>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let version = 0;
    let loadedAt = 0;
    const query = new URLSearchParams({ kind, namespace, name });
    const load = latest((explanation: Explanation) => {
      setValue(explanation);
      setProblem(undefined);
    }, setProblem);
    const end = follow(`/api/live?${query}`, {
      message(message) {
        const isDue = Date.now() - loadedAt > rereadMs;
        const isNew = !('version' in message) || message.version !== version;
        if ('version' in message) version = message.version;
        if (!isNew && !isDue) return;
        loadedAt = Date.now();
        load.start(`/api/workload?${query}`);
      },
      failed: setProblem,
    });
    return () => {
      end();
      load.stop();
    };
  }, [kind, namespace, name]);
  return { value, problem };
}

/** Loads one object at a time. A load that is requested during another load follows it. */
function latest<T>(take: (value: T) => void, fail: (problem: string) => void) {
  const stop = new AbortController();
  let isLoading = false;
  let next: string | undefined;
  async function load(path: string): Promise<void> {
    isLoading = true;
    try {
      const response = await request(path, stop.signal);
      take((await response.json()) as T);
    } catch (error) {
      if (stop.signal.aborted) return;
      fail(error instanceof Problem ? error.message : 'the response was not understood');
    }
    isLoading = false;
    const following = next;
    next = undefined;
    if (following !== undefined) await load(following);
  }
  return {
    start(path: string): void {
      if (isLoading) next = path;
      else void load(path);
    },
    stop: () => stop.abort(),
  };
}
