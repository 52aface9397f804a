import { parsedJson } from '../parsed-json.ts';

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
}

export function formatAdopted({ template, config, sources }: AdoptedRecord): string {
  return JSON.stringify({ template, config, sources });
}

/** Undefined where there is none, or one that somebody tampered with: then nothing is known. */
export function parseAdopted(text: string | undefined): AdoptedRecord | undefined {
  const parsed = parsedJson(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { template, config, sources } = parsed as Readonly<Record<string, unknown>>;
  if (typeof template !== 'string' || typeof config !== 'string' || !hash.test(config)) {
    return undefined;
  }
  if (typeof sources !== 'object' || sources === null) return undefined;
  const digests = Object.entries(sources).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { template, config, sources: Object.fromEntries(digests) };
}

const hash = /^[0-9a-f]{64}$/;
