import { KeptLists } from '../../lib/concurrency/kept-lists.ts';
import { expectedError, WaveCronError } from '../../lib/errors.ts';
import type { OnPage } from '../../lib/kubernetes/client/pages.ts';
import type { SourceKind } from '../../lib/kubernetes/kinds.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import { maxNames } from '../../lib/rules/bounds.ts';
import type { NamesByKind, NamesReading } from '../../lib/rules/name-pattern.ts';
import { namesNeededBy } from '../../lib/rules/sketch.ts';
import type { ReadContext } from '../context.ts';
import type { Keep, KeepRead } from './workload-list.ts';

/** The maximum of names that are kept for further workloads: about 4 MB. */
const keptNames = 50_000;

class TooManyNames extends WaveCronError {}

/**
 * Lists the names of sources in a namespace, reading only metadata. Each list is requested once,
 * and again only after it was dropped.
 */
export class SourceNames {
  readonly #context: ReadContext;
  readonly #lists: KeptLists<NamesReading>;

  constructor(context: ReadContext) {
    this.#context = context;
    this.#lists = new KeptLists(
      keptNames,
      (key) => this.#list(key),
      (reading) => (reading.state === 'read' ? reading.names.length : 0),
    );
  }

  /** @throws the reason of the signal */
  async of(namespace: string, kinds: readonly SourceKind[]): Promise<NamesByKind> {
    const read = async (kind: SourceKind) =>
      [kind, await this.#lists.of(`${kind}/${namespace}`)] as const;
    return new Map(await Promise.all(kinds.map(read)));
  }

  async #list(key: string): Promise<NamesReading> {
    const [kind, namespace = ''] = key.split('/') as [SourceKind, string];
    const { cluster, reads, signal } = this.#context;
    let names: string[] = [];
    const onPage: OnPage<ObjectMeta> = (page, restart) => {
      if (restart) names = [];
      for (const { name } of page) if (name) names.push(name);
      // With too many names, the other names do not matter.
      if (names.length > maxNames) throw new TooManyNames('too many names');
    };
    try {
      await reads.run(namespace, () => cluster.listSourceMetadata(kind, namespace, signal, onPage));
    } catch (error) {
      if (!(error instanceof TooManyNames)) {
        return { state: 'unreadable', why: expectedError(error, signal).message };
      }
    }
    return { state: 'read', names };
  }
}

/**
 * Reduces an object that is read alone, and reads the names that the patterns of the workload need.
 */
export function keepWithNames(keep: Keep, names: SourceNames): KeepRead {
  return async (kind, object) => {
    const workload = keep(kind, object);
    const kinds = workload && namesNeededBy(workload);
    if (workload === undefined || kinds === undefined) return workload;
    return keep(kind, object, await names.of(workload.namespace, kinds));
  };
}
