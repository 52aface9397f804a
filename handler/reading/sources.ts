import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { describeError } from '../../lib/errors.ts';
import { AnswerTooLargeError, isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import { allSources, listed, sourceKinds } from '../../lib/kubernetes/kinds.ts';
import { isObjectName } from '../../lib/kubernetes/names.ts';
import { annotations, ignoreAnnotations } from '../../lib/rules/annotations.ts';
import { maxSourceBytes } from '../../lib/rules/bounds.ts';
import type { HashKeys } from '../../lib/rules/hash/hash-keys.ts';
import { Hashing } from '../../lib/rules/hash/hashing.ts';
import { readSource, type SourceReading, unselected } from '../../lib/rules/reading.ts';
import { isMounted, type Reference, sourceKey } from '../../lib/rules/references.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { labelMatcher } from '../../lib/settings/label-selector.ts';
import type { ReadContext } from '../context.ts';
import { carriesHashOfWave } from './hash-of-wave.ts';
import { Mounts } from './mounts.ts';
import { type Admission, type Memory, sourceMemory } from './source-memory.ts';
import { covers, keysOf, type Loaded, referencesOf, type Wanted, want } from './wanted.ts';

/** The number of sources of one workload that are read ahead. */
const ahead = 16;

/**
 * How many sources are read at the same time without reserved memory. Each of them may have the
 * maximum size.
 */
const largeAtOnce = 2;

/**
 * Reads the sources of workloads and hashes them one by one. If there is enough memory, a source is
 * read once for all its workloads and kept until the last of these workloads is done. The memory is
 * bounded and shared among the namespaces. If there is not enough memory, the source is read when
 * its turn has come, and again for the next workload. So the memory of a pass does not depend on
 * the sources of tenants.
 */
export class Sources {
  readonly #cluster: ReadContext['cluster'];
  readonly #ignoreAnnotations: readonly string[];
  readonly #isSelected: ReturnType<typeof labelMatcher>;
  readonly #reads: FairLimit;
  readonly #large = new FairLimit(largeAtOnce);
  readonly #memory: Memory;
  readonly #signal: AbortSignal;
  readonly #mounts: Mounts;
  readonly #wanted = new Map<string, Wanted>();

  constructor(context: ReadContext, workloads: readonly Workload[], memory = sourceMemory()) {
    this.#cluster = context.cluster;
    this.#ignoreAnnotations = ignoreAnnotations(context.annotationKeys);
    this.#isSelected = labelMatcher(context.annotationKeys.sourceSelector);
    this.#reads = context.reads;
    this.#signal = context.signal;
    this.#mounts = new Mounts(context);
    this.#memory = memory;
    for (const workload of workloads) this.add(workload);
  }

  /**
   * Reads the sources that a decision about a workload needs. Rejects only if the pass is
   * interrupted.
   *
   * @param beforeLarge awaited before a source without reserved memory is read
   */
  async of(
    workload: Workload,
    keys: HashKeys,
    beforeLarge: () => Promise<void> = async () => {},
  ): Promise<SourcesSeen> {
    const hashing = new Hashing(workload, referencesOf(workload), keys);
    const { order, readings } = hashing;
    const mounted = order.some(isMounted) ? await this.#mounts.of(workload) : undefined;
    let begun = 0;
    let bytes = 0;
    for (const [at, reference] of order.entries()) {
      for (; begun < Math.min(at + ahead, order.length); begun += 1) {
        const next = order[begun];
        if (next !== undefined) this.#readAhead(workload, next);
      }
      const loaded = await this.#read(workload, reference, beforeLarge);
      bytes += loaded.bytes;
      if (bytes > maxSourceBytes) {
        hashing.giveUp(tooLarge);
        return { readings, hashes: hashing.hashes(), carriesHashOfWave: false, tooLarge };
      }
      hashing.take(
        reference,
        loaded.reading,
        isMounted(reference) ? mounted?.(reference.name) : undefined,
      );
    }
    const hashes = hashing.hashes();
    const readAgain = async (reference: Reference): Promise<SourceReading> =>
      (await this.#read(workload, reference, beforeLarge)).reading;
    const isWaves = await carriesHashOfWave(workload, { readings, hashes }, order, readAgain);
    return { readings, hashes, carriesHashOfWave: isWaves, tooLarge: undefined };
  }

  /** Adds a workload that was not given to the constructor. */
  add(workload: Workload): void {
    want(this.#wanted, workload);
  }

  /** Must be called when a workload is done. */
  release(workload: Workload): void {
    for (const reference of referencesOf(workload)) {
      const key = sourceKey(reference);
      const wanted = this.#wanted.get(key);
      if (wanted === undefined) continue;
      wanted.workloads -= 1;
      if (wanted.workloads > 0) continue;
      this.#wanted.delete(key);
      wanted.kept?.admission.giveBack();
    }
  }

  /** Starts to read a source ahead of its turn, if there is memory for the source. */
  #readAhead(workload: Workload, reference: Reference): void {
    const wanted = this.#wantedFor(workload, reference);
    if (!wanted || wanted.kept !== undefined || wanted.loading !== undefined) return;
    const admission = this.#memory.ahead(workload.namespace);
    if (admission === undefined) return;
    const loading = this.#load(workload, reference, wanted.keys, admission);
    this.#share(wanted, loading);
  }

  /** Reads a source whose turn has come. */
  async #read(
    workload: Workload,
    reference: Reference,
    beforeLarge: () => Promise<void>,
  ): Promise<Loaded> {
    const wanted = this.#wantedFor(workload, reference);
    if (wanted === undefined) {
      const keys = keysOf(workload, reference);
      const now = this.#memory.now(workload.namespace);
      const loaded = await this.#load(workload, reference, keys, now, true);
      if (loaded !== undefined) return loaded;
      await beforeLarge();
      return await this.#readLarge(workload, reference, keys);
    }
    for (;;) {
      if (wanted.kept !== undefined) return wanted.kept.loaded;
      if (wanted.loading === undefined) {
        // No other workload waits for this workload, because the sources that they share are
        // already being read.
        if (wanted.isLarge) await beforeLarge();
        if (wanted.kept === undefined && wanted.loading === undefined) {
          this.#share(wanted, this.#readShared(workload, reference, wanted));
        }
        continue;
      }
      const loaded = await wanted.loading;
      if (loaded !== undefined) return loaded;
    }
  }

  #wantedFor(workload: Workload, reference: Reference): Wanted | undefined {
    const wanted = this.#wanted.get(sourceKey(reference));
    // If a workload changed during the pass, it may reference more sources or keys than were
    // counted at the start.
    return wanted !== undefined && covers(wanted.keys, keysOf(workload, reference))
      ? wanted
      : undefined;
  }

  /** Starts a read, or waits for the read in progress; undefined if there was not enough memory. */
  #share(wanted: Wanted, loading: Promise<Loaded | undefined>): void {
    wanted.loading = loading;
    const done = (): void => {
      if (wanted.loading === loading) wanted.loading = undefined;
    };
    loading.then(done, done);
  }

  /**
   * The read that all waiting workloads share. Undefined if the source is large: each workload must
   * then read it separately.
   */
  async #readShared(
    workload: Workload,
    reference: Reference,
    wanted: Wanted,
  ): Promise<Loaded | undefined> {
    const { keys } = wanted;
    if (wanted.isLarge) return await this.#readLarge(workload, reference, keys);
    const now = this.#memory.now(workload.namespace);
    const loaded = await this.#load(workload, reference, keys, now);
    wanted.isLarge = loaded === undefined;
    return loaded;
  }

  async #readLarge(
    workload: Workload,
    reference: Reference,
    keys: Reference['keys'],
  ): Promise<Loaded> {
    return await this.#large.run(workload.namespace, async () => {
      const whole = await this.#load(workload, reference, keys, this.#memory.large(), true);
      return whole ?? { reading: { state: 'unreadable', why: 'it is too large' }, bytes: 0 };
    });
  }

  /** Undefined if the response was larger than the available memory. */
  async #load(
    { namespace }: Workload,
    reference: Reference,
    keys: Reference['keys'],
    admission: Admission,
    forget = false,
  ): Promise<Loaded | undefined> {
    let reading: SourceReading;
    // An object with an invalid name cannot exist, so no request is needed.
    if (!isObjectName(reference.name)) {
      admission.giveBack();
      return { reading: { state: 'absent' }, bytes: 0 };
    }
    try {
      const object = await this.#reads.run(namespace, () => {
        this.#signal.throwIfAborted();
        return this.#cluster.getSource(reference, this.#signal, admission.admits);
      });
      const read = readSource(reference.kind, object, keys, ...this.#ignoreAnnotations);
      reading = this.#isSelected(object.metadata?.labels) ? read : unselected(read);
    } catch (error) {
      admission.giveBack();
      this.#signal.throwIfAborted();
      if (error instanceof AnswerTooLargeError) return undefined;
      reading = isAbsent(error, reference.name)
        ? { state: 'absent' }
        : { state: 'unreadable', why: describeError(error) };
    }
    const loaded = { reading, bytes: admission.bytes };
    const wanted = this.#wanted.get(sourceKey(reference));
    if (forget || wanted === undefined || !admission.keep()) admission.giveBack();
    else wanted.kept = { loaded, admission };
    return loaded;
  }
}

const ignoring = sourceKinds.map((kind) => annotations[`ignore${kind}s`].name);

const tooLarge = `its ${allSources} are larger than ${maxSourceBytes / 1024 / 1024} MiB together, the limit for one workload: use fewer or smaller ones, or exclude some with the annotations ${listed(ignoring, 'and')}`;
