import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { FairLimit } from '../../../lib/concurrency/fair-limit.ts';

/** A limit with tasks that end when a test ends them. */
class Stage {
  readonly limit: FairLimit;
  readonly begun: string[] = [];
  readonly #running: { group: string; end: () => void }[] = [];

  constructor(limit: FairLimit) {
    this.limit = limit;
  }

  add(group: string, name = group): void {
    void this.limit.run(group, () => {
      this.begun.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#running.push({ group, end: resolve });
      return promise;
    });
  }

  running(group?: string): number {
    return this.#running.filter((each) => group === undefined || each.group === group).length;
  }

  async end(at = 0): Promise<void> {
    for (const { end } of this.#running.splice(at, 1)) end();
    await turn();
  }
}

describe('a fair limit', () => {
  it('gives each free place to the next group that has a task waiting', async () => {
    const stage = new Stage(new FairLimit(1));
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) stage.add(name.charAt(0), name);
    for (let i = 0; i < 7; i += 1) await stage.end();
    assert.deepEqual(stage.begun, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('leaves room: no group has more places than are free, and a later group begins at once', async () => {
    const stage = new Stage(new FairLimit(8, { leaveRoom: true }));
    for (let i = 0; i < 20; i += 1) stage.add('greedy');
    assert.equal(stage.running('greedy'), 4);
    stage.add('late');
    assert.equal(stage.running('late'), 1);
    for (let i = 0; i < 20; i += 1) stage.add('other');
    assert.ok(stage.running() < 8);
    stage.add('last');
    assert.equal(stage.running('last'), 1);
  });

  it('gives back the place of a task that fails, with its error', async () => {
    const limit = new FairLimit(1);
    await assert.rejects(
      limit.run('a', () => {
        throw new Error('sync');
      }),
      /sync/,
    );
    await assert.rejects(
      limit.run('a', () => Promise.reject(new Error('async'))),
      /async/,
    );
    assert.equal(await limit.run('b', () => 7), 7);
  });

  for (const leaveRoom of [false, true]) {
    it(`never has more tasks than places, and finishes all of them${leaveRoom ? ', leaving room' : ''}`, async () => {
      const groups = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 6 }),
          groups,
          fc.infiniteStream(fc.nat()),
          async (places, names, order) => {
            const stage = new Stage(new FairLimit(places, { leaveRoom }));
            for (const name of names) stage.add(name);
            for (let ended = 0; ended < names.length; ended += 1) {
              const running = stage.running();
              assert.ok(running > 0 && running <= places, `${running} of ${places}`);
              await stage.end((order.next().value ?? 0) % running);
            }
            assert.deepEqual([...stage.begun].sort(), [...names].sort());
          },
        ),
        { numRuns: 100 },
      );
    });
  }
});
