import { type SourceKind, sourceKinds, type WorkloadKind } from './kinds.ts';

/** The field manager of our patches, and the controller that our events name. */
export const fieldManager = 'wave-cron';

/** The field manager of approvals: a person writes them, not a pass. */
export const approvalManager = 'wave-cron-approve';

/** Names a workload. */
export interface WorkloadName {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** Names a source. */
export interface SourceName {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
}

/** Where a Lease is. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** Names an event. */
export interface EventName {
  readonly namespace: string;
  readonly name: string;
}

/** As the part of a pattern: what a name, or each of its parts between dots, is made of. */
export const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
/** As the part of a pattern: the name of most objects, without a bound of its length. */
export const dnsSubdomain = `${dnsLabel}([.]${dnsLabel})*`;
export const longestLabel = 63;
export const longestName = 253;

const label = new RegExp(`^${dnsLabel}$`);
const subdomain = new RegExp(`^${dnsSubdomain}$`);

/**
 * Whether a workload or source can have this name: a DNS-1123 subdomain. A pod template may hold any other
 * text in its place; that is never asked for: as part of a path it could reach something else, and the API
 * server answers it in ways that say nothing of a source.
 */
export function isObjectName(name: string): boolean {
  return name.length <= longestName && subdomain.test(name);
}

/** Whether a namespace can have this name: a DNS-1123 label. */
export function isNamespaceName(name: string): boolean {
  return name.length <= longestLabel && label.test(name);
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

/** For messages: `Deployment shop/web`. */
export function objectTitle({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${kind} ${namespace}/${name}`;
}

/** For lists within one namespace: `Deployment/web`. */
export function kindAndName({
  kind,
  name,
}: {
  readonly kind: string;
  readonly name: string;
}): string {
  return `${kind}/${name}`;
}

/** Which source it is, as the hash has it. */
export interface SourceIdentity {
  readonly kind: SourceKind;
  /** Empty for the workload's own namespace, so that a copy of a namespace has equal hashes. */
  readonly namespace: string;
  readonly name: string;
}

/** How a source is called in `/config-sources`, in events and in reports: `ConfigMap/settings`. */
export function recordName({ kind, namespace, name }: SourceIdentity): string {
  return namespace === '' ? kindAndName({ kind, name }) : `${kind}/${namespace}/${name}`;
}

const anyKind = sourceKinds.join('|');
const recordedName = new RegExp(`^(${anyKind})/[a-z0-9./-]{1,317}$`);
const ownRecordedName = new RegExp(`^(${anyKind})/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`);

/** Whether `recordName` can have written it. */
export function isRecordName(text: string): boolean {
  return recordedName.test(text);
}

/** Whether `recordName` can have written it of a source of the workload's own namespace. */
export function isOwnRecordName(text: string): boolean {
  return ownRecordedName.test(text);
}

/**
 * The source of this namespace that a text names for which `isOwnRecordName` holds.
 *
 * @throws Error if it names no kind of sources
 */
export function sourceNamed(text: string, namespace: string): SourceName {
  const slash = text.indexOf('/');
  const kind = sourceKinds.find((each) => each === text.slice(0, slash));
  if (kind === undefined) throw new Error(`${text} names no source`);
  return { kind, namespace, name: text.slice(slash + 1) };
}
