import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ApiClient, ApiRequest } from '../../../../lib/kubernetes/client/api-client.ts';
import { AnswerTooLargeError, ApiError } from '../../../../lib/kubernetes/client/api-error.ts';
import { type PagedList, pager } from '../../../../lib/kubernetes/client/pages.ts';

const MiB = 1024 * 1024;
const piece = MiB / 8;
/** The sizes of the objects of each list, in bytes. */
type Lists = Readonly<Record<string, readonly number[]>>;
type Asked = { list: string; limit: number; from: number; part: string; bytes: number };

/** An API client that returns pages of these lists. Each response comes in several pieces. */
function server(lists: Lists) {
  const asked: Asked[] = [];
  let together = 0;
  let most = 0;
  let failing: ((asked: Asked) => Error | undefined) | undefined;
  const api: ApiClient = {
    server: 'http://lists',
    traffic: { requests: 0, bytesRead: 0 },
    async request<T>({ path, query = {}, part = 'all', admits }: ApiRequest): Promise<T> {
      const sizes = lists[path] ?? [];
      const limit = Number(query['limit']);
      const from = Number(query['continue'] ?? 0);
      const whole = sizes.slice(from, from + limit);
      const total =
        part === 'all' ? whole.reduce((sum, size) => sum + size, 0) : 500 * whole.length;
      const entry = { list: path, limit, from, part, bytes: 0 };
      asked.push(entry);
      const failure = failing?.(entry);
      if (failure !== undefined) throw failure;
      for (let bytes = 0; bytes < total; ) {
        const more = Math.min(piece, total - bytes);
        bytes += more;
        together += more;
        most = Math.max(most, together);
        entry.bytes = bytes;
        if (admits?.(bytes) === false) {
          together -= bytes;
          throw new AnswerTooLargeError({ method: 'GET', path }, bytes);
        }
        await new Promise(setImmediate);
      }
      together -= total;
      const items = whole.map((_, i) => ({ metadata: { name: `${from + i}` } }));
      const end = from + limit;
      return { items, metadata: end < sizes.length ? { continue: `${end}` } : {} } as T;
    },
  };
  return {
    api,
    asked,
    most: () => most,
    fail(with_: typeof failing) {
      failing = with_;
    },
  };
}

/** A reader of a list. `names` and `tooLarge` return the names that it has been given. */
function reader(path: string, tells = true) {
  let names: string[] = [];
  let tooLarge: string[] = [];
  const list: PagedList<{ metadata: { name: string } }> = {
    path,
    query: {},
    signal: undefined,
    onPage(page, restart) {
      if (restart) {
        names = [];
        tooLarge = [];
      }
      names.push(...page.map(({ metadata }) => metadata.name));
    },
    onTooLarge: tells ? ({ name }) => tooLarge.push(name ?? '') : undefined,
  };
  return { list, names: () => names, tooLarge: () => tooLarge };
}

const numbers = (length: number): string[] => Array.from({ length }, (_, i) => `${i}`);
const sizes = (length: number, size: number): number[] => Array.from({ length }, () => size);

suite('a list', () => {
  test('of ordinary objects is requested in pages of 200, each once', async () => {
    const { api, asked } = server({ a: sizes(450, 10_000) });
    const { list, names } = reader('a');
    await pager(api)(list);
    assert.deepEqual(names(), numbers(450));
    assert.deepEqual(
      asked.map(({ limit, from }) => [limit, from]),
      [
        [200, 0],
        [200, 200],
        [200, 400],
      ],
    );
  });

  test('with pages that are too large is requested with half the limit until pages are small again, and each object is read once', async () => {
    const { api, asked } = server({ a: [...sizes(30, 1.2 * MiB), ...sizes(1000, 5_000)] });
    const { list, names, tooLarge } = reader('a');
    await pager(api)(list);
    assert.deepEqual(names(), numbers(1030));
    assert.deepEqual(tooLarge(), []);
    const limits = asked.map(({ limit }) => limit);
    assert.deepEqual(limits.slice(0, 8), [200, 100, 50, 25, 12, 6, 3, 1]);
    assert.equal(limits.at(-1), 200);
    // It never tries a page that would be too large if its objects were like those of the page before.
    assert.equal(asked.filter(({ bytes }) => bytes > 3 * MiB).length, 7);
  });

  test('with objects that are too large skips and names them, and reads the objects after them', async () => {
    const { api, asked } = server({ a: [10, 10, 9 * MiB, 10, 9 * MiB, 10] });
    const { list, names, tooLarge } = reader('a');
    await pager(api)(list);
    assert.deepEqual(names(), ['0', '1', '3', '5']);
    assert.deepEqual(tooLarge(), ['2', '4']);
    const metadata = asked.filter(({ part }) => part === 'list of metadata');
    assert.deepEqual(
      metadata.map(({ limit, from }) => [limit, from]),
      [
        [1, 2],
        [1, 4],
      ],
    );
    assert.ok(asked.every(({ bytes }) => bytes <= 8 * MiB + piece));
  });

  test('whose metadata is useful requests only the metadata if a page is too large, and no smaller pages', async () => {
    const { api, asked } = server({ a: [...sizes(60, 1.2 * MiB), ...sizes(500, 5_000)] });
    const { list, names } = reader('a');
    const ofMetadata: string[] = [];
    await pager(api)({
      ...list,
      onMetadata: (page) => ofMetadata.push(...page.map(({ name }) => name ?? '')),
    });
    assert.deepEqual(ofMetadata, numbers(200));
    assert.deepEqual(names(), numbers(560).slice(200));
    assert.deepEqual(
      asked.map(({ limit, from, part }) => [limit, from, part]),
      [
        [200, 0, 'all'],
        [200, 0, 'list of metadata'],
        [200, 200, 'all'],
        [200, 400, 'all'],
      ],
    );
  });

  test('that starts again forgets the objects that it skipped', async () => {
    const { api, fail } = server({ a: [9 * MiB, 10, 10] });
    const expired = new ApiError('too old', { status: 410, canRetry: false });
    let expires = 1;
    fail(({ from }) => (from === 1 && expires-- > 0 ? expired : undefined));
    const { list, names, tooLarge } = reader('a');
    await pager(api)(list);
    assert.deepEqual(names(), ['1', '2']);
    assert.deepEqual(tooLarge(), ['0']);
  });

  test('ends with the error if nothing can report skipped objects', async () => {
    const { api } = server({ a: [10, 9 * MiB] });
    await assert.rejects(pager(api)(reader('a', false).list), AnswerTooLargeError);
  });
});

test('lists that are read at the same time keep their pages within one limit, and all of them finish', async () => {
  const names = numbers(40).map((n) => `list${n}`);
  const { api, most } = server(
    Object.fromEntries(names.map((name) => [name, [...sizes(5, 0.75 * MiB), 7 * MiB, 9 * MiB]])),
  );
  const pages = pager(api);
  const readers = names.map((name) => reader(name));
  await Promise.all(readers.map(({ list }) => pages(list)));
  for (const each of readers) {
    assert.deepEqual(each.names(), numbers(6));
    assert.deepEqual(each.tooLarge(), ['6']);
  }
  assert.ok(most() <= 25 * MiB, `${most() / MiB} MiB`);
});

test('each of several ordinary lists at the same time is requested once', async () => {
  const { api, asked } = server({
    a: sizes(200, 10_000),
    b: sizes(200, 10_000),
    c: sizes(200, 10_000),
  });
  const pages = pager(api);
  await Promise.all(['a', 'b', 'c'].map((name) => pages(reader(name).list)));
  assert.equal(asked.length, 3);
});
