/** The fields of a list that paging needs. */
export interface List<T> {
  readonly metadata?: { readonly continue?: string | null } | null;
  readonly items?: readonly T[] | null;
}

/**
 * How the API server begins each item of a list of workloads, and what separates two items. A
 * quotation mark in a string is escaped, so a string never contains this text.
 */
const itemBegins = '{"metadata":{"name":"';
const itemsBegin = `"items":[${itemBegins}`;
const betweenItems = `},${itemBegins}`;
const listEnds = ']}';

/**
 * Parses a list in which only items that mention one of some words, or that `isAlsoNeeded` accepts, are needed. If the text has the
 * form that the API server writes, each item is parsed alone, so that memory for unwanted items is
 * freed at once. In a cluster with few opted-in workloads, this saves most of the memory for a page
 * and most of the work of the collector.
 *
 * @param words that JSON does not escape: only ASCII, without quotation marks and backslashes
 * @returns the needed items, and perhaps others, in the order of the list
 * @throws SyntaxError if the text is not JSON
 */
export function parseListMentioning<T>(
  text: string,
  words: readonly string[],
  isAlsoNeeded: (item: T) => boolean = () => false,
): List<T> | null {
  const isNeeded = (item: string, parsed: T) =>
    words.some((word) => item.includes(word)) || isAlsoNeeded(parsed);
  return parseItems(text.trimEnd(), isNeeded) ?? (JSON.parse(text) as List<T> | null);
}

/** Undefined if the text does not have the expected form. */
function parseItems<T>(
  text: string,
  isNeeded: (item: string, parsed: T) => boolean,
): List<T> | undefined {
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
      // Unwanted items are parsed too: a part of an item, such as a volume claim template, may look
      // like an item. Then the text before it is not valid JSON.
      const parsed = JSON.parse(item) as T;
      if (isNeeded(item, parsed)) items.push(parsed);
      from = to + 1;
    }
    return { ...around, items };
  } catch {
    return undefined;
  }
}
