import { quote } from '../text/quote.ts';
import { type AnnotationKeys, parseOptIn } from './annotations.ts';
import type { SourceKind } from './references.ts';
import { type ReloaderScope, reloaderWish } from './reloader.ts';

/** Whether a workload opted in, and by which annotations. */
export type OptIn =
  | { readonly kind: 'off' }
  /** Its annotations mean nothing, or contradict each other. */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'on';
      /** By our own annotation: everything that it references is watched. */
      readonly own: boolean;
      /** By Reloader's: just this is watched. */
      readonly reloader: Readonly<Record<SourceKind, ReloaderScope>> | undefined;
    };

type Annotations = Readonly<Record<string, string>>;

/**
 * What the annotations of a workload ask for. Two families that opt in add up, since either tool
 * would have rolled it; two that contradict each other are a doubt that its owner has to settle.
 *
 * @param ofTemplate the annotations of its pod template, of which ours do not count
 */
export function readOptIn(own: Annotations, ofTemplate: Annotations, keys: AnnotationKeys): OptIn {
  const name = keys.updateOnConfigChange;
  const value = own[name];
  const ours = parseOptIn(value);
  const theirs = keys.compatibility.includes('reloader')
    ? reloaderWish(own, ofTemplate)
    : ({ kind: 'none' } as const);

  // A function, since this is asked of every workload of a cluster, and most say nothing.
  const said = () => `annotation ${name} is ${quote(value ?? '')}`;
  if (ours === 'invalid') {
    const also = theirs.kind === 'none' ? '' : `, and ${theirs.annotation} is ignored`;
    return { kind: 'refused', why: `${said()}: it must be "true" or "false"${also}` };
  }
  if (
    ours === 'off' &&
    value !== undefined &&
    (theirs.kind === 'on' || theirs.kind === 'refused')
  ) {
    return {
      kind: 'refused',
      why: `${said()}, but ${theirs.annotation} opts in: remove one of them`,
    };
  }
  if (ours === 'on' && theirs.kind === 'off') {
    const other = `${theirs.annotation} is ${quote(theirs.value)}`;
    return { kind: 'refused', why: `${said()}, but ${other}: remove one of them` };
  }
  if (theirs.kind === 'refused') return { kind: 'refused', why: theirs.why };
  if (theirs.kind === 'on') return { kind: 'on', own: ours === 'on', reloader: theirs.scopes };
  return ours === 'on' ? { kind: 'on', own: true, reloader: undefined } : { kind: 'off' };
}
