import type { ReferencedKind } from '../kubernetes/kinds.ts';
import { quote } from '../text/quote.ts';
import { type AnnotationKeys, parseOptIn } from './annotations.ts';
import { type DefaultOptIn, notOptedIn } from './default-opt-in.ts';
import { type ReloaderScope, reloaderWish } from './reloader.ts';

/** Whether a workload is opted in, and by what. */
export type OptIn =
  | {
      readonly kind: 'off';
      /** Present if an annotation of Reloader opts the workload out. */
      readonly why?: string;
    }
  /**
   * An annotation of the workload or of its namespace is invalid, or annotations of the workload contradict
   * each other.
   */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'on';
      /** Whether all references of the workload count. */
      readonly own: boolean;
      /** The references that count by the rules of Reloader. Undefined if Reloader's annotations do not opt it in. */
      readonly reloader: Readonly<Record<ReferencedKind, ReloaderScope>> | undefined;
      /** Present if the workload is opted in, but not by an annotation of its own. */
      readonly by?: 'namespace' | 'setting';
    };

type Annotations = Readonly<Record<string, string>>;

/**
 * Reads the opt-in of a workload. If both wave-cron's and Reloader's annotations opt in, their references are
 * combined, because either tool would restart the workload. If the annotations contradict each other, the owner
 * has to decide.
 *
 * @param ofTemplate annotations of the pod template. Only those of Reloader count
 * @param byDefault the opt-in if no annotation of the workload decides
 */
export function readOptIn(
  own: Annotations,
  ofTemplate: Annotations,
  keys: AnnotationKeys,
  byDefault: DefaultOptIn = notOptedIn,
): OptIn {
  const name = keys.updateOnConfigChange;
  // The API may return null for any field.
  const value = own[name] ?? undefined;
  const ours = parseOptIn(value);
  const inherited = value === undefined ? byDefault : notOptedIn;
  const theirs = keys.compatibility.includes('reloader')
    ? reloaderWish(own, ofTemplate, keys.sourceKinds, inherited.kind === 'on')
    : ({ kind: 'none' } as const);

  const why = value === undefined ? undefined : whyRefused({ name, value }, theirs);
  if (why !== undefined) return { kind: 'refused', why };
  if (theirs.kind === 'refused') return { kind: 'refused', why: theirs.why };
  const by = inherited.kind === 'on' ? { by: inherited.by } : {};
  if (theirs.kind === 'on') {
    const how = theirs.annotation === undefined ? by : {};
    return { kind: 'on', own: ours === 'on', reloader: theirs.scopes, ...how };
  }
  if (ours === 'on') return { kind: 'on', own: true, reloader: undefined };
  if (theirs.kind === 'off' && inherited.kind !== 'off') {
    return { kind: 'off', why: `annotation ${theirs.annotation} is ${quote(theirs.value)}` };
  }
  if (inherited.kind === 'on') return { kind: 'on', own: true, reloader: undefined, ...by };
  return inherited;
}

/**
 * The reason why the annotations are refused; undefined if our own annotation is valid and does not
 * contradict the annotations of Reloader.
 */
function whyRefused(
  { name, value }: { readonly name: string; readonly value: string },
  theirs: ReturnType<typeof reloaderWish>,
): string | undefined {
  const ours = parseOptIn(value);
  const said = `annotation ${name} is ${quote(value)}`;
  if (ours === 'invalid') {
    const also = theirs.kind === 'none' ? '' : `, and ${theirs.annotation} is ignored`;
    return `${said}: it must be "true" or "false"${also}`;
  }
  if (ours === 'off' && (theirs.kind === 'on' || theirs.kind === 'refused')) {
    return `${said}, but ${theirs.annotation} opts in: remove one of them`;
  }
  if (ours === 'on' && theirs.kind === 'off') {
    const other = `${theirs.annotation} is ${quote(theirs.value)}`;
    return `${said}, but ${other}: remove one of them`;
  }
  return undefined;
}
