import { explain as explanationOf } from '../../handler/explain/explain.ts';
import { type ExitStatus, exitStatus } from '../../lib/errors.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import { askedWorkload } from '../cli/asked-workload.ts';
import type { CommandContext } from '../command-context.ts';
import { explainText } from '../output/explain-text.ts';
import { jsonText } from '../output/json-text.ts';

export interface ExplainOptions {
  /** `KIND/NAME`. */
  readonly workload: string;
  readonly namespace: string | undefined;
  readonly output: 'text' | 'json';
}

/** Prints why a workload did, did not or will restart. Writes nothing to the cluster. */
export async function explain(
  { settings, wiring, log, print, signal }: CommandContext,
  { workload, namespace, output }: ExplainOptions,
): Promise<ExitStatus> {
  const { connection, api, cluster, leaseName } = wiring;
  const name = askedWorkload(workload, namespace, connection, settings.kinds);
  try {
    const deps = {
      cluster,
      inspector: createInspector(api),
      kinds: settings.kinds,
      leaseName,
      signal,
    };
    const explanation = await explanationOf(name, settings, deps);
    print(output === 'json' ? jsonText(explanation) : explainText(explanation));
    return exitStatus.done;
  } catch (error) {
    if (!signal.aborted) throw error;
    log.error('interrupted before all objects were read');
    return exitStatus.incomplete;
  }
}
