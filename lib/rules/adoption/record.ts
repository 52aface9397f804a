import { parsedJson } from '../../text/parsed-json.ts';

/**
 * What is known of a workload that was taken on without a rollout: the configuration that its Pods
 * run with, kept on its own metadata since its template must not be touched. It holds only as long
 * as the template still carries the hash that it carried then.
 */
export interface AdoptedRecord {
  /** The template's config-hash then; empty where it had none. */
  readonly template: string;
  /** Our hash of the configuration. */
  readonly config: string;
  /** As in `/config-sources`. */
  readonly sources: Readonly<Record<string, string>>;
  /**
   * Digest of the workload and its pod template, if it holds only while that is the same: the Pods of
   * another template may be older than the configuration. Absent: it holds for any.
   */
  readonly podTemplate?: string;
}

/**
 * In place of the digest of a pod template: a record that has ended at once. It is written while another
 * configuration is held: Pods are started with that one meanwhile, so that what is recorded does not tell
 * what they run with, even where it is the configuration of now again.
 */
export const heldTemplate = 'held';

export function formatAdopted(record: AdoptedRecord): string {
  const { template, config, sources, podTemplate } = record;
  return JSON.stringify({ template, config, sources, podTemplate });
}

/** Undefined where there is none, or one that somebody tampered with: then nothing is known. */
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
    // Of another type it is the digest of nothing, so that the record does not hold.
    ...(podTemplate === undefined ? {} : { podTemplate: String(podTemplate).slice(0, 64) }),
  };
}

const hash = /^[0-9a-f]{64}$/;
