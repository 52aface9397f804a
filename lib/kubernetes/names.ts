/** A name as the API accepts it for a ConfigMap or Secret: a DNS-1123 subdomain. */
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const longestName = 253;

/** A name as the API accepts it for a namespace (DNS-1123 label, 63 characters). */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Whether a ConfigMap or Secret can have this name. A pod template may hold any other text in its
 * place; that is never asked for: as part of a path it could reach something else, and the API server
 * answers it in ways that say nothing of a source.
 */
export function isSourceName(name: string): boolean {
  return name.length <= longestName && subdomain.test(name);
}

export function isNamespaceName(name: string): boolean {
  return namespaceName.test(name);
}

/**
 * A name or a key of a template as it is kept: none that exists is longer, so the rest of one that may
 * be a megabyte says nothing.
 */
export function keptName(name: string): string {
  if (name.length <= longestName) return name;
  // A copy, since a part of a text keeps the whole of it in memory.
  return Buffer.from(name.slice(0, longestName + 1), 'utf16le').toString('utf16le');
}
