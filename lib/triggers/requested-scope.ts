import {
  type SourceKind,
  sourceKinds,
  type WorkloadKind,
  workloadKindOf,
} from '../kubernetes/kinds.ts';
import { isNamespaceName, isObjectName } from '../kubernetes/names.ts';
import type { EarlyScope, NamedScope } from '../schedule/early-passes.ts';

/** The objects that a request is about, or the reason why its body is invalid. */
export type RequestedScope =
  | { readonly scope: EarlyScope }
  /** One line for the sender. It quotes nothing of the body. */
  | { readonly problem: string };

/** Kinds of other programs whose objects change sources only in their own namespace. */
const namespaceBound: readonly string[] = ['Certificate', 'ExternalSecret', 'SealedSecret'];

/**
 * Reads from the JSON body of a request which object has changed. It takes only a kind, a namespace
 * and a name, and only valid ones. Everything else in the body is ignored, because the sender may
 * pass on texts of others. A body that names no object is about everything.
 *
 * These forms name an object: a reference `{kind, namespace, name}`; `{namespace}`; an object with
 * `metadata`; an Event with `involvedObject` (Flux) or `regarding`; a CloudEvent that has one of
 * these in `data`, or `Kind/namespace/name` in `subject`.
 */
export function requestedScope(body: unknown): RequestedScope {
  if (!isObject(body)) return { problem: 'the body must be a JSON object' };
  const { specversion, data, subject } = body;
  if (specversion === undefined) return scopeOf(referenceIn(body));
  if (typeof specversion !== 'string') return { problem: 'specversion must be a string' };
  const inData = isObject(data) ? referenceIn(data) : undefined;
  return scopeOf(inData ?? referenceOfSubject(subject));
}

type Reference = Readonly<Record<string, unknown>>;

function referenceIn(body: Reference): Reference | undefined {
  const { involvedObject, regarding, metadata, kind } = body;
  for (const about of [involvedObject, regarding]) if (isObject(about)) return about;
  if (isObject(metadata) && kind !== undefined) {
    return { kind, namespace: metadata['namespace'], name: metadata['name'] };
  }
  return Object.hasOwn(body, 'namespace') || isOurs(kind) ? body : undefined;
}

function referenceOfSubject(subject: unknown): Reference | undefined {
  if (typeof subject !== 'string') return undefined;
  const [kind, namespace, name, ...more] = subject.split('/', 4);
  // Other programs write any text into a subject.
  if (!isOurs(kind) || name === undefined || more.length > 0) return undefined;
  return { kind, namespace, name };
}

function scopeOf(reference: Reference | undefined): RequestedScope {
  if (reference === undefined) return { scope: 'all' };
  const { kind, namespace, name } = reference;
  if (kind !== undefined && typeof kind !== 'string') return { problem: 'kind must be a string' };
  const isMissing = namespace === undefined || namespace === '';
  if (isMissing && isOurs(kind)) return { problem: 'namespace is required for this kind' };
  // Objects of other kinds may apply to any namespace, as a Kustomization of Flux does.
  if (isMissing) return { scope: 'all' };
  if (typeof namespace !== 'string' || !isNamespaceName(namespace)) {
    return { problem: 'namespace must be the name of a namespace' };
  }
  if (name !== undefined && (typeof name !== 'string' || !isObjectName(name))) {
    return { problem: 'name must be the name of an object' };
  }
  if (kind === undefined) return { scope: named({ namespaces: [namespace] }) };
  if (namespaceBound.includes(kind)) return { scope: named({ namespaces: [namespace] }) };
  if (!isOurs(kind)) return { scope: 'all' };
  if (name === undefined) return { scope: named({ namespaces: [namespace] }) };
  const title = `${kind}/${namespace}/${name}`;
  return { scope: named(isSource(kind) ? { sources: [title] } : { workloads: [title] }) };
}

function named(names: { readonly [part in keyof NamedScope]?: readonly string[] }): NamedScope {
  const { sources, namespaces, workloads } = names;
  return {
    sources: new Set(sources),
    namespaces: new Set(namespaces),
    workloads: new Set(workloads),
  };
}

function isSource(kind: unknown): kind is SourceKind {
  return (sourceKinds as readonly unknown[]).includes(kind);
}

function isOurs(kind: unknown): kind is SourceKind | WorkloadKind {
  return isSource(kind) || workloadKindOf(kind) !== undefined;
}

function isObject(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
