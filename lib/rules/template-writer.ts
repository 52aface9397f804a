import type { ManagedFields } from '../kubernetes/objects.ts';
import { fieldManager } from './event.ts';

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
  managedFields: readonly ManagedFields[] | null | undefined,
): TemplateWriter | undefined {
  let last: TemplateWriter | undefined;
  for (const { manager, time, fieldsV1 } of managedFields ?? []) {
    const own = !manager || manager === fieldManager;
    if (own || fieldsV1?.['f:spec']?.['f:template'] === undefined) continue;
    if (last === undefined || (time ?? '') >= (last.time ?? '')) {
      last = { manager, time: time ?? undefined };
    }
  }
  return last;
}
