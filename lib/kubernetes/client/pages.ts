import pLimit from 'p-limit';
import { largestAnswer } from '../../http/exchange.ts';
import type { ObjectMeta } from '../objects.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import { AnswerTooLargeError, ApiError, isApiError } from './api-error.ts';
import type { List } from './list-text.ts';

/** Called with each page; `restart` is true where every earlier page must be forgotten. */
export type OnPage<T> = (page: readonly T[], restart: boolean) => void;

export interface PagedList<T> extends Pick<ApiRequest, 'path' | 'part' | 'parse' | 'signal'> {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly onPage: OnPage<T>;
  /**
   * Called with the metadata of the objects of a page that is too large, in place of `onPage`. Absent: such
   * a page is asked for again with half the limit.
   */
  readonly onMetadata?: OnPage<ObjectMeta> | undefined;
  /**
   * Called with the metadata of an object that is too large to be read, and is passed over. Absent: such
   * an object ends the list with AnswerTooLargeError.
   */
  readonly onTooLarge?: ((metadata: ObjectMeta) => void) | undefined;
}

/**
 * Of 7 to 10 kB a workload, which its managed fields make it: so a page is 2 MB, and the most that
 * reading 1000 workloads takes is 12 MB less than with the 500 that kubectl asks for, for three
 * requests more.
 */
const pageSize = 200;
/** A list that expires again and again is a cluster under such churn that the next pass will do. */
const listStarts = 3;
/**
 * Of a page of several objects. Whoever may make workloads may make each of them larger than 1 MB, and a
 * text with one character beyond Latin-1 takes two bytes of memory for each that came.
 */
const largestPage = 3 * 1024 * 1024;
/** Of all pages that are read at the same time. A page that finds no room here is read again, alone. */
const largestTogether = 16 * 1024 * 1024;

interface Metadata {
  readonly metadata?: ObjectMeta | null;
}

const metadataAlone = { part: 'list of metadata', parse: JSON.parse } as const;

/**
 * Reads lists page by page, each handed over before the next is asked for, so that no more than a page
 * of each is in memory, and of all of them no more than is said above. Of a page that is too large the
 * metadata alone is asked for, where that is of use: one request in place of one for each large object.
 * Else it is asked for again with half the limit, down to one object; the pages after it grow again where
 * they would fit. A list whose page token has expired begins again.
 */
export function pager(api: ApiClient): <T>(list: PagedList<T>) => Promise<void> {
  /** Bytes of the pages that are read now. */
  let together = 0;
  const alone = pLimit(1);

  return async function read<T>({ onPage, onMetadata, onTooLarge, query, ...list }: PagedList<T>) {
    let token: string | undefined;
    let restart = false;
    let starts = 1;
    let limit = pageSize;
    let isAlone = false;
    /** Whether the next page is one object that is too large, of which the metadata alone is asked for. */
    let isPassedOver = false;
    /** Whether the next page is one that was too large, of which the metadata alone is asked for. */
    let isMetadata = false;
    /** Of the page that is read now, or was read last. */
    let bytes = 0;

    const isTooLarge = (): boolean => bytes > (limit === 1 ? largestAnswer : largestPage);
    const admits = (now: number): boolean => {
      together += now - bytes;
      bytes = now;
      return !isTooLarge() && (isAlone || together <= largestTogether);
    };

    /** @returns the token of the page behind it */
    async function page<I>(
      how: Pick<ApiRequest, 'part' | 'parse'>,
      use: (items: readonly I[]) => void,
    ): Promise<string | undefined> {
      bytes = 0;
      try {
        const request = { method: 'GET', query: { ...query, limit, continue: token } } as const;
        const answer = await api.request<List<I> | null>({ ...request, ...list, ...how, admits });
        // The API server always sends items, if only null. Without them it was somebody else's answer,
        // and a cluster that seems empty would be reported as done.
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

    /** After a page that was more than was admitted. @returns false where nothing smaller can be asked for */
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
        // The answer to an expired token carries one to go on with, but from a newer version of
        // the list: an object that was renamed between both could be seen twice or not at all.
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
