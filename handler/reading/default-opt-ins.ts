import { expectedError, UnreachableError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import {
  allOptedIn,
  type DefaultOptIn,
  type DefaultOptIns,
  notOptedIn,
  onlyAnnotations,
  optInOfNamespace,
} from '../../lib/rules/default-opt-in.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';

/** The opt-ins of workloads without an annotation, as they were read. */
export interface OptInReading {
  readonly defaultOptIn: DefaultOptIns;
  /** Why namespaces could not be read, by name. Their workloads must not be handled. */
  readonly unread: ReadonlyMap<string, string>;
}

/**
 * Reads what the setting `optIn` needs: with `namespace`, the annotations of the namespaces.
 *
 * @param only the namespaces of the workloads; absent: those of the settings
 * @throws UnreachableError if all namespaces are needed and cannot be listed; the reason of the signal
 */
export async function readDefaultOptIns(
  { optIn, namespaces, namespaceSelector }: Settings,
  context: ReadContext,
  only?: ReadonlySet<string>,
): Promise<OptInReading> {
  const unread = new Map<string, string>();
  if (optIn === 'annotation') return { defaultOptIn: onlyAnnotations, unread };
  if (optIn === 'all') return { defaultOptIn: allOptedIn(namespaces), unread };
  const names = only ?? (namespaces.length > 0 ? new Set(namespaces) : undefined);
  const found =
    names === undefined
      ? await listed(namespaceSelector, context)
      : await readByName(names, unread, context);
  return { defaultOptIn: (namespace) => found.get(namespace) ?? notOptedIn, unread };
}

/** Contains only namespaces that opt in or have an invalid annotation. */
type Found = Map<string, DefaultOptIn>;

async function listed(
  namespaceSelector: string,
  { cluster, annotationKeys, signal }: ReadContext,
): Promise<Found> {
  const found: Found = new Map();
  try {
    await cluster.listNamespaceMetadata(namespaceSelector, signal, (page, restart) => {
      if (restart) found.clear();
      for (const metadata of page)
        note(found, metadata.name ?? '', optInOfNamespace(metadata, annotationKeys));
    });
  } catch (error) {
    throw new UnreachableError(
      `the namespaces could not be listed, so it is unknown which of them opt in: ${expectedError(error, signal).message}`,
    );
  }
  return found;
}

async function readByName(
  names: ReadonlySet<string>,
  unread: Map<string, string>,
  { cluster, annotationKeys, reads, signal }: ReadContext,
): Promise<Found> {
  const found: Found = new Map();
  const read = async (name: string): Promise<void> => {
    try {
      const metadata = await reads.run(name, () => cluster.getNamespace(name, signal));
      note(found, name, optInOfNamespace(metadata, annotationKeys));
    } catch (error) {
      const { message } = expectedError(error, signal);
      // A namespace that does not exist contains no workloads.
      if (!isAbsent(error, name)) unread.set(name, message);
    }
  };
  await Promise.all([...names].map(read));
  return found;
}

function note(found: Found, name: string, optIn: DefaultOptIn): void {
  if (optIn.kind !== 'off') found.set(name, optIn);
}
