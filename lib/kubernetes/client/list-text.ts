/** As much of a list as paging needs. */
export interface List<T> {
  readonly metadata?: { readonly continue?: string | null } | null;
  readonly items?: readonly T[] | null;
}

/**
 * How the API server begins each item of a list of workloads, and what stands between two of them. A
 * quotation mark within a string is escaped, so this is never a part of one.
 */
const itemBegins = '{"metadata":{"name":"';
const itemsBegin = `"items":[${itemBegins}`;
const betweenItems = `},${itemBegins}`;
const listEnds = ']}';

/**
 * Parses a list of which only the items count that mention one of some words: item by item where their
 * text can be told apart, which it can as the API server writes it, so that what is not wanted is gone
 * before the next is there. Of a cluster where few workloads opted in, that is most of the memory of
 * reading a page, and most of the work of the collector.
 *
 * @param words such as stand unescaped in JSON: no quotation mark, no backslash, nothing but ASCII
 * @returns the items that mention one, and perhaps others, in the order of the list
 * @throws SyntaxError where the text is no JSON
 */
export function parseListMentioning<T>(text: string, words: readonly string[]): List<T> | null {
  return parseItems<T>(text.trimEnd(), words) ?? (JSON.parse(text) as List<T> | null);
}

/** Undefined where the text is not as expected. */
function parseItems<T>(text: string, words: readonly string[]): List<T> | undefined {
  const itemsAt = text.indexOf(itemsBegin);
  if (itemsAt < 0 || !text.endsWith(listEnds)) return undefined;
  const begin = itemsAt + itemsBegin.length - itemBegins.length;
  const end = text.length - listEnds.length;
  try {
    const around = JSON.parse(`${text.slice(0, begin)}${text.slice(end)}`) as List<T>;
    const items: T[] = [];
    for (let from = begin; from < end; ) {
      const between = text.indexOf(betweenItems, from);
      const to = between < 0 ? end : between + 1;
      const item = text.slice(from, to);
      // Parsed even if it is not wanted: what stands within an item may have the form of one (a claim of a
      // StatefulSet), and would be taken for a workload. Then the piece before it is not JSON by itself.
      const parsed = JSON.parse(item) as T;
      if (words.some((word) => item.includes(word))) items.push(parsed);
      from = to + 1;
    }
    return { ...around, items };
  } catch {
    return undefined;
  }
}
