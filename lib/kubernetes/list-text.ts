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
 * Parses a list of which only the items count that mention one of some words: those are parsed, each
 * by itself, and the others are passed over where their text can be told apart, which it can as the
 * API server writes it. Of a cluster where few workloads opted in, that is most of the work and of
 * the memory of reading a page.
 *
 * @param words such as stand unescaped in JSON: no quotation mark, no backslash, nothing but ASCII
 * @returns every item that mentions one, and perhaps others, in the order of the list
 * @throws SyntaxError where the text is no JSON, but for items that are passed over
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
      if (words.some((word) => item.includes(word))) items.push(JSON.parse(item) as T);
      from = to + 1;
    }
    return { ...around, items };
  } catch {
    // Something of this form stands within an item: a piece of one is not JSON by itself.
    return undefined;
  }
}
