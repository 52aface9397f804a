import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record of a workload that was adopted without a restart: the configuration that its Pods run
 * with. The record is in the metadata of the workload, because the template must not change. The
 * record is valid only as long as the template has the same hash.
 */
export interface AdoptedRecord {
  /** The config-hash of the template at the time of the adoption; empty if there was no hash. */
  readonly template: string;
  /** Our hash of the configuration. */
  readonly config: string;
  /** The sources, with keys and values as in `/config-sources`. */
  readonly sources: Readonly<Record<string, string>>;
  /**
   * A digest of the workload and its pod template. If the digest is present, the record is valid
   * only for this template, because Pods of another template may be older than the configuration.
   * If the digest is absent, the record is valid for any template.
   */
  readonly podTemplate?: string;
  /**
   * Present if the Pods were restarted for this configuration without a changed pod template. The controller
   * replaces all Pods that are older than this time (RFC 3339). The record on the template is outdated.
   */
  readonly restartAt?: string;
}

/**
 * In a record that is never valid, this text replaces the digest of a pod template. Such a record
 * is written while another configuration is held back. Pods that start during the hold read that
 * other configuration. So the record does not describe these Pods, even if the configuration
 * changes back.
 */
export const heldTemplate = 'held';

export function formatAdopted(record: AdoptedRecord): string {
  const { template, config, sources, podTemplate, restartAt } = record;
  return JSON.stringify({ template, config, sources, podTemplate, restartAt });
}

/**
 * Undefined if the record is missing or invalid. Then the configuration of the Pods is not known.
 */
export function parseAdopted(text: string | undefined): AdoptedRecord | undefined {
  const parsed = parsedJson(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { template, config, sources, podTemplate, restartAt } = parsed as Readonly<
    Record<string, unknown>
  >;
  if (typeof template !== 'string' || typeof config !== 'string' || !hash.test(config)) {
    return undefined;
  }
  if (typeof sources !== 'object' || sources === null) return undefined;
  const digests = Object.entries(sources).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    ...{ template, config, sources: Object.fromEntries(digests) },
    // If the value has another type, it becomes a text that is not a digest, so the record is never
    // valid.
    ...(podTemplate === undefined ? {} : { podTemplate: String(podTemplate).slice(0, 64) }),
    ...(restartAt === undefined ? {} : { restartAt: String(restartAt).slice(0, 64) }),
  };
}

const hash = /^[0-9a-f]{64}$/;
