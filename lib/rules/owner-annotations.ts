import { createHash } from 'node:crypto';
import type { ObjectMeta } from '../kubernetes/objects.ts';
import { type AnnotationKeys, annotations, domainsOf } from './annotations.ts';

/** The annotations of workloads that wave-cron writes, without the prefix. */
const written: ReadonlySet<string> = new Set(
  Object.values(annotations).flatMap(({ by, name }) => (by === 'wave-cron' ? [name] : [])),
);

/**
 * A short text that changes if the owner of a workload changes its annotations for wave-cron, such
 * as the opt-in, an approval, or a pause. Annotations that wave-cron writes do not count, and
 * annotations for other programs do not count either.
 */
export function ownerAnnotations({ annotations: given }: ObjectMeta, keys: AnnotationKeys): string {
  const domains = domainsOf(keys);
  const counted = Object.entries(given ?? {}).filter(([key]) => {
    const [domain = '', name = ''] = key.split('/');
    return domains.some((own) => domain.endsWith(own)) && !written.has(name);
  });
  if (counted.length === 0) return '';
  const text = JSON.stringify(counted.sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(text).digest('base64').slice(0, 16);
}
