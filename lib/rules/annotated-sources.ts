import { type SourceKind, sourceKinds } from '../kubernetes/kinds.ts';
import type { AnnotationKeys } from './annotations.ts';
import type { OptIn } from './opt-in.ts';
import { type Mention, sourceKey } from './references.ts';
import { reloaderNames } from './reloader.ts';
import { parseSourceList } from './source-list.ts';

/** The sources that the annotations of a workload add or exclude. */
export interface AnnotatedSources {
  /** The listed sources. All keys of a listed source count, and the source need not exist. */
  readonly mentions: readonly Mention[];
  /** The annotation that excludes each source, by `sourceKey`. */
  readonly ignoredBy: ReadonlyMap<string, string>;
  /** Invalid entries, as phrases. */
  readonly invalid: readonly string[];
}

export function annotatedSources(
  annotations: Readonly<Record<string, string>>,
  namespace: string,
  keys: AnnotationKeys,
  optIn: OptIn,
): AnnotatedSources {
  const mentions: Mention[] = [];
  const ignoredBy = new Map<string, string>();
  const invalid: string[] = [];

  const listed = (annotation: string) => {
    const { sources, invalid: entries } = parseSourceList(annotations[annotation]);
    for (const entry of entries) invalid.push(`annotation ${annotation} contains ${entry}`);
    return sources;
  };
  for (const kind of sourceKinds) {
    const { [`extra${kind}s` as const]: extra, [`ignore${kind}s` as const]: ignore } = keys;
    const add = (name: string, other: string | undefined, annotation: string): void => {
      mentions.push(wholly(kind, other ?? namespace, name, annotation));
    };
    const leaveOut = (name: string, other: string | undefined, annotation: string): void => {
      ignoredBy.set(sourceKey({ kind, namespace: other ?? namespace, name }), annotation);
    };
    for (const { name, namespace: other } of listed(extra)) add(name, other, extra);
    for (const { name, namespace: other } of listed(ignore)) leaveOut(name, other, ignore);
    if (optIn.kind !== 'on' || optIn.reloader === undefined) continue;
    const { reload, exclude } = reloaderNames[kind];
    for (const name of optIn.reloader[kind].listed) add(name, undefined, reload);
    for (const name of optIn.reloader[kind].excluded) leaveOut(name, undefined, exclude);
  }
  return { mentions, ignoredBy, invalid };
}

function wholly(kind: SourceKind, namespace: string, name: string, annotation: string): Mention {
  return { kind, namespace, name, keys: 'all', required: false, place: `annotation ${annotation}` };
}
