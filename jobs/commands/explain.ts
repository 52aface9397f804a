import { explain as explanationOf } from '../../handler/explain/explain.ts';
import { type ExitStatus, exitStatus } from '../../lib/errors.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { askedWorkload } from '../cli/asked-workload.ts';
import { explainText } from '../output/explain-text.ts';
import { jsonText } from '../output/json-text.ts';
import type { Wiring } from '../wiring.ts';

export interface ExplainOptions {
  /** `KIND/NAME`. */
  readonly workload: string;
  readonly namespace: string | undefined;
  readonly output: 'text' | 'json';
}

/** Prints why a workload did, did not or will restart. Writes nothing to the cluster. */
export async function explain(
  settings: Settings,
  { connection, api, cluster, leaseName }: Wiring,
  log: Log,
  { workload, namespace, output }: ExplainOptions,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const name = askedWorkload(workload, namespace, connection);
  try {
    const deps = { cluster, inspector: createInspector(api), leaseName, signal };
    const explanation = await explanationOf(name, settings, deps);
    print(output === 'json' ? jsonText(explanation) : explainText(explanation));
    return exitStatus.done;
  } catch (error) {
    if (!signal.aborted) throw error;
    log.error('interrupted before all objects were read');
    return exitStatus.incomplete;
  }
}
