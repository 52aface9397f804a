import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record of a workload that was adopted without a restart: the configuration that its Pods run
 * with. It is stored on the workload's metadata, because its template must not change. It is valid
 * only as long as the template has the same hash.
 */
export interface AdoptedRecord {
  /** The config-hash of the template at that time; empty if there was none. */
  readonly template: string;
  /** Our hash of the configuration. */
  readonly config: string;
  /** As in `/config-sources`. */
  readonly sources: Readonly<Record<string, string>>;
  /**
   * A digest of the workload and its pod template, if the record is valid only for this template:
   * Pods of another template may be older than the configuration. Absent: valid for any template.
   */
  readonly podTemplate?: string;
}

/**
 * Replaces the digest of a pod template in a record that is never valid. It is written while
 * another configuration is held back: Pods that start in the meantime read that one, so the record
 * does not describe them, even if the configuration changes back.
 */
export const heldTemplate = 'held';

export function formatAdopted(record: AdoptedRecord): string {
  const { template, config, sources, podTemplate } = record;
  return JSON.stringify({ template, config, sources, podTemplate });
}

/** Undefined if the record is missing or invalid. Then nothing is known. */
export function parseAdopted(text: string | undefined): AdoptedRecord | undefined {
  const parsed = parsedJson(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { template, config, sources, podTemplate } = parsed as Readonly<Record<string, unknown>>;
  if (typeof template !== 'string' || typeof config !== 'string' || !hash.test(config)) {
    return undefined;
  }
  if (typeof sources !== 'object' || sources === null) return undefined;
  const digests = Object.entries(sources).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    ...{ template, config, sources: Object.fromEntries(digests) },
    // A value of another type cannot be a digest, so the record is not valid.
    ...(podTemplate === undefined ? {} : { podTemplate: String(podTemplate).slice(0, 64) }),
  };
}

const hash = /^[0-9a-f]{64}$/;
