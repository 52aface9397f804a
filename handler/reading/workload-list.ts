import { describeError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import type { ObjectMeta, WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { NamesByKind } from '../../lib/rules/name-pattern.ts';
import { type KindNotServed, type ListProblem, listName } from '../../lib/rules/report.ts';
import type { ListedName, Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { mayUseTemplates, type TemplateUsers } from './template-users.ts';

/**
 * Reduces an object to the needed fields; undefined if the workload is ignored.
 *
 * @param names the names that its patterns need; without them, its references are unknown
 */
export type Keep = (
  kind: WorkloadKind,
  object: WorkloadObject,
  names?: NamesByKind,
) => Workload | undefined;

/** Like `Keep`, for an object that is read alone, with the names that its patterns need. */
export type KeepRead = (
  kind: WorkloadKind,
  object: WorkloadObject,
) => Promise<Workload | undefined>;

/** How the objects of a list are reduced. */
export interface ListReduction {
  readonly keep: Keep;
  /** Gets each object that may use the pod template of another object. */
  readonly users?: TemplateUsers;
  /**
   * Each object that `keep` keeps contains one of these words, so other objects need no parsing.
   * Absent: all objects are parsed.
   */
  readonly mentioning?: readonly string[];
  /** If `mentioning` is present, `keep` may also keep objects of these namespaces. */
  readonly alsoIn?: ((namespace: string) => boolean) | undefined;
  /**
   * Like `keep`, for the workloads of a page that is too large. This function gets only the
   * metadata of a workload. Absent: these workloads are read one by one.
   */
  readonly keepUnread?:
    | ((kind: WorkloadKind, metadata: ObjectMeta) => Workload | undefined)
    | undefined;
}

/** The result of the lists. */
export interface Listed {
  readonly workloads: readonly Workload[];
  /** Listed objects that could not be parsed. */
  readonly unread: readonly Unread[];
  /** Workloads that are too large to be read. */
  readonly tooLarge: readonly TooLarge[];
  readonly problems: readonly ListProblem[];
  readonly kindsNotServed: readonly KindNotServed[];
}

export interface TooLarge extends ListedName {
  /** Whether `keep` keeps the object, according to the metadata of the object. */
  readonly kept: boolean;
}

export interface Unread extends ListedName {
  /** The error of `keep`. */
  readonly error: unknown;
}

/** The result of one list. If `isRead` is false, the list failed, and it contains no workloads. */
export interface ReadList extends Omit<Listed, 'kindsNotServed'> {
  readonly isRead: boolean;
  /**
   * Whether the list was for all namespaces and the account lacks the permission for such a list.
   */
  readonly isForbiddenAsWhole: boolean;
}

export interface ListScope {
  readonly kind: WorkloadKind;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Whether a namespace is in scope. A list of all namespaces also contains others. */
  readonly isChosen: (namespace: string) => boolean;
}

/** One list of workloads of one kind. Used once. */
export class WorkloadList {
  readonly #scope: ListScope;
  readonly #reduction: ListReduction;
  #workloads: Workload[] = [];
  #unread: Unread[] = [];
  #tooLarge: TooLarge[] = [];
  #nameless = 0;

  constructor(scope: ListScope, reduction: ListReduction) {
    this.#scope = scope;
    this.#reduction = reduction;
  }

  /** @throws the reason of the signal */
  async read(
    cluster: Cluster,
    { ignoreNamespaces, workloadSelector }: Settings,
    signal: AbortSignal,
  ): Promise<ReadList> {
    const { kind, namespace } = this.#scope;
    const { keep, users, mentioning, alsoIn } = this.#reduction;
    // Metadata do not say whether a workload uses the template of another one.
    const keepUnread = mayUseTemplates(kind) ? undefined : this.#reduction.keepUnread;
    const labelSelector = workloadSelector || undefined;
    try {
      await cluster.listWorkloads(
        kind,
        {
          ...{ namespace, ignoreNamespaces, labelSelector, alsoIn, signal },
          mentioning: mayUseTemplates(kind) ? undefined : mentioning,
        },
        (page, restart) => {
          if (restart) this.#forget();
          for (const object of page) {
            users?.note(kind, object);
            this.#take(object, () => keep(kind, object));
          }
        },
        (metadata) => this.#passOver(metadata),
        keepUnread &&
          ((page, restart) => {
            if (restart) this.#forget();
            for (const metadata of page) this.#take({ metadata }, () => keepUnread(kind, metadata));
          }),
      );
    } catch (error) {
      signal.throwIfAborted();
      return this.#refused(error);
    }
    return this.#found();
  }

  #forget(): void {
    this.#workloads = [];
    this.#unread = [];
    this.#tooLarge = [];
    this.#nameless = 0;
  }

  #take(object: WorkloadObject, read: () => Workload | undefined): void {
    const name = this.#chosenName(object);
    if (name === undefined) return;
    try {
      const workload = read();
      if (workload !== undefined) this.#workloads.push(workload);
    } catch (error) {
      this.#unread.push({ ...name, error });
    }
  }

  #passOver(metadata: ObjectMeta): void {
    const name = this.#chosenName({ metadata });
    if (mayUseTemplates(this.#scope.kind)) this.#reduction.users?.noteMissing();
    if (name !== undefined) this.#tooLarge.push({ ...name, kept: this.#isKept(metadata) });
  }

  #isKept(metadata: ObjectMeta): boolean {
    try {
      return this.#reduction.keep(this.#scope.kind, { metadata }) !== undefined;
    } catch {
      // An object that cannot be parsed may have opted in.
      return true;
    }
  }

  /**
   * The name of the object; undefined if the object has no name or its namespace is not in scope.
   */
  #chosenName(object: WorkloadObject | null): ListedName | undefined {
    const { namespace, name, uid, resourceVersion } = object?.metadata ?? {};
    if (typeof namespace !== 'string' || typeof name !== 'string') {
      this.#nameless += 1;
      return undefined;
    }
    const { kind, isChosen } = this.#scope;
    if (!isChosen(namespace)) return undefined;
    return { kind, namespace, name, uid: uid ?? '', resourceVersion: resourceVersion ?? '' };
  }

  #refused(error: unknown): ReadList {
    const { kind, namespace } = this.#scope;
    const isForbiddenAsWhole = namespace === undefined && isApiError(error, 403);
    const why = `${describeError(error)}${isForbiddenAsWhole ? namespacesHint : ''}`;
    const problems = [{ what: listName(kind, namespace), why }];
    const nothing = { workloads: [], unread: [], tooLarge: [] };
    return { ...nothing, problems, isRead: false, isForbiddenAsWhole };
  }

  #found(): ReadList {
    const { kind, namespace } = this.#scope;
    const why = `${this.#nameless} objects in the response have no name or namespace; the others were processed`;
    return {
      workloads: this.#workloads,
      unread: this.#unread,
      tooLarge: this.#tooLarge,
      problems: this.#nameless === 0 ? [] : [{ what: listName(kind, namespace), why }],
      isRead: true,
      isForbiddenAsWhole: false,
    };
  }
}

const namespacesHint =
  '; if the permissions are for some namespaces only, list these in the setting namespaces';
