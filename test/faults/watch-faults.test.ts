import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { reasonsIn, runPass } from '../handler/run-pass.ts';
import type { Fault } from './fault-proxy.ts';
import { answer, before, hang, resetConnection, status } from './faults.ts';
import {
  breakWatch,
  fullPasses,
  isFull,
  isWritten,
  rarely,
  shop,
  until,
  watchOfConfigMaps,
} from './watching.ts';

const bounded = { timeout: 120_000 };
const garbage = answer({ status: 200, body: 'no event\n{"type":\n' });

suite('a change while the watch is broken', { concurrency: true }, () => {
  for (const [what, fault] of [
    ['was reset', resetConnection],
    ['got 403', answer(status(403, 'Forbidden', 'not now'))],
    ['got 429', answer(status(429, 'TooManyRequests', 'not now'))],
    ['got 500', answer(status(500, 'InternalError', 'not now'))],
  ] as const satisfies readonly (readonly [string, Fault])[]) {
    test(
      `starts a partial pass when the watch is back, if the watch ${what}`,
      bounded,
      async (t) => {
        const { proxy, start, change } = await shop(t);
        const program = await start('replica', ...rarely);
        await program.logged(isFull, 'the first pass');
        const watch = breakWatch(proxy, fault);
        await change('debug');
        await watch.asked(2);
        assert.equal(program.log().filter(isWritten).length, 0);
        watch.repair();
        await program.logged(isWritten, 'the change');
        assert.equal(fullPasses(program), 1);
      },
    );
  }

  for (const [what, fault] of [
    ['got 410', answer(status(410, 'Expired', 'too old resource version'))],
    ['got garbage', garbage],
  ] as const satisfies readonly (readonly [string, Fault])[]) {
    test(`starts a full pass, if the watch ${what}`, bounded, async (t) => {
      const { proxy, start, change } = await shop(t);
      const program = await start('replica', ...rarely);
      await program.logged(isFull, 'the first pass');
      breakWatch(proxy, fault);
      await change('debug');
      await program.logged(isWritten, 'the change');
      await until(() => fullPasses(program) > 1);
    });
  }

  test('is found by the next scheduled pass, if the watch hangs', bounded, async (t) => {
    const { proxy, start, change } = await shop(t);
    const program = await start('replica', '--resync-interval', '5s');
    await program.logged(isFull, 'the first pass');
    const watch = breakWatch(proxy, hang);
    await watch.asked(1);
    await change('debug');
    await program.logged(isWritten, 'the change');
  });

  test('starts a partial pass, if the watch got no bookmarks', bounded, async (t) => {
    const { proxy, start, change } = await shop(t);
    proxy.on('GET', watchOfConfigMaps, ({ stream }) =>
      stream((line) => !line.includes('"BOOKMARK"')),
    );
    const program = await start('replica', ...rarely);
    await program.logged(isFull, 'the first pass');
    const asked = () => proxy.seen.filter(({ url }) => watchOfConfigMaps.test(url)).length;
    const askedBefore = asked();
    proxy.cutWatches();
    await change('debug');
    await program.logged(isWritten, 'the change');
    assert.ok(asked() > askedBefore);
    assert.equal(fullPasses(program), 1);
  });
});

suite('a change before the first event', { concurrency: true }, () => {
  test('starts a pass, if it comes after the reads of the first pass', bounded, async (t) => {
    const { proxy, start, change } = await shop(t);
    const opened = Promise.withResolvers<void>();
    proxy.on('GET', watchOfConfigMaps, ({ stream }) => opened.promise.then(() => stream()));
    const program = await start('replica', ...rarely);
    await program.logged(isFull, 'the first pass');
    await change('debug');
    opened.resolve();
    await program.logged(isWritten, 'the change');
    assert.equal(fullPasses(program), 1);
  });

  test(
    'is found by the first pass, if it comes after the first list of the watch',
    bounded,
    async (t) => {
      const { namespace, proxy, start, change } = await shop(t);
      const changes = before(() => change('debug'));
      proxy.on('GET', /\/configmaps\?limit=1$/, changes, { times: 1 });
      proxy.on('GET', watchOfConfigMaps, hang);
      const first = await start('replica', ...rarely);
      await first.logged(isFull, 'the first pass');
      const report = await runPass(namespace, { write: false });
      assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'UpToDate' });
    },
  );

  test('starts a pass of a replica that takes over', bounded, async (t) => {
    const { proxy, start, change } = await shop(t);
    const first = await start('first', ...rarely);
    await first.logged(isFull, 'the first pass');
    const opened = Promise.withResolvers<void>();
    proxy.on('GET', watchOfConfigMaps, ({ stream }) => opened.promise.then(() => stream()));
    const second = await start('second', ...rarely);
    await second.logged(({ pass }) => pass === 'LeaseHeld', 'the other holds the Lease');
    await first.kill();
    await second.logged(isFull, 'the first pass of the second');
    await change('debug');
    opened.resolve();
    await second.logged(isWritten, 'the change');
    assert.equal(fullPasses(second), 1);
  });
});
