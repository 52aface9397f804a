import { type WorkloadKind, workloadEntry, writesPodTemplate } from '../kubernetes/kinds.ts';
import { fieldManager } from '../kubernetes/names.ts';
import type { ManagedFields } from '../kubernetes/objects.ts';

/** Who, other than us, wrote a pod template last. */
export interface TemplateWriter {
  readonly manager: string;
  /** RFC 3339; undefined where the API server did not note it. */
  readonly time: string | undefined;
}

/**
 * Who wrote a template last, from the `managedFields` of its workload; undefined where they do not
 * say. Nothing in them says who took a field away: the API server drops it from the entry of the one
 * who had it, and a request that does nothing else leaves no trace. So this is the best answer there
 * is: whoever puts the whole template back has written it before.
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
