import {
  classAttribute,
  type ReferencedKind,
  secretProviderClass,
  secretsStoreDriver,
  sourceEntry,
  sourceKinds,
} from '../kubernetes/kinds.ts';
import { keptName } from '../kubernetes/names.ts';
import type { Container, ItemsSelector, PodSpec, Volume } from '../kubernetes/objects.ts';

/** One place that names a source. */
export interface Mention {
  readonly kind: ReferencedKind;
  readonly namespace: string;
  /** The name of the source. In a pod template, this may be a text that is not a valid name. */
  readonly name: string;
  /** `all`, or the keys that this place uses. */
  readonly keys: 'all' | readonly string[];
  /** Whether the Pods need the source, and each of these keys, to start. */
  readonly required: boolean;
  /**
   * If true, the mention counts only if the source has the annotation for it, which is known only
   * after it was read.
   */
  readonly ifMatched?: true;
  /** If true, a pattern matches the source, so the source counts only as long as it exists. */
  readonly ifPresent?: true;
  /** The place, for messages: `containers[web].env[COLOR]`. */
  readonly place: string;
}

/** All mentions of one source by one workload, combined. */
export interface Reference {
  readonly kind: ReferencedKind;
  readonly namespace: string;
  readonly name: string;
  /** `all` if any mention uses all keys, else all mentioned keys. */
  readonly keys: 'all' | ReadonlySet<string>;
  /** Whether any mention requires the source to exist. */
  readonly required: boolean;
  /**
   * The keys that must exist. They are separate from `keys`: with an optional mention of one key
   * and a required mention of another, the Pods start without the first one.
   */
  readonly requiredKeys: ReadonlySet<string>;
  /**
   * Whether all mentions count only if the source has the annotation that Reloader's `search`
   * requires.
   */
  readonly ifMatched: boolean;
  /** Present if only patterns name the source, so the source counts only as long as it exists. */
  readonly ifPresent?: true;
  /** Present if the source counts only with certain labels, which are known only after the source was read. */
  readonly ifSelected?: true;
}

/** Whether the source is a SecretProviderClass, whose objects a volume contains. It has no data itself. */
export function isMounted({ kind }: Pick<Reference, 'kind'>): boolean {
  return kind === secretProviderClass.kind;
}

/** Whether the hash records the absence of the source. */
export function countsIfAbsent(reference: Reference): boolean {
  const { required, ifMatched, ifPresent, ifSelected } = reference;
  // A source that is created later may lack the required annotation or labels. In this case, it must not
  // cause a restart.
  return !required && !ifMatched && ifPresent === undefined && ifSelected === undefined;
}

/**
 * The identity of a source across namespaces. It is unique, because only an invalid name can
 * contain a slash.
 */
export function sourceKey(source: {
  readonly kind: ReferencedKind;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${source.kind}/${source.namespace}/${source.name}`;
}

/**
 * All places in a pod template that name a source whose content the Pods get. Image pull secrets,
 * service account tokens and storage credentials are used by the node, not by the Pods: they are
 * not references.
 */
export function mentionsIn(spec: PodSpec, namespace: string): Mention[] {
  const mentions: Mention[] = [];
  const add = (
    kind: ReferencedKind,
    name: string | null | undefined,
    keys: 'all' | readonly string[],
    optional: boolean | null | undefined,
    place: string,
  ): void => {
    // The API allows a reference without a name in some places; it references nothing.
    if (!name) return;
    mentions.push({
      kind,
      namespace,
      name: keptName(name),
      keys: keys === 'all' ? keys : keys.map(keptName),
      required: optional !== true,
      place,
    });
  };

  const containers = (list: readonly Container[] | null | undefined, field: string): void => {
    for (const container of list ?? []) {
      const at = `${field}[${container.name ?? ''}]`;
      for (const env of container.env ?? []) {
        const place = `${at}.env[${env.name ?? ''}]`;
        for (const { kind, select } of selectors) {
          const { name, key, optional } = select.env(env.valueFrom ?? {}) ?? {};
          add(kind, name, key ? [key] : [], optional, place);
        }
      }
      for (const entry of container.envFrom ?? []) {
        for (const { kind, select } of selectors) {
          const { name, optional } = select.envFrom(entry) ?? {};
          add(kind, name, 'all', optional, `${at}.envFrom`);
        }
      }
    }
  };
  containers(spec.initContainers, 'initContainers');
  containers(spec.containers, 'containers');

  for (const volume of spec.volumes ?? []) {
    const place = `volumes[${volume.name ?? ''}]`;
    for (const { kind, select } of selectors) {
      const found = select.volume(volume) ?? {};
      add(kind, found.name, itemKeys(found), found.optional, place);
    }
    add(secretProviderClass.kind, classOf(volume), 'all', false, `${place}.csi`);
    for (const source of volume.projected?.sources ?? []) {
      for (const { kind, select } of selectors) {
        const found = select.projected(source) ?? {};
        add(kind, found.name, itemKeys(found), found.optional, `${place}.projected`);
      }
    }
  }
  return mentions;
}

const selectors = sourceKinds.map((kind) => ({ kind, select: sourceEntry(kind).selectors }));

/** The name of the SecretProviderClass in a volume of the driver. Undefined for other volumes. */
function classOf({ csi }: Volume): string | undefined {
  return csi?.driver === secretsStoreDriver ? csi.volumeAttributes?.[classAttribute] : undefined;
}

/** A volume with no items projects every key. */
function itemKeys(selector: Pick<ItemsSelector, 'items'>): 'all' | string[] {
  const items = selector.items ?? [];
  if (items.length === 0) return 'all';
  return items.flatMap((item) => (item.key ? [item.key] : []));
}

/** Combines the mentions of each source into one reference, in the order of the first mention. */
export function joinMentions(mentions: readonly Mention[]): Reference[] {
  const joined = new Map<
    string,
    {
      first: Mention;
      all: boolean;
      keys: Set<string>;
      required: boolean;
      requiredKeys: Set<string>;
      ifMatched: boolean;
      /** Whether no mention counts if the source is absent. */
      isOnlyIfThere: boolean;
      hasPattern: boolean;
    }
  >();
  for (const mention of mentions) {
    const key = sourceKey(mention);
    let entry = joined.get(key);
    if (entry === undefined) {
      entry = {
        first: mention,
        all: false,
        keys: new Set(),
        required: false,
        requiredKeys: new Set(),
        ifMatched: true,
        isOnlyIfThere: true,
        hasPattern: false,
      };
      joined.set(key, entry);
    }
    entry.required ||= mention.required;
    entry.ifMatched &&= mention.ifMatched === true;
    entry.isOnlyIfThere &&= mention.ifPresent === true || mention.ifMatched === true;
    entry.hasPattern ||= mention.ifPresent === true;
    if (mention.keys === 'all') {
      entry.all = true;
      continue;
    }
    for (const name of mention.keys) {
      entry.keys.add(name);
      if (mention.required) entry.requiredKeys.add(name);
    }
  }
  return [...joined.values()].map(
    ({ first, all, keys, required, requiredKeys, ifMatched, isOnlyIfThere, hasPattern }) => ({
      kind: first.kind,
      namespace: first.namespace,
      name: first.name,
      keys: all ? 'all' : keys,
      required,
      requiredKeys,
      ifMatched,
      ...(isOnlyIfThere && hasPattern ? { ifPresent: true } : {}),
    }),
  );
}
