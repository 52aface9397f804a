/**
 * Restarts of Pods without a changed pod template. Only some kinds have a field for such a restart. The hash
 * is in the record of adoption instead, because this record says with which configuration the Pods run.
 * One patch writes both the field and the record.
 */

import { type WorkloadKind, workloadEntry } from '../kubernetes/kinds.ts';
import type { WorkloadObject } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';
import type { AdoptedRecord } from './adoption/record.ts';
import type { AnnotationKeys } from './annotations.ts';
import { reloaderStrategy } from './reloader.ts';

/** Whether a changed configuration changes the pod template, or only restarts the Pods. */
export type RolloutStrategy = 'rollout' | 'restart';

/** Reads the annotation of the workload. If it is invalid, `why` is a sentence about the reason. */
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
 * The time of a restart, in RFC 3339 with whole seconds. All Pods with the earlier configuration are older
 * than this time. A Pod that is created after the patch but before this time restarts once more.
 *
 * @param now the time of an API server, in milliseconds since 1970
 * @param toleranceMs the maximum difference between the clocks of API servers, in milliseconds
 */
export function restartTime(now: number, toleranceMs: number): string {
  const second = Math.floor((now + toleranceMs) / 1000) + 1;
  return `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
}

/**
 * Whether another client has set `restartAt` back before the controller restarted all Pods. In this case,
 * the Pods may still have the earlier configuration, so the record does not count.
 */
export function isUndone(
  { restartAt }: Pick<AdoptedRecord, 'restartAt'>,
  { spec, status }: WorkloadObject,
): boolean {
  if (restartAt === undefined) return false;
  const reached = [spec?.restartAt, status?.restartedAt].map((time) => Date.parse(time ?? ''));
  // A missing or invalid time is NaN, which is never greater.
  return !reached.some((time) => time >= Date.parse(restartAt));
}

/** The record of adoption for a configuration that all Pods have after the restart. */
export function restartRecord(
  template: string | undefined,
  { hash, sources }: Readonly<Record<'hash' | 'sources', string>>,
  restartAt: string,
): AdoptedRecord {
  const record: AdoptedRecord['sources'] = JSON.parse(sources);
  return { template: template ?? '', config: hash, sources: record, restartAt };
}
