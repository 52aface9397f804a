import pLimit from 'p-limit';
import { largestAnswer } from '../../http/exchange.ts';
import type { ObjectMeta } from '../objects.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import { AnswerTooLargeError, ApiError, isApiError } from './api-error.ts';
import type { List } from './list-text.ts';

/** Called with each page. If `restart` is true, the caller must forget all earlier pages. */
export type OnPage<T> = (page: readonly T[], restart: boolean) => void;

export interface PagedList<T> extends Pick<ApiRequest, 'path' | 'part' | 'parse' | 'signal'> {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly onPage: OnPage<T>;
  /**
   * If a page is too large, called instead of `onPage` with the metadata of the objects of the
   * page. Without this function, such a page is requested again with half the limit.
   */
  readonly onMetadata?: OnPage<ObjectMeta> | undefined;
  /**
   * Called with the metadata of an object that is too large and is therefore skipped. Without this
   * function, such an object ends the list with AnswerTooLargeError.
   */
  readonly onTooLarge?: ((metadata: ObjectMeta) => void) | undefined;
}

/**
 * The number of objects in a page. With its managed fields, a workload takes 7 to 10 kB, so a page
 * takes 2 MB. Compared with kubectl's limit of 500, reading 1000 workloads takes 12 MB less memory
 * and three more requests.
 */
const pageSize = 200;
/**
 * The maximum number of starts of a list. If a list expires more often, the cluster changes too
 * fast, and the next pass handles the list.
 */
const listStarts = 3;
/**
 * Maximum for a page of several objects. A tenant may create workloads of more than 1 MB each, and
 * a text with one character beyond Latin-1 takes two bytes of memory per character.
 */
const largestPage = 3 * 1024 * 1024;
/**
 * Maximum for all pages that are read at the same time. If a page exceeds this maximum, it is read
 * again, alone.
 */
const largestTogether = 16 * 1024 * 1024;

interface Metadata {
  readonly metadata?: ObjectMeta | null;
}

const metadataAlone = { part: 'list of metadata', parse: JSON.parse } as const;

/**
 * Reads lists page by page, and passes on each page before it requests the next page. So the memory
 * is bounded by one page per list, and by the limits above. If a page is too large and `onMetadata`
 * is given, only the metadata of the page is requested. This takes one request instead of one
 * request per large object. Without `onMetadata`, the page is requested again with half the limit,
 * down to one object. Later pages grow again if they fit. If the continue token has expired, the
 * list starts again.
 */
export function pager(api: ApiClient): <T>(list: PagedList<T>) => Promise<void> {
  /** Bytes of all pages that are being read. */
  let together = 0;
  const alone = pLimit(1);

  return async function read<T>({ onPage, onMetadata, onTooLarge, query, ...list }: PagedList<T>) {
    let token: string | undefined;
    let restart = false;
    let starts = 1;
    let limit = pageSize;
    let isAlone = false;
    /**
     * Whether the next page is a single object that is too large, so only its metadata is
     * requested.
     */
    let isPassedOver = false;
    /** Whether the next page was too large, so only its metadata is requested. */
    let isMetadata = false;
    /** Bytes of the page that is being read, or of the page that was read most recently. */
    let bytes = 0;

    const isTooLarge = (): boolean => bytes > (limit === 1 ? largestAnswer : largestPage);
    const admits = (now: number): boolean => {
      together += now - bytes;
      bytes = now;
      return !isTooLarge() && (isAlone || together <= largestTogether);
    };

    /** @returns the continue token of the next page */
    async function page<I>(
      how: Pick<ApiRequest, 'part' | 'parse'>,
      use: (items: readonly I[]) => void,
    ): Promise<string | undefined> {
      bytes = 0;
      try {
        const request = { method: 'GET', query: { ...query, limit, continue: token } } as const;
        const answer = await api.request<List<I> | null>({ ...request, ...list, ...how, admits });
        // The API server always sends the field `items`, even if it is null. If the field is
        // missing, another server responded. With an empty list, the pass would find no workloads
        // and report that it is done.
        if (answer?.items === undefined) {
          throw new ApiError(`the response to GET ${list.path} is not the requested list`, {
            canRetry: false,
          });
        }
        use(answer.items ?? []);
        return answer.metadata?.continue || undefined;
      } finally {
        together -= bytes;
      }
    }

    async function next(): Promise<void> {
      if (isPassedOver) {
        token = await page<Metadata>(metadataAlone, (items) => {
          onPage([], restart);
          for (const { metadata } of items) onTooLarge?.(metadata ?? {});
        });
        isPassedOver = false;
      } else {
        token = isMetadata
          ? await page<Metadata>(metadataAlone, (items) => {
              onMetadata?.(
                items.map(({ metadata }) => metadata ?? {}),
                restart,
              );
            })
          : await page<T>({}, (items) => onPage(items, restart));
        isMetadata = false;
        if (2 * bytes <= largestPage) limit = Math.min(2 * limit, pageSize);
        isAlone = limit === 1;
      }
      restart = false;
    }

    /**
     * Makes the next request smaller after a page that was too large.
     *
     * @returns false if no smaller request is possible
     */
    function askForLess(): boolean {
      if (isTooLarge() && onMetadata !== undefined && !isMetadata) {
        isMetadata = true;
        return true;
      }
      if (isTooLarge() && limit === 1) {
        if (isPassedOver || onTooLarge === undefined) return false;
        isPassedOver = true;
        return true;
      }
      if (isTooLarge()) limit = Math.floor(limit / 2);
      else isAlone = true;
      isAlone ||= limit === 1;
      return true;
    }

    for (let isDone = false; !isDone; ) {
      try {
        await (isAlone ? alone(next) : next());
        isDone = token === undefined;
      } catch (error) {
        if (error instanceof AnswerTooLargeError && askForLess()) continue;
        // The response to an expired token contains a new token, which belongs to a newer version of
        // the list. With the new token, a renamed object could be seen twice or not at all.
        if (token === undefined || !isApiError(error, 410) || starts >= listStarts) throw error;
        starts += 1;
        token = undefined;
        restart = true;
        isPassedOver = false;
        isMetadata = false;
      }
    }
  };
}
