import type { ObjectMeta } from '../../kubernetes/objects.ts';
import { lastWrite } from '../last-write.ts';

/**
 * The facts that `approve` shows about a source. They come only from the metadata of the source.
 */
export interface SourceToApprove {
  /** The source, named as in `/config-sources`. */
  readonly source: string;
  readonly state: 'present' | 'absent' | 'ignored' | 'unreadable';
  /** The last write of the source's data, RFC 3339; null: not known. */
  readonly writtenAt: string | null;
  /** The field manager of that write; null: not known. */
  readonly writtenBy: string | null;
  /** Whether the data was written after the last hash was written; null: not known. */
  readonly isNewer: boolean | null;
  /** Why the source could not be read; null: it was read. */
  readonly problem: string | null;
}

/**
 * @param ignoring if one of these annotations is "true", the source is excluded
 * @param hashWrittenAt RFC 3339, whole seconds, UTC; null: not known
 */
export function sourceToApprove(
  source: string,
  metadata: ObjectMeta,
  ignoring: readonly string[],
  hashWrittenAt: string | null,
): SourceToApprove {
  const isIgnored = ignoring.some((name) => metadata.annotations?.[name] === 'true');
  const { at = null, manager = null } = lastWrite(metadata, []) ?? {};
  const isKnown = at !== null && hashWrittenAt !== null;
  return {
    source,
    state: isIgnored ? 'ignored' : 'present',
    writtenAt: at,
    writtenBy: manager,
    isNewer: isKnown ? Date.parse(at) > Date.parse(hashWrittenAt) : null,
    problem: null,
  };
}

/** Removes the times of a source whose content can change without a write of its object. */
export function withoutTimes(source: SourceToApprove): SourceToApprove {
  return { ...source, ...nothingKnown };
}

export function absentSource(source: string): SourceToApprove {
  return { source, ...nothingKnown, state: 'absent', problem: null };
}

export function unreadableSource(source: string, problem: string): SourceToApprove {
  return { source, ...nothingKnown, state: 'unreadable', problem };
}

const nothingKnown = { writtenAt: null, writtenBy: null, isNewer: null };
