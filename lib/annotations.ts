import { reloaderIgnore } from './compatibility/reloader.ts';
import { quote } from './quote.ts';
import type { Compatibility } from './settings/schema.ts';

/**
 * The annotations of the contract. Everything else in the code speaks of them by these names;
 * only the prefix is a setting, and whose annotations count as well.
 */

export interface AnnotationNames {
  readonly updateOnConfigChange: string;
  readonly extraConfigMaps: string;
  readonly extraSecrets: string;
  readonly ignoreConfigMaps: string;
  readonly ignoreSecrets: string;
  /** On the workload. */
  readonly adoption: string;
  /** On a source. */
  readonly ignore: string;
  /** On the pod template. */
  readonly configHash: string;
  /** On the pod template. */
  readonly configSources: string;
  /** On the workload: the record of a workload that was adopted without a rollout. */
  readonly adopted: string;
  /** On the workload: the record of the sources that may carry its mark. */
  readonly ownedSources: string;
  /** Not an annotation: the finalizer of a workload that owns sources. */
  readonly finalizer: string;
  /** Tools whose annotations count as well. */
  readonly compatibility: readonly Compatibility[];
}

export function annotationNames(
  prefix: string,
  compatibility: readonly Compatibility[] = [],
): AnnotationNames {
  return {
    updateOnConfigChange: `${prefix}/update-on-config-change`,
    extraConfigMaps: `${prefix}/extra-configmaps`,
    extraSecrets: `${prefix}/extra-secrets`,
    ignoreConfigMaps: `${prefix}/ignore-configmaps`,
    ignoreSecrets: `${prefix}/ignore-secrets`,
    adoption: `${prefix}/adoption`,
    ignore: `${prefix}/ignore`,
    configHash: `${prefix}/config-hash`,
    configSources: `${prefix}/config-sources`,
    adopted: `${prefix}/adopted`,
    ownedSources: `${prefix}/owned-sources`,
    finalizer: `${prefix}/finalizer`,
    compatibility,
  };
}

/** On a source: each of these, where it is "true", leaves the source out everywhere. */
export function ignoreAnnotations({ ignore, compatibility }: AnnotationNames): string[] {
  return compatibility.includes('reloader') ? [ignore, reloaderIgnore] : [ignore];
}

export type OptIn = 'on' | 'off' | 'invalid';

/** Exactly `"true"` is on; `"false"` and absent are off; anything else is off, and worth telling. */
export function optIn(value: string | undefined): OptIn {
  if (value === 'true') return 'on';
  return value === undefined || value === 'false' ? 'off' : 'invalid';
}

/** A name as the API accepts it for a ConfigMap or Secret (DNS-1123 subdomain, 253 characters). */
const sourceName = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** A name as the API accepts it for a namespace (DNS-1123 label, 63 characters). */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export interface NamedSource {
  /** Undefined where the entry names no namespace: the workload's own. */
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface SourceList {
  readonly sources: readonly NamedSource[];
  /** Entries that cannot be the name of a source, as they stand, shortened for a message. */
  readonly invalid: readonly string[];
}

/**
 * Reads a comma-separated list of `name` or `namespace/name`. Blanks around entries and empty
 * entries mean nothing. An entry that cannot be a name is reported rather than asked for: as part
 * of a path it could reach another resource.
 */
export function parseSourceList(value: string | undefined): SourceList {
  const sources: NamedSource[] = [];
  const invalid: string[] = [];
  for (const raw of (value ?? '').split(',')) {
    const entry = raw.trim();
    if (entry === '') continue;
    const slash = entry.indexOf('/');
    const namespace = slash < 0 ? undefined : entry.slice(0, slash);
    const name = entry.slice(slash + 1);
    if (sourceName.test(name) && (namespace === undefined || namespaceName.test(namespace))) {
      sources.push({ namespace, name });
    } else {
      invalid.push(quote(entry));
    }
  }
  return { sources, invalid };
}
