/**
 * What wave-cron writes for the objects of upstream Wave's vectors and for those beside this file:
 * `null` where it writes nothing.
 *
 * hashes.json is frozen. It has no switch that writes it anew, and none may be added: a value that
 * differs is a cluster in which every workload like that one restarts when wave-cron is updated,
 * though nobody has changed its configuration. Such a change of the canonical text, of the rules of
 * references or of what counts as absent is a breaking one. Whoever means it adds new workloads here
 * for what is new, or changes values by hand, each with a line in the release notes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { waveObjects } from '../wave/vectors.ts';

/** The two annotations of the pod template. */
export type Written = { readonly hash: string; readonly sources: Readonly<Record<string, string>> };

const read = (file: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'));

export function ownObjects(): KubernetesObject[] {
  return [...waveObjects(), ...(read('objects.json') as { items: KubernetesObject[] }).items];
}

/** By `kind/name`. */
export function ownHashes(): Readonly<Record<string, Written | null>> {
  return read('hashes.json') as Record<string, Written | null>;
}
