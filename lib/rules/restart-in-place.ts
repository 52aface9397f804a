/**
 * Restarts of Pods without a changed pod template. Only some kinds have a field for that. The hash is
 * then in the record of adoption, because that record says with which configuration the Pods run.
 * The field and the record are written in one patch.
 */

import { type WorkloadKind, workloadEntry } from '../kubernetes/kinds.ts';
import type { WorkloadObject } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';
import type { AdoptedRecord } from './adoption/record.ts';
import type { AnnotationKeys } from './annotations.ts';
import { reloaderStrategy } from './reloader.ts';

/** Whether a changed configuration changes the pod template, or only restarts the Pods. */
export type RolloutStrategy = 'rollout' | 'restart';

/** Reads the annotation of the workload, or why it is invalid. */
export function rolloutStrategyOf(
  kind: WorkloadKind,
  annotations: Readonly<Record<string, string>>,
  { rolloutStrategy: name, compatibility }: AnnotationKeys,
): RolloutStrategy | { readonly why: string } {
  const isPossible = workloadEntry(kind).restartPatch !== undefined;
  const own = annotations[name];
  switch (own) {
    case undefined: {
      const counts = isPossible && compatibility.includes('reloader');
      return counts && annotations[reloaderStrategy] === 'restart' ? 'restart' : 'rollout';
    }
    case 'rollout':
      return own;
    case 'restart':
      if (isPossible) return own;
      return {
        why: `annotation ${name} is "restart", but the Pods of a ${kind} restart only with a changed pod template: remove it`,
      };
    default:
      return { why: `annotation ${name} is ${quote(own)}: it must be rollout or restart` };
  }
}

/**
 * The time before which Pods may have been created with the earlier configuration: RFC 3339, whole
 * seconds. Pods that are created until then may restart once more.
 *
 * @param now by the clock of an API server, in milliseconds since 1970
 * @param toleranceMs how far apart the clocks of API servers may be
 */
export function restartTime(now: number, toleranceMs: number): string {
  const second = Math.floor((now + toleranceMs) / 1000) + 1;
  return `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
}

/**
 * Whether another client has set the field of the restart back before its controller restarted all
 * Pods. Then the record proves nothing.
 */
export function isUndone(
  { restartAt }: Pick<AdoptedRecord, 'restartAt'>,
  { spec, status }: WorkloadObject,
): boolean {
  if (restartAt === undefined) return false;
  const reached = [spec?.restartAt, status?.restartedAt].map((time) => Date.parse(time ?? ''));
  // A comparison with an invalid time is false.
  return !reached.some((time) => time >= Date.parse(restartAt));
}

/** The record that its Pods run with a configuration once they have restarted. */
export function restartRecord(
  template: string | undefined,
  { hash, sources }: Readonly<Record<'hash' | 'sources', string>>,
  restartAt: string,
): AdoptedRecord {
  const record: AdoptedRecord['sources'] = JSON.parse(sources);
  return { template: template ?? '', config: hash, sources: record, restartAt };
}
