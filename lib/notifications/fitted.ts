import type { Digest, DigestEntry } from './digest.ts';

/** A digest as it is shown: only some of its entries and sources. */
export interface ShownDigest extends Digest {
  /** The number of entries that are not shown. */
  readonly leftOut: number;
}

/** The maximum number of entries in a message. More entries do not help a reader. */
const mostEntries = 20;

/**
 * The most detailed message that fits. First, names of sources are left out, and then entries from
 * the end. A message without entries is far below every limit, so there is always a message that
 * fits. Pure.
 *
 * @param mostSources the maximum number of sources to show for each entry
 */
export function fitted<Message>(
  digest: Digest,
  mostSources: number,
  message: (shown: ShownDigest) => Message,
  isWithin: (message: Message) => boolean,
): Message {
  for (const sources of [mostSources, 3, 1, 0].filter((count) => count <= mostSources)) {
    const made = message(shownPart(digest, mostEntries, sources));
    if (isWithin(made)) return made;
  }
  let entries = Math.min(mostEntries, digest.entries.length);
  let made = message(shownPart(digest, entries, 0));
  while (entries > 0 && !isWithin(made)) {
    entries -= 1;
    made = message(shownPart(digest, entries, 0));
  }
  return made;
}

function shownPart(digest: Digest, entries: number, sources: number): ShownDigest {
  const shown = digest.entries.slice(0, entries);
  return {
    ...digest,
    entries: shown.map((entry) => withSources(entry, sources)),
    leftOut: digest.entries.length - shown.length,
  };
}

function withSources(entry: DigestEntry, count: number): DigestEntry {
  const sources = entry.sources.slice(0, count);
  const left = entry.sources.length - sources.length;
  return { ...entry, sources, sourcesLeftOut: entry.sourcesLeftOut + left };
}
