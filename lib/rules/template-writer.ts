import { type WorkloadKind, workloadEntry, writesPodTemplate } from '../kubernetes/kinds.ts';
import { fieldManager } from '../kubernetes/names.ts';
import type { ManagedFields } from '../kubernetes/objects.ts';

/** The last client other than wave-cron that wrote a pod template. */
export interface TemplateWriter {
  readonly manager: string;
  /** RFC 3339; undefined if the API server did not record the time. */
  readonly time: string | undefined;
}

/**
 * The last writer of a template, according to the `managedFields` of its workload; undefined if the
 * `managedFields` do not contain a writer. They never show which client removed a field: the API
 * server drops the field from the entry of its former owner, and a request that only removes fields
 * leaves no trace. The last writer is the best available hint, because a tool that replaces the
 * whole template is recorded as its writer.
 */
export function templateWriter(
  kind: WorkloadKind,
  managedFields: readonly ManagedFields[] | null | undefined,
): TemplateWriter | undefined {
  let last: TemplateWriter | undefined;
  for (const entry of managedFields ?? []) {
    const { manager, time } = entry;
    const own = !manager || manager === fieldManager;
    if (own || !writesPodTemplate(workloadEntry(kind), entry)) continue;
    if (last === undefined || (time ?? '') >= (last.time ?? '')) {
      last = { manager, time: time ?? undefined };
    }
  }
  return last;
}
