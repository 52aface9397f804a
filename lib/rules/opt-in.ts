import type { ReferencedKind } from '../kubernetes/kinds.ts';
import { quote } from '../text/quote.ts';
import { type AnnotationKeys, parseOptIn } from './annotations.ts';
import { type DefaultOptIn, notOptedIn } from './default-opt-in.ts';
import { type ReloaderScope, reloaderWish } from './reloader.ts';

/** Whether a workload is opted in, and by what. */
export type OptIn =
  | {
      readonly kind: 'off';
      /** Present if an annotation of Reloader opts it out. */
      readonly why?: string;
    }
  /** Its annotations, or that of its namespace, are invalid or contradict each other. */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'on';
      /** All its references count. */
      readonly own: boolean;
      /** By the rules of Reloader: only these references count. */
      readonly reloader: Readonly<Record<ReferencedKind, ReloaderScope>> | undefined;
      /** Present if none of its annotations opts it in. */
      readonly by?: 'namespace' | 'setting';
    };

type Annotations = Readonly<Record<string, string>>;

/**
 * Reads the opt-in of a workload. If both tools' annotations opt in, their references are combined,
 * because either tool would restart it. If they contradict each other, the owner has to decide.
 *
 * @param ofTemplate annotations of the pod template; only Reloader's count
 * @param byDefault what counts if no annotation of the workload decides
 */
export function readOptIn(
  own: Annotations,
  ofTemplate: Annotations,
  keys: AnnotationKeys,
  byDefault: DefaultOptIn = notOptedIn,
): OptIn {
  const name = keys.updateOnConfigChange;
  // An answer may have null instead of any field.
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

/** Undefined if our own annotation is valid and does not contradict Reloader's. */
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
