import { randomBytes } from 'node:crypto';
import { explain } from '../../handler/explain/explain.ts';
import type { NamedWorkloads } from '../../handler/pass/named.ts';
import { watchChanges } from '../../handler/status/changes.ts';
import { status as statusReport } from '../../handler/status/status.ts';
import { mayBePartial } from '../../handler/triggers/partial-scope.ts';
import { describeError, type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import { createWatchClient } from '../../lib/kubernetes/client/watch-client.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import { quote } from '../../lib/text/quote.ts';
import { statusNamespace } from '../cli/status-namespace.ts';
import type { CommandContext } from '../command-context.ts';
import { LiveStatus } from '../ui/live-status.ts';
import { openBrowser } from '../ui/open-browser.ts';
import { overviewOf } from '../ui/overview.ts';
import { pageData } from '../ui/page-data.ts';
import { readPageFiles } from '../ui/page-files.ts';
import { servePage } from '../ui/page-server.ts';

export interface UiOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly port: string;
  readonly open: boolean;
}

/**
 * Serves a web page on this machine with the states of the opted-in workloads, until it is
 * interrupted. Writes nothing to the cluster.
 */
export async function ui(context: CommandContext, options: UiOptions): Promise<ExitStatus> {
  const { settings, wiring, log, print, signal } = context;
  const request = { settings, namespace: statusNamespace(options, context) };
  const { api, connection, cluster, deps, leaseName } = wiring;
  const { clock } = deps;
  const port = parsePort(options.port);
  const files = readPageFiles();
  const inspector = createInspector(api);
  const read = (only?: NamedWorkloads) =>
    statusReport({ ...request, ...(only && { only }) }, { ...deps, inspector, signal });
  const mayReadSome = mayBePartial(settings);
  const live = await LiveStatus.start({ read, mayReadSome, clock, signal });
  if (signal.aborted) return exitStatus.done;
  const token = randomBytes(32).toString('base64url');
  const { kinds } = settings;
  const data = pageData({
    ...{ live, kinds },
    overview: () => {
      const { report, state } = live;
      return overviewOf({ ...state, report }, settings, clock.wallTime().getTime());
    },
    explain: (name) => explain(name, settings, { cluster, inspector, kinds, leaseName, signal }),
  });
  const server = await servePage({ port, token, files, data });
  const address = `http://127.0.0.1:${server.port}/#token=${token}`;
  print(`${address}\nThis address is secret. Ctrl-C ends the page.`);
  const close = options.open
    ? openBrowser(address, () => log.warn('no browser could be opened: open the address yourself'))
    : undefined;
  const watchDeps = { api, open: createWatchClient(connection), clock, random: Math.random };
  const on = {
    changed: () => live.changed(),
    touched: live.touched.bind(live),
    failed: (path: string, error: unknown) => {
      log.debug(
        `${path} is not watched, so changes are found by the next read: ${describeError(error)}`,
      );
    },
  };
  try {
    const findKinds = cluster.findKinds.bind(cluster);
    const watching = watchChanges(request, on, { ...watchDeps, findKinds }, signal);
    await Promise.all([live.run(), watching.catch((error) => on.failed('no list', error))]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    close?.();
    await server.close();
  }
  return exitStatus.done;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port is ${quote(text)}: must be a number from 0 to 65535`);
}
