import { type SourceKind, sourceEntry, sourceKinds } from '../kubernetes/kinds.ts';
import { keptName } from '../kubernetes/names.ts';
import type { Container, ItemsSelector, PodSpec } from '../kubernetes/objects.ts';

/** One place that names a source. */
export interface Mention {
  readonly kind: SourceKind;
  readonly namespace: string;
  /** In a pod template it may be a text that no source can be called. */
  readonly name: string;
  /** `all`, or the keys that this place uses. */
  readonly keys: 'all' | readonly string[];
  /** Whether the Pods need the source, and each named key, to start. */
  readonly required: boolean;
  /** Only where its owner has marked the source for it, which is seen when it is read. */
  readonly ifMatched?: true;
  /** Where, for people: `containers[web].env[COLOR]`. */
  readonly place: string;
}

/** All mentions of one source by one workload, joined. */
export interface Reference {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  /** `all` if any mention says all, else every key that one names. */
  readonly keys: 'all' | ReadonlySet<string>;
  /** Whether any mention needs the source to exist. */
  readonly required: boolean;
  /**
   * The keys that must exist. Kept apart from `keys`: an optional mention of one key beside a
   * required mention of another does not keep the Pods from starting.
   */
  readonly requiredKeys: ReadonlySet<string>;
  /** Whether every mention counts only where the source is marked for it. */
  readonly ifMatched: boolean;
}

/** Identity of a source across namespaces. Only a name can contain a slash, so no two share a text. */
export function sourceKey(source: {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${source.kind}/${source.namespace}/${source.name}`;
}

/**
 * Every place of a pod template that names a source whose content the Pods get.
 * Image pull secrets, service account tokens and storage credentials are used by the node, not
 * by the Pods: they are not references.
 */
export function mentionsIn(spec: PodSpec, namespace: string): Mention[] {
  const mentions: Mention[] = [];
  const add = (
    kind: SourceKind,
    name: string | null | undefined,
    keys: 'all' | readonly string[],
    optional: boolean | null | undefined,
    place: string,
  ): void => {
    // The API lets a reference without a name pass in some places; it names nothing.
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

/** A volume with no items projects every key. */
function itemKeys(selector: Pick<ItemsSelector, 'items'>): 'all' | string[] {
  const items = selector.items ?? [];
  if (items.length === 0) return 'all';
  return items.flatMap((item) => (item.key ? [item.key] : []));
}

/** Joins the mentions of each source into one reference, in the order of first mention. */
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
      };
      joined.set(key, entry);
    }
    entry.required ||= mention.required;
    entry.ifMatched &&= mention.ifMatched === true;
    if (mention.keys === 'all') {
      entry.all = true;
      continue;
    }
    for (const name of mention.keys) {
      entry.keys.add(name);
      if (mention.required) entry.requiredKeys.add(name);
    }
  }
  return [...joined.values()].map(({ first, all, keys, required, requiredKeys, ifMatched }) => ({
    kind: first.kind,
    namespace: first.namespace,
    name: first.name,
    keys: all ? 'all' : keys,
    required,
    requiredKeys,
    ifMatched,
  }));
}
